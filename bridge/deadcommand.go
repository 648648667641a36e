package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/queue"
)

const deadUsage = "use `bridge dead`, `bridge dead resend all|ID...` or `bridge dead drop all|ID...`"

// errUsage says that a command was not understood.
var errUsage = errors.New(deadUsage)

// deadCommand lists the dead letters at NSQD_ADDRESS, sends their messages again or
// drops them. Those that are neither sent nor dropped stay where they are.
func deadCommand(ctx context.Context, s settings, args []string, out io.Writer) error {
	dead := deadTopicAt(s)
	switch {
	case len(args) == 0:
		return list(ctx, dead, out)
	case len(args) > 1 && args[0] == "resend":
		return resend(ctx, dead, args[1:], out)
	case len(args) > 1 && args[0] == "drop":
		return resolveLetters(ctx, dead, args[1:], out, "dropped", func(*receivedLetter) error { return nil })
	}
	return errUsage
}

func deadTopicAt(s settings) deadTopic {
	return deadTopic{
		nsqd: s.NSQ, topic: deadTopicName(s.DeadTopic, s.Topic), channel: s.DeadChannel, limit: s.DeadLimit,
		origin: envelope{topic: s.Topic, channel: s.Channel}, outputBufferTimeout: s.OutputBufferTimeout,
	}
}

func list(ctx context.Context, dead deadTopic, out io.Writer) error {
	return dead.read(ctx, func(letters []*receivedLetter, waiting int) error {
		for _, l := range letters {
			fmt.Fprintf(out, "%s  %s  from %s/%s, attempts: %d\n    why   %s\n    body  %s\n",
				l.Message, l.written().Format(time.DateTime), printable(l.Topic), printable(l.Channel), l.Attempts,
				printable(l.Reason), printable(string(l.Body)))
		}
		if waiting == 0 {
			_, err := fmt.Fprintf(out, "no dead letter waits in %s at %s\n", dead.topic, dead.nsqd.Address)
			return err
		}
		_, err := fmt.Fprintf(out, "%d of %d dead letters in %s at %s; all of them stay there. Once the cause is mended, %s\n",
			len(letters), max(waiting, len(letters)), dead.topic, dead.nsqd.Address, deadUsage)
		return err
	})
}

func resend(ctx context.Context, dead deadTopic, ids []string, out io.Writer) error {
	q, err := queue.New(dead.nsqd)
	if err != nil {
		return err
	}
	defer q.Close()
	return resolveLetters(ctx, dead, ids, out, "sent again", func(l *receivedLetter) error {
		return q.Publish(ctx, l.Topic, l.Body)
	})
}

// resolveLetters does something with each of the letters of these ids, or with all,
// and only then takes it out of the dead topic: should that fail, it is still there.
func resolveLetters(ctx context.Context, dead deadTopic, ids []string, out io.Writer, done string, do func(*receivedLetter) error) error {
	return dead.read(ctx, func(letters []*receivedLetter, waiting int) error {
		chosen, missing := choose(letters, ids)
		for _, l := range chosen {
			if err := do(l); err != nil {
				return fmt.Errorf("%s is not %s, it stays: %w", l.Message, done, err)
			}
			l.message.Finish()
			fmt.Fprintf(out, "%s %s\n", done, l.Message)
		}
		fmt.Fprintf(out, "%d %s, %d left in %s at %s\n",
			len(chosen), done, max(waiting, len(letters))-len(chosen), dead.topic, dead.nsqd.Address)
		if len(missing) > 0 {
			return fmt.Errorf("no dead letter %s among the first %d: see `bridge dead`, or raise DEAD_LIMIT",
				strings.Join(missing, ", "), len(letters))
		}
		return nil
	})
}

// choose gives the letters with these ids, and the ids that no letter has. The one
// id "all" is every letter's.
func choose(letters []*receivedLetter, ids []string) (chosen []*receivedLetter, missing []string) {
	if len(ids) == 1 && ids[0] == "all" {
		return letters, nil
	}
	for _, id := range ids {
		if !slices.ContainsFunc(letters, func(l *receivedLetter) bool { return l.Message == id }) {
			missing = append(missing, id)
		}
	}
	for _, l := range letters {
		if slices.Contains(ids, l.Message) {
			chosen = append(chosen, l)
		}
	}
	return chosen, missing
}

// shownBytes is how much of a text that came from elsewhere is shown.
const shownBytes = 300

// printable is the beginning of a text, on one line, and harmless on a terminal.
func printable(text string) string {
	var shown strings.Builder
	for _, c := range strings.ToValidUTF8(text[:min(len(text), shownBytes)], "\uFFFD") {
		if strconv.IsPrint(c) {
			shown.WriteRune(c)
		} else {
			shown.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	if len(text) > shownBytes {
		fmt.Fprintf(&shown, "… (%d bytes)", len(text))
	}
	return shown.String()
}
