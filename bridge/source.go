package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/nsqio/go-nsq"
)

const (
	lookupdTimeout = 2 * time.Second  // an nsqlookupd has to answer
	stopTimeout    = 3 * time.Second  // nsqd has to confirm that reading ends
	heartbeat      = 10 * time.Second // between two signs of life of an nsqd; it is lost after twice that

	// nsqd may have chosen one more message when it is told to send none, and says nothing of it.
	lateTime = 250 * time.Millisecond
)

// source is where messages come from: one nsqd, or those that nsqlookupds name.
type source struct {
	consumer  *nsq.Consumer
	nsqd      string
	lookupds  []string
	reconnect time.Duration
	log       *slog.Logger
}

// read hands messages to handle. It returns when reading has begun or ctx ended.
// From then on go-nsq looks for nsqds, and for one that was lost as soon as the last
// messages from it were resolved.
func (s *source) read(ctx context.Context, handle func(*nsq.Message)) error {
	s.consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		handle(m)
		return nil
	}))
	if len(s.lookupds) > 0 {
		return s.consumer.ConnectToNSQLookupds(s.lookupds)
	}
	for level := slog.LevelWarn; ; level = slog.LevelDebug {
		err := s.consumer.ConnectToNSQD(s.nsqd)
		if err == nil {
			s.log.Info("reading", "nsqd", s.nsqd)
			return nil
		}
		s.log.Log(ctx, level, "nsqd cannot be reached yet", "nsqd", s.nsqd, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.reconnect):
		}
	}
}

// ready says what is missing for messages to come.
func (s *source) ready(ctx context.Context) error {
	if len(s.lookupds) == 0 {
		if s.consumer.Stats().Connections == 0 {
			return errors.New("not connected to NSQD_ADDRESS: see that an nsqd runs there")
		}
		return nil
	}
	for _, address := range s.lookupds {
		if lookupdAnswers(ctx, address) {
			return nil
		}
	}
	return errors.New("none of NSQLOOKUPD_ADDRESSES answers: see that an nsqlookupd runs there")
}

// stop ends all connections. Nothing may be in flight any more.
func (s *source) stop() {
	if !stopConsumer(s.consumer) {
		s.log.Warn("nsqd did not confirm the end of reading")
	}
}

func lookupdAnswers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupdTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/ping", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// subscription says what a consumer reads, and how.
type subscription struct {
	topic, channel      string
	maxInFlight         int
	msgTimeout          time.Duration // after which nsqd gives a message that was not touched to another
	outputBufferTimeout time.Duration // a lone message waits at most
	reconnect           time.Duration // between two attempts to reach a lost nsqd
}

func newConsumer(s subscription, log *nsqLog) (*nsq.Consumer, error) {
	config := nsq.NewConfig()
	config.UserAgent = "lineup-bridge"
	config.HeartbeatInterval = heartbeat
	config.ReadTimeout = 2 * heartbeat
	config.MaxInFlight = s.maxInFlight
	config.MaxAttempts = 0        // otherwise go-nsq finishes what was tried often, and tells nobody
	config.MaxBackoffDuration = 0 // retry.decide does that, message by message
	config.OutputBufferTimeout = s.outputBufferTimeout
	config.MsgTimeout = s.msgTimeout
	config.LookupdPollInterval = s.reconnect // also of attempts to reach a lost nsqd
	config.LookupdPollTimeout = lookupdTimeout
	consumer, err := nsq.NewConsumer(s.topic, s.channel, config)
	if err != nil {
		return nil, err
	}
	consumer.SetLogger(log, nsq.LogLevelInfo)
	return consumer, nil
}

// stopConsumer ends a consumer, and tells whether nsqd confirmed it in time. It is
// told first to send nothing: a connection that go-nsq makes just now would
// otherwise hand its messages to a consumer that takes none. What nsqd has on its way is
// waited for, and given back by the handler: go-nsq reads nothing more once nsqd has
// confirmed, and a message that comes then lies in flight until nsqd's timeout.
func stopConsumer(consumer *nsq.Consumer) bool {
	consumer.ChangeMaxInFlight(0)
	if consumer.Stats().Connections > 0 {
		time.Sleep(lateTime)
	}
	consumer.Stop()
	select {
	case <-consumer.StopChan:
		return true
	case <-time.After(stopTimeout):
		return false
	}
}
