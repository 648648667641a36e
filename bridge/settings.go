package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

type settings struct {
	serve.Web // Grace: events at the sink have that time to be answered, then their messages are given back

	Sink        string          `envconfig:"K_SINK" desc:"URL to post events to; without it the bridge waits and is not ready"`
	Overrides   event.Overrides `envconfig:"K_CE_OVERRIDES" desc:"extensions to set on every event, {\"extensions\":{\"name\":\"value\"}}"`
	SinkTimeout time.Duration   `envconfig:"SINK_TIMEOUT" default:"60s" desc:"time the sink has to answer; less than nsqd's -max-msg-timeout"`

	Wake      []string      `envconfig:"WAKE" desc:"URLs of services that the sink calls: a GET beside the first message after WAKE_AFTER without one starts them while the sink starts; comma-separated"`
	WakeAfter time.Duration `envconfig:"WAKE_AFTER" default:"10s" desc:"time without a message after which WAKE is called again"`

	NSQD      string        `envconfig:"NSQD_ADDRESS" default:"127.0.0.1:4150" desc:"nsqd to read from, host:port"`
	Lookupds  []string      `envconfig:"NSQLOOKUPD_ADDRESSES" desc:"nsqlookupds that name the nsqds to read from instead, HTTP host:port, comma-separated"`
	Reconnect time.Duration `envconfig:"RECONNECT" default:"1s" desc:"time between two attempts to find or reach an nsqd"`
	Topic     string        `envconfig:"TOPIC" default:"images" desc:"topic to read"`
	Channel   string        `envconfig:"CHANNEL" default:"process" desc:"channel of the topic; several bridges on one channel share its messages"`

	// 16 keeps a sink busy that answers in 30 ms with 500 messages a second, is no more
	// than one face server takes at once, and is few enough to be taken back within a
	// second or two when the bridge ends.
	MaxInFlight         int           `envconfig:"MAX_IN_FLIGHT" default:"16" desc:"messages at the sink at once"`
	OutputBufferTimeout time.Duration `envconfig:"OUTPUT_BUFFER_TIMEOUT" default:"25ms" desc:"longest a lone message waits in nsqd's output buffer, at least nsqd's -min-output-buffer-timeout"`
	MsgTimeout          time.Duration `envconfig:"MSG_TIMEOUT" default:"60s" desc:"time after which nsqd gives the messages of a dead bridge to another, 1s to nsqd's -max-msg-timeout"`

	RetryMin time.Duration `envconfig:"RETRY_MIN" default:"1s" desc:"first delay of a message the sink did not take; it doubles each time"`
	RetryMax time.Duration `envconfig:"RETRY_MAX" default:"1m" desc:"longest such delay"`
	MaxDefer time.Duration `envconfig:"MAX_DEFER" default:"1h" desc:"longest time a sink can ask for by Retry-After, at most nsqd's -max-req-timeout"`

	DeadTopic   string        `envconfig:"DEAD_TOPIC" desc:"topic for what the sink refuses for good; by default TOPIC with .dead behind it"`
	NSQDTimeout time.Duration `envconfig:"NSQD_TIMEOUT" default:"2s" desc:"time nsqd has to take a dead letter"`
	MaxMessage  int           `envconfig:"NSQD_MAX_MSG_SIZE" default:"1048576" desc:"bytes of one message, as nsqd's -max-msg-size"`

	// For `bridge dead`.
	NSQDHTTP    string `envconfig:"NSQD_HTTP_ADDRESS" default:"127.0.0.1:4151" desc:"bridge dead: HTTP address of the nsqd at NSQD_ADDRESS, host:port"`
	DeadChannel string `envconfig:"DEAD_CHANNEL" default:"dead" desc:"bridge dead: channel of DEAD_TOPIC that the letters are read from; another reader of the topic needs one of its own"`
	DeadLimit   int    `envconfig:"DEAD_LIMIT" default:"1000" desc:"bridge dead: most letters held at once, in memory; at most nsqd's -max-rdy-count"`
}

// check fills in what follows from other settings and refuses what cannot work.
func (s *settings) check() error {
	if s.Sink != "" {
		if _, err := event.NewSink(s.Sink, s.MaxInFlight); err != nil {
			return err
		}
	}
	if err := checkWake(s.Wake); err != nil {
		return err
	}
	if s.DeadTopic == "" {
		name, _ := strings.CutSuffix(s.Topic, "#ephemeral")
		s.DeadTopic = name + ".dead"
	}
	for setting, name := range map[string]string{"TOPIC": s.Topic, "CHANNEL": s.Channel, "DEAD_TOPIC": s.DeadTopic, "DEAD_CHANNEL": s.DeadChannel} {
		if !nsq.IsValidTopicName(name) {
			return fmt.Errorf("%s=%q: nsqd allows 1 to 64 of the characters . a-z A-Z 0-9 _ -", setting, name)
		}
	}
	if s.DeadTopic == s.Topic {
		return errors.New("DEAD_TOPIC is TOPIC: what the sink refuses would come again for ever: name another")
	}
	addresses := s.Lookupds
	if len(addresses) == 0 {
		addresses = []string{s.NSQD}
	}
	for _, address := range addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("NSQD_ADDRESS or NSQLOOKUPD_ADDRESSES: %q is no host:port: %w", address, err)
		}
	}
	for setting, n := range map[string]int{"MAX_IN_FLIGHT": s.MaxInFlight, "NSQD_MAX_MSG_SIZE": s.MaxMessage, "DEAD_LIMIT": s.DeadLimit} {
		if n < 1 {
			return fmt.Errorf("%s=%d: at least 1 is needed", setting, n)
		}
	}
	for setting, d := range map[string]time.Duration{
		"SINK_TIMEOUT": s.SinkTimeout, "RECONNECT": s.Reconnect, "OUTPUT_BUFFER_TIMEOUT": s.OutputBufferTimeout,
		"MSG_TIMEOUT": s.MsgTimeout, "RETRY_MIN": s.RetryMin, "RETRY_MAX": s.RetryMax, "MAX_DEFER": s.MaxDefer,
		"NSQD_TIMEOUT": s.NSQDTimeout, "GRACE": s.Grace, "WAKE_AFTER": s.WakeAfter,
	} {
		if d < time.Millisecond {
			return fmt.Errorf("%s=%v: at least 1ms is needed", setting, d)
		}
	}
	if s.MsgTimeout < time.Second {
		return fmt.Errorf("MSG_TIMEOUT=%v: nsqd grants at least 1s", s.MsgTimeout)
	}
	return nil
}
