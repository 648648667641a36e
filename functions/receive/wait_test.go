package main

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// doBeside is do beside the test.
func (s *system) doBeside(t *testing.T, path, body string, header ...string) <-chan reply {
	t.Helper()
	answer := make(chan reply, 1)
	go func() { answer <- s.do(t, path, body, header...) }()
	return answer
}

// finish takes process's part, once the picture's row is there.
func (s *system) finish(t *testing.T, id int64, result store.Result) {
	t.Helper()
	var claim store.Claim
	testkit.Eventually(t, 20*time.Second, "a row to claim", func() bool {
		var err error
		claim, err = s.store.Claim(t.Context(), id, time.Minute)
		return err == nil && claim.Outcome == store.Won
	})
	testkit.Must(s.store.Finish(t.Context(), claim, result, true))(t)
}

func TestWhoWaitsGetsTheResult(t *testing.T) {
	s := newSystem(t)
	testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: "Anna", Photos: []store.NewPhoto{{ImageName: "anna.jpg"}}}))(t)
	similarity := 0.5
	answer := s.doBeside(t, "/images/post", `{"paths":[{"path":"a.jpg"},{"path":"b.jpg"},{"path":"ftp://x/b.jpg"}]}`, "Prefer", "respond-async, Wait=30")
	s.finish(t, 1, store.Result{Faces: []lineup.Face{{ImageName: "anna.jpg", Similarity: &similarity}}})
	s.finish(t, 2, store.Result{Reason: "there is no file"})
	got := <-answer
	images := got.images(t)
	if got.status != http.StatusOK || got.header.Get("Preference-Applied") != "wait=30" || len(images) != 3 {
		t.Fatalf("%d %v %s, want 200 and three pictures", got.status, got.header, got.body)
	}
	if first := images[0]; first.Status != lineup.Identified || first.Person == nil || first.Person.Name != "Anna" || len(first.Faces) != 1 {
		t.Errorf("the first is %+v, want Anna", first)
	}
	if second := images[1]; second.Status != lineup.Failed || second.Reason != "there is no file" {
		t.Errorf("the second is %+v, want it failed with its reason", second)
	}
	if images[2].Error == "" || images[2].Result != nil {
		t.Errorf("the refused is %+v, want its error alone", images[2])
	}
}

func TestWhoWaitsInVainIsToldSo(t *testing.T) {
	s := newSystem(t)
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Prefer", "wait=1"); got.status != http.StatusAccepted || got.images(t)[0].Status != lineup.Pending {
		t.Errorf("%d %s, want 202 and the picture as it is", got.status, got.body)
	}
	for name, prefer := range map[string]string{"nothing that is known": "handling=lenient", "no number": "wait=soon", "no time": "wait=0", "less than nothing": "wait=-1"} {
		got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Prefer", prefer)
		if got.status != http.StatusAccepted || got.header.Get("Preference-Applied") != "" || !strings.HasPrefix(got.body, "got path") {
			t.Errorf("%s: %d %s, want the answer without waiting", name, got.status, got.body)
		}
	}
	s.limits.MaxWait = time.Second
	for _, seconds := range []string{"3600", "2147483648", "99999999999999999999"} {
		if got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Prefer", "wait="+seconds); got.header.Get("Preference-Applied") != "wait=1" {
			t.Errorf("%s: %v, want no more than MAX_WAIT, and no less", seconds, got.header)
		}
	}
	draining := make(chan struct{})
	close(draining)
	s.limits.MaxWait, s.draining = time.Hour, draining
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Prefer", "wait=3600"); got.status != http.StatusAccepted {
		t.Errorf("while the program ends: %d %s, want 202 at once", got.status, got.body)
	}
}

func TestNoMoreWaitThanMay(t *testing.T) {
	s := newSystem(t)
	s.waiters = semaphore.NewWeighted(1)
	first := s.doBeside(t, "/image/post", `{"path":"a.jpg"}`, "Prefer", "wait=60")
	testkit.Eventually(t, 20*time.Second, "the first waits", func() bool {
		free := s.waiters.TryAcquire(1)
		if free {
			s.waiters.Release(1)
		}
		return !free
	})
	second := s.do(t, "/image/post", `{"path":"b.jpg"}`, "Prefer", "wait=60")
	if second.status != http.StatusAccepted || second.header.Get("Preference-Applied") != "" || len(second.images(t)) != 1 {
		t.Errorf("the second: %d %v %s, want 202 without waiting", second.status, second.header, second.body)
	}
	s.finish(t, 1, store.Result{})
	if got := <-first; got.status != http.StatusOK {
		t.Errorf("the first: %d %s, want 200", got.status, got.body)
	}
	third := s.doBeside(t, "/image/post", `{"path":"c.jpg"}`, "Prefer", "wait=60")
	s.finish(t, 3, store.Result{})
	if got := <-third; got.status != http.StatusOK || got.header.Get("Preference-Applied") != "wait=60" {
		t.Errorf("when nobody waits any more: %d %v, want 200", got.status, got.header)
	}
}

// TestTheManifestLeavesRoomBesideThoseWhoWait is of Knative, which keeps out what is more than containerConcurrency.
func TestTheManifestLeavesRoomBesideThoseWhoWait(t *testing.T) {
	t.Parallel()
	manifest := testkit.Must(os.ReadFile("../../knative/base/receive.yaml"))(t)
	number := func(pattern string) int {
		found := regexp.MustCompile(pattern).FindSubmatch(manifest)
		if found == nil {
			t.Fatalf("nothing is like %s", pattern)
		}
		return testkit.Must(strconv.Atoi(string(found[1])))(t)
	}
	if all, waiting := number(`(?m)^ *containerConcurrency: (\d+)$`), number(`name: MAX_WAITERS, value: "(\d+)"`); all-waiting < 8 {
		t.Errorf("of %d requests at once %d may wait, want 8 left", all, waiting)
	}
}

// Of a folder only a ping may find the last picture.
func TestNobodyWaitsForAFolder(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "trip/a.jpg")
	for name, body := range map[string]string{
		"alone":            `{"path":"trip/"}`,
		"beside a picture": `{"paths":[{"path":"b.jpg"},{"path":"trip/"}]}`,
	} {
		got := s.do(t, "/images/post", body, "Prefer", "wait=30", "Accept", "application/json")
		if got.status != http.StatusAccepted || got.header.Get("Preference-Applied") != "" {
			t.Errorf("%s: %d %v %s, want 202 without waiting", name, got.status, got.header, got.body)
		}
	}
}

func TestAWaitingUploadHoldsNoMemory(t *testing.T) {
	s := newSystem(t)
	const pixel = "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;"
	answer := s.doBeside(t, "/images", pixel, "Content-Type", "image/gif", "Prefer", "wait=30")
	testkit.Eventually(t, 20*time.Second, "all of UPLOAD_MEMORY free beside the picture's row", func() bool {
		rows, _, err := s.store.Images(t.Context(), store.Filter{Limit: 1})
		return err == nil && len(rows) == 1 && s.uploads.free.TryAcquire(s.uploads.all)
	})
	s.finish(t, 1, store.Result{})
	if got := <-answer; got.status != http.StatusOK || got.images(t)[0].Status != lineup.Unknown {
		t.Errorf("%d %s; want 200 and a picture of nobody known", got.status, got.body)
	}
}
