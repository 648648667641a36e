package queue_test

import (
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

func TestEveryConnectionEndsWhenNSQDGoesSilent(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, n.TCP, n.HTTP))
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("a")))
	testkit.IsBounded(t, q.Connection())
	testkit.EndsWhenSilent(t, q.Transport().DialContext)
}
