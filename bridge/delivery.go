package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/telemetry"
)

// delivery brings messages to the sink and tells nsqd what becomes of each.
type delivery struct {
	log         *slog.Logger
	envelope    envelope
	sink        *event.Sink
	sinkTimeout time.Duration
	touchEvery  time.Duration // a message at the sink
	retry       retry
	inFlight    *inFlight
	connections *connections
	deadLetters *deadLetters
	prewarmer   *prewarm.Prewarmer
	observed    observed
	untrusted   sync.Once // was told
}

// deliver posts the event of one message and does what the answer asks for.
func (d *delivery) deliver(ctx context.Context, m *nsq.Message) {
	e := d.envelope.event(m)
	log := d.log.With("nsq", string(m.ID[:]), "attempts", m.Attempts, "event", e.ID(), "subject", e.Subject())
	ctx, end := event.Delivering(ctx, d.envelope.topic, e, m.Attempts)
	log = telemetry.Log(ctx, log)
	done := d.observed.came(ctx, m)
	d.prewarmer.OnWork(ctx, time.Now())
	ctx, cancel := d.connections.whileConnected(ctx, m.NSQDAddress)
	defer cancel()
	release := touch(m, d.touchEvery)
	began := time.Now()
	answer := d.post(ctx, e)
	if ctx.Err() == nil { // else nobody waited for the sink's answer any more
		d.inFlight.learn(answer, time.Since(began))
	}
	if answer.Untrusted {
		d.untrusted.Do(func() {
			log.Warn("the sink's certificate is not trusted; next: put its CA into K_CA_CERTS or a file in SINK_TRUST_BUNDLES, or correct the host in K_SINK", "answer", answer.String())
		})
	}
	decided := d.dispose(ctx, m, answer, log)
	release()
	d.resolve(m, decided, answer, log)
	done(decided.disposition)
	end(answer.Err())
}

func (d *delivery) post(ctx context.Context, e cloudevents.Event) event.Answer {
	ctx, cancel := context.WithTimeout(ctx, d.sinkTimeout)
	defer cancel()
	return d.sink.Send(ctx, e)
}

// dispose says what becomes of the message, by the table. One that is refused has its dead letter
// when this returns; where none can be written, the message is tried again.
func (d *delivery) dispose(ctx context.Context, m *nsq.Message, answer event.Answer, log *slog.Logger) decision {
	decided := d.retry.decide(answer, m.Attempts, time.Now(), rand.Float64()) //nolint:gosec // jitter, not a secret
	if decided.disposition == refuse {
		if err := d.deadLetters.publish(ctx, m, answer); err != nil {
			log.Error("refused by the sink, but no dead letter can be written", "error", err)
			decided = decision{requeue, d.retry.delay(m.Attempts, rand.Float64())} //nolint:gosec // jitter, not a secret
		}
	}
	if ctx.Err() != nil && decided.disposition == requeue {
		decided.after = 0 // this bridge ends, and another can take it at once; or its nsqd is lost, and requeues it unasked
	}
	return decided
}

// resolve tells nsqd.
func (d *delivery) resolve(m *nsq.Message, decided decision, answer event.Answer, log *slog.Logger) {
	switch decided.disposition {
	case finish:
		m.Finish()
		log.Debug("delivered")
	case refuse:
		m.Finish()
		log.Warn("refused by the sink, now a dead letter", "answer", answer.String(), "dead_topic", d.deadLetters.topic)
	case requeue:
		m.RequeueWithoutBackoff(decided.after)
		log.Info("requeued", "answer", answer.String(), "after", decided.after.String())
	case pause:
		wait := d.inFlight.pause(decided.after) // before the message goes back, or it would return at once
		m.RequeueWithoutBackoff(wait)
		log.Info("requeued, and paused as the sink asks", "answer", answer.String(), "after", wait.String())
	}
}

// close lets go of all connections, after the last delivery.
func (d *delivery) close() {
	d.deadLetters.close()
	d.sink.Close()
}

// touch touches a message again and again, so that nsqd does not give it to somebody else until
// release is called.
func touch(m *nsq.Message, every time.Duration) (release func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.Touch()
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}
