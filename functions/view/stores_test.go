package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// Pictures of a store that hangs are not waited for longer than READ_TIMEOUT, and those of
// other roots are shown meanwhile.
func TestAStoreThatHangsDoesNotHoldUpOtherPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	store := buckets.Serve(t, "pics")
	store.Put(t, "pics", "hung.jpg", string(jpegOf(t)))
	s.view.pictures = testkit.Must(photo.Patience{ReadTimeout: 4 * time.Second, RootWait: time.Minute}.Open(s.roots + "," + store.Root("pics")))(t)
	s.view.slots = s.view.pictures.Gate(s.view.options.PicturesAtOnce)
	s.put(t, "sound.jpg", jpegOf(t))
	sound := fmt.Sprintf("/images/%d/picture", s.submit(t, "sound.jpg"))
	hung := fmt.Sprintf("/images/%d", s.submit(t, "s3://pics/hung.jpg"))

	store.Misbehave(store.Silence())
	var all sync.WaitGroup
	for range 3 * s.view.options.PicturesAtOnce {
		all.Go(func() {
			if r := s.get(t, hung+"/picture"); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || !strings.Contains(r.body, "cannot be reached") {
				t.Errorf("of the store that hangs: %d %s", r.status, r.body)
			}
		})
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	client := http.Client{Timeout: 3 * time.Second} // less than they would wait for the store
	for shown := 0; ; shown++ {
		response, err := client.Get(s.url + sound)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("picture %d of the other root: %v %v", shown, response, err)
		}
		response.Body.Close()
		select {
		case <-over:
			if shown < 10 {
				t.Errorf("%d pictures of the other root were shown meanwhile", shown)
			}
			if r := s.get(t, hung, "Accept", "text/html"); r.status != http.StatusOK || !strings.Contains(r.body, "cannot be reached") {
				t.Errorf("its page: %d %s", r.status, r.body)
			}
			return
		default:
		}
	}
}

func TestAPictureThatItsStoreRefusesSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	store := buckets.Serve(t, "pics")
	for _, key := range []string{"a.jpg", "b.jpg"} {
		store.Put(t, "pics", key, string(jpegOf(t)))
	}
	s.view.pictures = testkit.Must(photo.Open(store.Root("pics")))(t)
	s.view.slots = s.view.pictures.Gate(2)
	store.Misbehave(buckets.Archive("a.jpg"))
	s.expectProblem(t, fmt.Sprintf("/images/%d/picture", s.submit(t, "a.jpg")), http.StatusNotFound, "The place where the picture lies does not give it out: it is archived there, or forbidden.")
}
