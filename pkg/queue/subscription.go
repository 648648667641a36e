package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nsqio/go-nsq"
)

// Subscription names what is published and who reads it, for a program to embed in
// its own settings.
type Subscription struct {
	Topic   string `envconfig:"TOPIC" default:"images" desc:"NSQ topic of the messages"`
	Channel string `envconfig:"CHANNEL" default:"process" desc:"NSQ channel of the topic; all who read one channel share its messages"`
}

// Check refuses names that nsqd would refuse.
func (s Subscription) Check() error {
	return errors.Join(CheckName("TOPIC", s.Topic), CheckName("CHANNEL", s.Channel))
}

// DeadTopic is the topic for what was refused of a topic, unless another is named: its
// own name with .dead behind it.
func DeadTopic(topic string) string { return strings.TrimSuffix(topic, "#ephemeral") + ".dead" }

// CheckName refuses what cannot be the name of a topic or a channel. The error names
// the key.
func CheckName(key, name string) error {
	if !nsq.IsValidTopicName(name) { // the same rule holds for channels
		return fmt.Errorf("%s=%q: nsqd allows 1 to 64 of the characters . a-z A-Z 0-9 _ -", key, name)
	}
	return nil
}
