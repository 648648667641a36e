package queue

// Subscription names what is published and who reads it, for a program to embed in
// its own settings.
type Subscription struct {
	Topic   string `envconfig:"TOPIC" default:"images" desc:"NSQ topic of the messages"`
	Channel string `envconfig:"CHANNEL" default:"process" desc:"NSQ channel of the topic; all who read one channel share its messages"`
}
