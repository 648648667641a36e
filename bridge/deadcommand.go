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

// deadCommand lists the dead letters of each topic at each nsqd of NSQD_ADDRESS, sends their messages
// again or drops them. Those that are neither sent nor dropped stay where they are. An
// nsqd that cannot be asked does not keep it from the others.
func deadCommand(ctx context.Context, s settings, args []string, out io.Writer) error {
	switch {
	case len(args) == 0:
		return atEach(s, func(dead deadTopic) error { return list(ctx, dead, out) })
	case len(args) > 1 && args[0] == "resend":
		return resolveAtEach(ctx, s, args[1:], out, resend)
	case len(args) > 1 && args[0] == "drop":
		return resolveAtEach(ctx, s, args[1:], out, drop)
	}
	return errUsage
}

// resolveAtEach resolves the letters of these ids, each wherever it lies.
func resolveAtEach(ctx context.Context, s settings, ids []string, out io.Writer, resolve func(context.Context, deadTopic, []string, io.Writer) ([]string, error)) error {
	found := map[string]bool{"all": true}
	err := atEach(s, func(dead deadTopic) error {
		missing, err := resolve(ctx, dead, ids, out)
		for _, id := range ids {
			found[id] = found[id] || err == nil && !slices.Contains(missing, id)
		}
		return err
	})
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] })
	if err == nil && len(missing) > 0 {
		return fmt.Errorf("no dead letter %s among the first %d: see `bridge dead`, or raise DEAD_LIMIT", strings.Join(missing, ", "), s.DeadLimit)
	}
	return err
}

func atEach(s settings, do func(deadTopic) error) error {
	var errs []error
	for _, t := range s.topics() {
		for _, address := range s.NSQ.Addresses {
			errs = append(errs, do(deadTopicAt(s, t, address)))
		}
	}
	return errors.Join(errs...)
}

func deadTopicAt(s settings, t topic, address string) deadTopic {
	return deadTopic{
		nsqd: s.NSQ.At(address), topic: t.dead, channel: s.DeadChannel, limit: s.DeadLimit,
		origin: envelope{topic: t.name, channel: s.Channel, source: s.Source}, outputBufferTimeout: s.OutputBufferTimeout,
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
			_, err := fmt.Fprintf(out, "no dead letter waits in %s at %s\n", dead.topic, dead.address())
			return err
		}
		_, err := fmt.Fprintf(out, "%d of %d dead letters in %s at %s; all of them stay there. Once the cause is mended, %s\n",
			len(letters), max(waiting, len(letters)), dead.topic, dead.address(), deadUsage)
		return err
	})
}

func resend(ctx context.Context, dead deadTopic, ids []string, out io.Writer) (missing []string, err error) {
	q, err := queue.New(dead.nsqd)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	return resolveLetters(ctx, dead, ids, out, "sent again", func(l *receivedLetter) error {
		return q.Publish(ctx, l.Topic, l.Body)
	})
}

func drop(ctx context.Context, dead deadTopic, ids []string, out io.Writer) (missing []string, err error) {
	return resolveLetters(ctx, dead, ids, out, "dropped", func(*receivedLetter) error { return nil })
}

// resolveLetters does something with each of the letters of these ids, or with all,
// and only then takes it out of the dead topic: should that fail, it is still there. It
// returns the ids that no letter has.
func resolveLetters(ctx context.Context, dead deadTopic, ids []string, out io.Writer, done string, do func(*receivedLetter) error) (missing []string, err error) {
	err = dead.read(ctx, func(letters []*receivedLetter, waiting int) error {
		var chosen []*receivedLetter
		chosen, missing = choose(letters, ids)
		for _, l := range chosen {
			if err := do(l); err != nil {
				return fmt.Errorf("%s is not %s, it stays: %w", l.Message, done, err)
			}
			l.message.Finish()
			fmt.Fprintf(out, "%s %s\n", done, l.Message)
		}
		fmt.Fprintf(out, "%d %s, %d left in %s at %s\n",
			len(chosen), done, max(waiting, len(letters))-len(chosen), dead.topic, dead.address())
		return nil
	})
	return missing, err
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
