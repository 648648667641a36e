package queue_test

import (
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

func TestAConnectionThatWentSilentIsReplaced(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	router := testkit.NewHop(t, n.TCP)
	s := deptest.QueueSettings(t, router.Address, n.HTTP)
	s.Timeout = time.Second
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("before")))
	router.Swallow()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("after")))
	if got := consume(t, n.TCP, "images", 2); string(got[1]) != "after" {
		t.Errorf("got %q", got)
	}
}

// The sweep at a ping asks for the backlog, and is not to be put off to the next.
func TestABacklogIsNotAskedForInSilence(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	router := testkit.NewHop(t, n.HTTP)
	q := open(t, deptest.QueueSettings(t, n.TCP, router.Address))
	if q.Transport().Proxy != nil {
		t.Error("nsqd is asked by way of the environment's proxy")
	}
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("waits")))
	for range 2 {
		if waiting := backlog(t, q, "images", "process"); waiting != 1 {
			t.Errorf("a backlog of %d, want 1", waiting)
		}
		router.Swallow()
	}
}

// To ask it again would cost NSQD_TIMEOUT once more, where all of it has gone silent.
func TestWhereAConnectionWentSilentTheNextNSQDIsAskedFirst(t *testing.T) {
	t.Parallel()
	nsqds, s := several(t, 2)
	router := testkit.NewHop(t, nsqds[0].TCP)
	s.Addresses[0] = router.Address
	s.Timeout = time.Second
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("to the first")))
	router.Swallow()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("to the next")))
	if got := consume(t, nsqds[1].TCP, "images", 1); string(got[0]) != "to the next" {
		t.Errorf("the next has %q", got)
	}
}

func TestWhereAConnectionWentSilentAndTheNextNSQDIsDownTheFirstIsAskedAnew(t *testing.T) {
	t.Parallel()
	nsqds, s := several(t, 2)
	router := testkit.NewHop(t, nsqds[0].TCP)
	s.Addresses[0] = router.Address
	s.Timeout = time.Second
	nsqds[1].Stop()
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("before")))
	router.Swallow()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("after")))
	if got := consume(t, nsqds[0].TCP, "images", 2); string(got[1]) != "after" {
		t.Errorf("the first has %q", got)
	}
}
