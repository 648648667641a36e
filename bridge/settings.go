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
	Prewarming         // of what the sink calls
	serve.Telemetry

	Topics  []string `envconfig:"TOPIC" default:"images,photos,rematches" desc:"NSQ topics of the messages, comma-separated; each is read, paused and has its dead letters apart from the others"`
	Channel string   `envconfig:"CHANNEL" default:"process" desc:"NSQ channel of each topic; all who read one channel share its messages"`

	Source      string        `envconfig:"CE_SOURCE" default:"/lineup/bridge" desc:"source, a URI reference, of the events that the bridge makes of messages that are none"`
	SinkTimeout time.Duration `envconfig:"SINK_TIMEOUT" default:"60s" min:"1ms" max:"1h" desc:"time the sink has to answer; less than nsqd's -max-msg-timeout"`

	Lookupds  []string      `envconfig:"NSQLOOKUPD_ADDRESSES" form:"address" desc:"nsqlookupds that name the nsqds to read from, instead of NSQD_ADDRESS; HTTP host:port, comma-separated"`
	Reconnect time.Duration `envconfig:"RECONNECT" default:"1s" min:"10ms" max:"5m" desc:"time between two attempts to find or reach an nsqd"`

	// How many a sink takes the bridge learns; 64 are few enough to be given back within a second
	// or two when the bridge ends.
	// The others are few, so that they are never in the way of the pictures.
	MaxInFlight         []int         `envconfig:"MAX_IN_FLIGHT" default:"64,4,2" min:"1" max:"100000" desc:"most messages at the sink at once, of which the bridge learns from the sink's answers how many it takes; at most nsqd's -max-rdy-count: a number for each of TOPIC, the last one for all that follow"`
	OutputBufferTimeout time.Duration `envconfig:"OUTPUT_BUFFER_TIMEOUT" default:"25ms" min:"1ms" max:"30s" desc:"longest a lone message waits in nsqd's output buffer, between nsqd's -min-output-buffer-timeout and -max-output-buffer-timeout"`
	MsgTimeout          time.Duration `envconfig:"MSG_TIMEOUT" default:"60s" min:"1s" max:"1h" desc:"time after which nsqd gives the messages of a dead bridge to another, at most nsqd's -max-msg-timeout"`

	RetryMin time.Duration `envconfig:"RETRY_MIN" default:"1s" min:"1ms" max:"1h" desc:"first delay of a message the sink did not take; it doubles each time"`
	RetryMax time.Duration `envconfig:"RETRY_MAX" default:"1m" min:"1ms" max:"24h" desc:"longest such delay"`
	MaxDefer time.Duration `envconfig:"MAX_DEFER" default:"1h" min:"1ms" max:"24h" desc:"longest time a sink can ask for by Retry-After, at most nsqd's -max-req-timeout"`

	DeadTopics  []string `envconfig:"DEAD_TOPIC" desc:"topics for what the sink refuses for good, one for each of TOPIC; by default each TOPIC with .dead behind it"`
	DeadChannel string   `envconfig:"DEAD_CHANNEL" default:"dead" desc:"bridge dead: channel of each DEAD_TOPIC that the letters are read from; another reader of the topic needs one of its own"`
	DeadLimit   int      `envconfig:"DEAD_LIMIT" default:"1000" min:"1" max:"100000" desc:"bridge dead: most letters in flight at once, in memory; at most nsqd's -max-rdy-count"`
}

// topic is what is set for one of TOPIC.
type topic struct {
	name, dead  string
	maxInFlight int
}

// topics are all of TOPIC, of settings that were checked.
func (s settings) topics() []topic {
	all := make([]topic, len(s.Topics))
	for i, name := range s.Topics {
		all[i] = topic{name: name, dead: s.deadTopic(i), maxInFlight: s.MaxInFlight[min(i, len(s.MaxInFlight)-1)]}
	}
	return all
}

// deadTopic is the topic for the dead letters of the i-th TOPIC: the one that is set, or
// the default.
func (s settings) deadTopic(i int) string {
	if len(s.DeadTopics) > 0 {
		return s.DeadTopics[i]
	}
	return queue.DeadTopic(s.Topics[i])
}

// Check refuses what no tag can tell.
func (s settings) Check() error {
	errs := append(s.checkTopics(), queue.CheckName("CHANNEL", s.Channel), queue.CheckName("DEAD_CHANNEL", s.DeadChannel))
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

// checkTopics looks at each topic and at that of its dead letters. None may be any other:
// what the sink refuses would come again for ever, or twice.
func (s settings) checkTopics() (errs []error) {
	switch {
	case len(s.Topics) == 0:
		return []error{errors.New(`TOPIC="": name the topics to read`)}
	case len(s.MaxInFlight) == 0:
		errs = append(errs, errors.New(`MAX_IN_FLIGHT="": say how many messages may be at the sink at once`))
	case len(s.DeadTopics) > 0 && len(s.DeadTopics) != len(s.Topics):
		return []error{fmt.Errorf("DEAD_TOPIC=%v names %d topics and TOPIC=%v %d: name one for each, in the same order", s.DeadTopics, len(s.DeadTopics), s.Topics, len(s.Topics))}
	}
	named := map[string]bool{}
	for i, name := range s.Topics {
		for _, n := range []struct{ key, name string }{{"TOPIC", name}, {"DEAD_TOPIC", s.deadTopic(i)}} {
			err := queue.CheckName(n.key, n.name)
			if err == nil && named[n.name] {
				err = fmt.Errorf("TOPIC=%v and DEAD_TOPIC=%v name %s twice: what the sink refuses would come again for ever; name another", s.Topics, s.DeadTopics, n.name)
			}
			if errs = append(errs, err); err != nil {
				break // the default of DEAD_TOPIC is made of TOPIC
			}
			named[n.name] = true
		}
	}
	return errs
}
