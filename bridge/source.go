package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/queue"
)

const (
	lookupdTimeout = 2 * time.Second // an nsqlookupd has to answer
	stopTimeout    = 3 * time.Second // nsqd has to confirm that reading ends
	heartbeat      = 5 * time.Second // between two signs of life of an nsqd; it is lost after twice that

	// nsqd may have chosen one more message when it is told to send none, and says nothing of it.
	lateTime = 250 * time.Millisecond
)

// source is where messages come from: the nsqds that are named, or those that
// nsqlookupds name.
type source struct {
	consumer    *nsq.Consumer
	nsqds       queue.Settings
	lookupds    []string
	connections *connections
	share       func() // divides what may be in flight among all nsqds
	reconnect   time.Duration
	log         *slog.Logger
}

// read hands messages to handle until ctx ends. Nsqds that nsqlookupds name go-nsq
// connects to by itself, to those that are named here this does: at the start, and when
// the last messages from one that was lost were resolved.
func (s *source) read(ctx context.Context, handle func(*nsq.Message)) error {
	s.consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		handle(m)
		return nil
	}))
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer all.Wait()
	defer cancel() // also where nsqlookupds cannot be asked
	all.Go(func() { s.shareAmongAll(ctx) })
	if len(s.lookupds) > 0 {
		if s.nsqds.TLS != "off" {
			s.consumer.SetBehaviorDelegate(&encryptedOnly{source: s, ctx: ctx})
		}
		err := s.consumer.ConnectToNSQLookupds(s.lookupds)
		if err == nil {
			<-ctx.Done()
		}
		return err
	}
	for _, nsqd := range slices.Compact(slices.Sorted(slices.Values(s.nsqds.Addresses))) {
		all.Go(func() { s.readFrom(ctx, nsqd) })
	}
	<-ctx.Done()
	return nil
}

// shareAmongAll has what may be in flight divided anew when there is another connection, or
// one fewer. go-nsq v1.1.0 may ask a new nsqd for messages before it has asked the others for
// fewer: then it gives up, and tries again 5 s later, which no setting of its changes.
func (s *source) shareAmongAll(ctx context.Context) {
	ticker := time.NewTicker(s.reconnect)
	defer ticker.Stop()
	shared := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if n := s.consumer.Stats().Connections; n != shared {
				shared = n
				s.share()
			}
		}
	}
}

// readFrom connects to an nsqd again and again, until ctx ends.
func (s *source) readFrom(ctx context.Context, nsqd string) {
	closed := s.connections.notifyClosed(nsqd, func() {
		s.consumer.DisconnectFromNSQD(nsqd) //nolint:errcheck // or go-nsq would connect to it by itself
	})
	told, refused := false, false // what is wrong is told once
	for {
		err := s.connect(ctx, nsqd)
		if err == nil {
			if !refused {
				s.log.Info("reading", "nsqd", nsqd)
			}
			select {
			case <-ctx.Done():
				return
			case <-closed:
			}
			err = s.connections.refusal(nsqd)
			refused = err != nil
		}
		if err != nil && !told {
			s.log.Warn("nsqd cannot be read from yet", "nsqd", nsqd, "error", err)
		}
		told = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.reconnect):
		}
	}
}

func (s *source) connect(ctx context.Context, nsqd string) error {
	if s.nsqds.TLS != "off" { // go-nsq v1.1.0 would go on without it, and tell nsqd the secret
		if err := s.nsqds.Reach(ctx, nsqd); err != nil {
			return err
		}
	}
	err := s.consumer.ConnectToNSQD(nsqd)
	if err == nil || errors.Is(err, nsq.ErrAlreadyConnected) {
		return err
	}
	if named := s.nsqds.Reach(ctx, nsqd); named != nil {
		return named // it says which setting is to blame
	}
	return err
}

// encryptedOnly keeps go-nsq from an nsqd that nsqlookupd names and that offers no TLS.
type encryptedOnly struct {
	*source
	ctx  context.Context // of read
	told sync.Map        // addresses whose fault is in the log
}

// Filter is asked by go-nsq each time that nsqlookupd has answered.
func (s *encryptedOnly) Filter(nsqds []string) []string {
	return slices.DeleteFunc(nsqds, func(nsqd string) bool {
		if s.connections.encrypted(nsqd) {
			return false
		}
		err := s.nsqds.Reach(s.ctx, nsqd)
		if err == nil {
			s.told.Delete(nsqd)
		} else if _, told := s.told.LoadOrStore(nsqd, true); !told {
			s.log.Warn("nsqd cannot be read from yet", "nsqd", nsqd, "error", err)
		}
		return err != nil
	})
}

// ready says what is missing for messages to come.
func (s *source) ready(ctx context.Context) error {
	if len(s.lookupds) == 0 {
		if s.consumer.Stats().Connections == 0 {
			return errors.New("not connected to NSQD_ADDRESS: see that an nsqd runs there; the log says why")
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
	link                queue.Link
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
	if err := s.link.Configure(config); err != nil {
		return nil, err
	}
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
