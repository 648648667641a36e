package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/queue"
)

const deadUsage = "use `bridge dead`, `bridge dead resend all|ID...` or `bridge dead drop all|ID...`"

// errUsage says that a command was not understood.
var errUsage = errors.New(deadUsage)

// deadCommand lists the dead letters at NSQD_ADDRESS, sends them again or drops
// them. Those that are neither sent nor dropped stay where they are.
func (s settings) deadCommand(ctx context.Context, args []string, out io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	switch {
	case len(args) == 0:
		return s.hold(ctx, func(letters []*heldLetter, waiting int) error {
			return s.list(out, letters, waiting)
		})
	case len(args) > 1 && args[0] == "resend":
		q, err := queue.New(queue.Settings{Address: s.NSQD, Timeout: s.NSQDTimeout, MaxMessage: s.MaxMessage})
		if err != nil {
			return err
		}
		defer q.Close()
		return s.settle(ctx, args[1:], out, "sent again", func(l *heldLetter) error { return q.Publish(ctx, l.Topic, l.Body) })
	case len(args) > 1 && args[0] == "drop":
		return s.settle(ctx, args[1:], out, "dropped", func(*heldLetter) error { return nil })
	}
	return errUsage
}

func (s settings) list(out io.Writer, letters []*heldLetter, waiting int) error {
	for _, l := range letters {
		fmt.Fprint(out, l)
	}
	if waiting == 0 {
		_, err := fmt.Fprintf(out, "no dead letter waits in %s at %s\n", s.DeadTopic, s.NSQD)
		return err
	}
	_, err := fmt.Fprintf(out, "%d of %d dead letters in %s at %s; all of them stay there. Once the cause is mended, %s\n",
		len(letters), max(waiting, len(letters)), s.DeadTopic, s.NSQD, deadUsage)
	return err
}

// settle does something with each of the letters of these ids, or with all, and
// only then takes it out of the dead topic: should that fail, it is still there.
func (s settings) settle(ctx context.Context, ids []string, out io.Writer, done string, do func(*heldLetter) error) error {
	return s.hold(ctx, func(letters []*heldLetter, waiting int) error {
		chosen, missing := choose(letters, ids)
		for _, l := range chosen {
			if err := do(l); err != nil {
				return fmt.Errorf("%s is not %s, it stays: %w", l.Message, done, err)
			}
			l.message.Finish()
			fmt.Fprintf(out, "%s %s\n", done, l.Message)
		}
		fmt.Fprintf(out, "%d %s, %d left in %s at %s\n", len(chosen), done, max(waiting, len(letters))-len(chosen), s.DeadTopic, s.NSQD)
		if len(missing) > 0 {
			return fmt.Errorf("no dead letter %s among the first %d: see `bridge dead`, or raise DEAD_LIMIT", strings.Join(missing, ", "), len(letters))
		}
		return nil
	})
}

// choose gives the letters with these ids, and the ids that no letter has. The one
// id "all" is every letter's.
func choose(letters []*heldLetter, ids []string) (chosen []*heldLetter, missing []string) {
	if len(ids) == 1 && ids[0] == "all" {
		return letters, nil
	}
	for _, id := range ids {
		is := func(l *heldLetter) bool { return l.Message == id }
		if !slices.ContainsFunc(letters, is) {
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
