package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
	facerecog "lineup.dev/lineup/proto"
)

// withStore is a face server with two roots, a bucket and a folder, that share its workers.
func withStore(t *testing.T) (s settings, store *buckets.Server) {
	t.Helper()
	s, store = forTests(t), buckets.Serve(t, "pics")
	picture := blank(t, 64, 48)
	for i := range 20 {
		store.Put(t, "pics", fmt.Sprintf("%d.png", i), string(picture))
	}
	write(t, filepath.Join(s.ImagesURL, "sound.png"), picture)
	s.ImagesURL = store.Root("pics") + "," + s.ImagesURL
	s.ReadTimeout, s.RootWait = 3*time.Second, 30*time.Second
	return s, store
}

// rootIsAway tells whether the error says that a root is, and when to ask again.
func rootIsAway(err error) (wait time.Duration, ok bool) {
	s := status.Convert(err)
	info, hasInfo := detailOf[*errdetails.ErrorInfo](s)
	retry, hasRetry := detailOf[*errdetails.RetryInfo](s)
	return retry.GetRetryDelay().AsDuration(), hasInfo && hasRetry && s.Code() == codes.Unavailable && info.Reason == facerecog.RootUnreachable
}

func TestASilentStoreDoesNotHoldUpOtherRoots(t *testing.T) {
	t.Parallel()
	s, store := withStore(t)
	s.Queue = 20
	sound := "/" + strings.SplitN(s.ImagesURL, ",/", 2)[1] + "/sound.png"
	client := facerecog.NewIdentifyClient(startReady(t, s))
	store.Misbehave(store.Silence())
	var silent sync.WaitGroup
	for i := range 8 { // more than there are workers and readers
		silent.Go(func() {
			_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: fmt.Sprintf("s3://pics/%d.png", i)})
			if wait, ok := rootIsAway(err); !ok || wait < time.Second {
				t.Errorf("of the silent store: %v, wait %v", err, wait)
			}
		})
	}
	over := make(chan struct{})
	go func() { silent.Wait(); close(over) }()
	for looked := 0; ; looked++ {
		// Less than what the store may take: had they to wait for it, they would not be answered.
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := client.Identify(ctx, &facerecog.IdentifyRequest{ImagePath: sound})
		cancel()
		if err != nil {
			t.Fatalf("of the other root, picture %d: %v", looked, err)
		}
		select {
		case <-over:
			if looked < 10 {
				t.Errorf("%d pictures of the other root were looked at meanwhile", looked)
			}
			_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "s3://pics/0.png"})
			if _, ok := rootIsAway(err); !ok {
				t.Errorf("within the pause: %v", err)
			}
			return
		default:
		}
	}
}

func TestAStoreThatIsBackIsReadAgain(t *testing.T) {
	t.Parallel()
	s, store := withStore(t)
	s.ReadTimeout, s.RootWait = 200*time.Millisecond, time.Second
	client := facerecog.NewIdentifyClient(startReady(t, s))
	ask := func() error {
		_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "0.png"})
		return err
	}
	for _, fault := range []buckets.Fault{store.Silence(), buckets.Refuse(http.StatusForbidden, "InvalidAccessKeyId"), buckets.Refuse(http.StatusNotFound, "NoSuchBucket")} {
		store.Misbehave(fault)
		if _, ok := rootIsAway(ask()); !ok {
			t.Error("a store that misbehaves is reachable")
		}
		store.Behave()
		testkit.Eventually(t, patience, "it is read again", func() bool { return ask() == nil })
	}
}

func TestWhatAStoreRefusesHasItsReason(t *testing.T) {
	s, store := withStore(t)
	s.ReadTimeout = 10 * time.Second
	client := facerecog.NewIdentifyClient(startReady(t, s))
	for reason, fault := range map[string]buckets.Fault{
		"archived (InvalidObjectState)": buckets.Archive("1.png"),
		"AccessDenied":                  buckets.Refuse(http.StatusForbidden, "AccessDenied", "1.png"),
	} {
		store.Misbehave(fault)
		_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "s3://pics/1.png"})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(status.Convert(err).Message(), reason) {
			t.Errorf("%v, want INVALID_ARGUMENT that says %s", err, reason)
		}
		if _, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "s3://pics/2.png"}); err != nil {
			t.Errorf("another object: %v", err)
		}
	}
}

// A caller with less time than READ_TIMEOUT still hears that it is the store.
func TestASlowStoreIsToldBeforeTheCallsTimeIsOver(t *testing.T) {
	t.Parallel()
	s, store := withStore(t)
	client := facerecog.NewIdentifyClient(startReady(t, s))
	store.Misbehave(store.Silence())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := client.Identify(ctx, &facerecog.IdentifyRequest{ImagePath: "s3://pics/1.png"})
	if _, ok := rootIsAway(err); !ok {
		t.Errorf("%v, want that the root cannot be reached", err)
	}
}

func TestReadTimeoutIsBelowTheCallsTime(t *testing.T) {
	for name, change := range map[string]func(*settings){
		"FACE_TIMEOUT": func(s *settings) { s.FaceTimeout = 10 * time.Second },
		"CALL_TIMEOUT": func(s *settings) { s.CallTimeout = 5 * time.Second },
	} {
		s := forTests(t)
		change(&s)
		if err := serve.Check(&s); err == nil || !strings.Contains(err.Error(), "READ_TIMEOUT=10s must be below "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
