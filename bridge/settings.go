package main

import (
	"errors"
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
)

// Two packages call theirs Settings; an embedded field needs a name of its own.
type (
	NSQ        = queue.Settings
	Prewarming = prewarm.Settings
)

type settings struct {
	serve.Web          // GRACE: events at the sink have that time to be answered, then their messages are given back
	event.SinkSettings // without a sink the bridge waits and is not ready
	NSQ                // to read from, and for dead letters to publish to
	queue.Subscription
	Prewarming // of what the sink calls

	Source      string        `envconfig:"CE_SOURCE" default:"/lineup/bridge" desc:"source, a URI reference, of the events that the bridge makes of messages that are none"`
	SinkTimeout time.Duration `envconfig:"SINK_TIMEOUT" default:"60s" min:"1ms" max:"1h" desc:"time the sink has to answer; less than nsqd's -max-msg-timeout"`

	Lookupds  []string      `envconfig:"NSQLOOKUPD_ADDRESSES" form:"address" desc:"nsqlookupds that name the nsqds to read from, instead of NSQD_ADDRESS; HTTP host:port, comma-separated"`
	Reconnect time.Duration `envconfig:"RECONNECT" default:"1s" min:"10ms" max:"5m" desc:"time between two attempts to find or reach an nsqd"`

	// 16 keeps a sink busy that answers in 30 ms with 500 messages a second, is no more
	// than one face server takes at once, and is few enough to be given back within a
	// second or two when the bridge ends.
	MaxInFlight         int           `envconfig:"MAX_IN_FLIGHT" default:"16" min:"1" max:"100000" desc:"messages at the sink at once, at most nsqd's -max-rdy-count"`
	OutputBufferTimeout time.Duration `envconfig:"OUTPUT_BUFFER_TIMEOUT" default:"25ms" min:"1ms" max:"30s" desc:"longest a lone message waits in nsqd's output buffer, between nsqd's -min-output-buffer-timeout and -max-output-buffer-timeout"`
	MsgTimeout          time.Duration `envconfig:"MSG_TIMEOUT" default:"60s" min:"1s" max:"1h" desc:"time after which nsqd gives the messages of a dead bridge to another, at most nsqd's -max-msg-timeout"`

	RetryMin time.Duration `envconfig:"RETRY_MIN" default:"1s" min:"1ms" max:"1h" desc:"first delay of a message the sink did not take; it doubles each time"`
	RetryMax time.Duration `envconfig:"RETRY_MAX" default:"1m" min:"1ms" max:"24h" desc:"longest such delay"`
	MaxDefer time.Duration `envconfig:"MAX_DEFER" default:"1h" min:"1ms" max:"24h" desc:"longest time a sink can ask for by Retry-After, at most nsqd's -max-req-timeout"`

	DeadTopic   string `envconfig:"DEAD_TOPIC" desc:"topic for what the sink refuses for good; by default TOPIC with .dead behind it"`
	DeadChannel string `envconfig:"DEAD_CHANNEL" default:"dead" desc:"bridge dead: channel of DEAD_TOPIC that the letters are read from; another reader of the topic needs one of its own"`
	DeadLimit   int    `envconfig:"DEAD_LIMIT" default:"1000" min:"1" max:"100000" desc:"bridge dead: most letters in flight at once, in memory; at most nsqd's -max-rdy-count"`
}

// Check refuses what no tag can tell.
func (s settings) Check() error {
	errs := checkDead(s)
	if err := event.CheckSource(s.Source); err != nil {
		errs = append(errs, fmt.Errorf("CE_SOURCE=%q: %w", s.Source, err))
	}
	if s.RetryMax < s.RetryMin {
		errs = append(errs, fmt.Errorf("RETRY_MAX=%v is less than RETRY_MIN=%v, the first delay", s.RetryMax, s.RetryMin))
	}
	if s.OutputBufferTimeout >= s.MsgTimeout {
		errs = append(errs, fmt.Errorf("OUTPUT_BUFFER_TIMEOUT=%v must be less than MSG_TIMEOUT=%v: a message would be another's before it comes", s.OutputBufferTimeout, s.MsgTimeout))
	}
	return errors.Join(errs...)
}

func checkDead(s settings) []error {
	dead := deadTopicName(s.DeadTopic, s.Topic)
	errs := []error{queue.CheckName("DEAD_CHANNEL", s.DeadChannel)}
	switch {
	case queue.CheckName("TOPIC", s.Topic) != nil && s.DeadTopic == "": // reported as TOPIC
	case dead == s.Topic:
		errs = append(errs, fmt.Errorf("DEAD_TOPIC is TOPIC, %s: what the sink refuses would come again for ever: name another", s.Topic))
	default:
		errs = append(errs, queue.CheckName("DEAD_TOPIC", dead))
	}
	return errs
}
