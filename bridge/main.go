// Bridge is a Knative event source for NSQ: every message of its topics' channels is
// posted to K_SINK as a CloudEvent, and acknowledged when the sink has taken it.
// It knows nothing of what the messages mean and serves any topic and any sink.
//
// # Events
//
// A message that is a CloudEvent 1.0 in structured JSON keeps its data and its
// attributes. Any other message becomes the data of an event of type
// dev.lineup.nsq.message whose id is the same at every delivery. Both get the
// extensions nsqtopic, nsqchannel and nsqattempts, then those of K_CE_OVERRIDES,
// and are posted in HTTP's binary mode.
//
// # Acknowledgement
//
// What becomes of a message after the sink's answer is decided by retry.decide.
// A message is delivered at least once, and never dropped for having been tried
// often; the sink tells repetitions by source and id. nsqd keeps messages that it
// was told to defer in memory only: an nsqd that is killed loses them.
//
// # Dead letters
//
// A message that the sink refuses for good is published to its topic's DEAD_TOPIC at the nsqd
// it came from, before it is finished. It is a CloudEvent in structured JSON, of
// type dev.lineup.nsq.dead, so that another bridge can bring it to somebody. Its
// data is event.DeadLetter: where the message came from, why it was refused, and its
// body, byte for byte, in base64. Where that would be more than NSQD_MAX_MSG_SIZE,
// the body alone is published and the reason is in the log.
//
//	bridge                       carries messages
//	bridge dead                  lists the dead letters; they stay
//	bridge dead resend all|ID... sends their messages again, to the topic they came from
//	bridge dead drop all|ID...   drops them
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
)

const purpose = `posts the messages of NSQ channels to K_SINK as CloudEvents.

  bridge                       carries messages
  bridge dead                  lists the dead letters; they stay
  bridge dead resend all|ID... sends their messages again, to the topic they came from
  bridge dead drop all|ID...   drops them`

func main() {
	s := settings{Web: serve.Web{Listen: serve.Listen{Port: 8080}}}
	serve.Settings("bridge", purpose, &s, serve.TakesArguments)
	if len(os.Args) > 1 {
		os.Exit(command(s, os.Args[1:]))
	}
	serve.Main("bridge", s.LogLevel, serve.Observed("bridge", s.Telemetry, func(ctx context.Context, log *slog.Logger) error {
		b, err := newBridges(s, log)
		if err != nil {
			return err
		}
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return b.run(ctx) })
		group.Go(func() error {
			return serve.HTTP(ctx, s.Web, log, telemetry.WithMetrics(http.NotFoundHandler()), b.ready)
		})
		return group.Wait()
	}))
}

// command does what is asked for beside carrying messages, and gives the exit code.
func command(s settings, args []string) int {
	ctx, stop := serve.Context()
	defer stop()
	err := errUsage
	if args[0] == "dead" {
		err = deadCommand(ctx, s, args[1:], os.Stdout)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bridge:", err)
		return 2
	}
	fmt.Fprintln(os.Stderr, "bridge dead:", err)
	return 1
}
