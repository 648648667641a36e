package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// TestSamples brings the sample people and pictures in by every way there is.
func TestSamples(t *testing.T) {
	t.Parallel()
	cache, err := parts.OpenCache(t.Logf)
	testkit.Succeed(t, err)
	folder, err := samples.Folder(t.Context(), cache)
	testkit.Succeed(t, err)
	pictures := filepath.Join(folder, "pictures")
	c := start(t, pictures)
	for _, person := range samples.People {
		var photos []string
		for _, photo := range person.Photos {
			photos = append(photos, filepath.Join(folder, "people", photo))
		}
		c.enrol(person.Name, photos...)
	}
	c.awaitGallery(func() bool { // by the person who was enrolled last
		id := c.accepted("/images", againAs(read(t, filepath.Join(pictures, "viktor-in-the-sun.jpg"))), "Content-Type", "image/jpeg")[0]
		return c.final(id).Status == lineup.Identified
	})

	event := func(id, file string) string {
		return fmt.Sprintf(`{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/e2e","id":"%s",
			"datacontenttype":"application/json","data":{"path":"%s"}}`, id, file)
	}
	ways := []struct {
		name string
		post func(file string) int64
	}{
		{"the original API's JSON", func(file string) int64 {
			return c.accepted("/image/post", []byte(`{"path":"`+filepath.Join(pictures, file)+`"}`))[0]
		}},
		{"the original API's JSON for several", func(file string) int64 {
			return c.accepted("/images/post", []byte(`{"paths":[{"path":"`+file+`"}]}`))[0]
		}},
		{"a binary CloudEvent", func(file string) int64 {
			return c.accepted("/", []byte(`{"path":"`+file+`"}`), "Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted",
				"Ce-Source", "/e2e", "Ce-Id", file, "Content-Type", "application/json")[0]
		}},
		{"a structured CloudEvent", func(file string) int64 {
			return c.accepted("/", []byte(event(file, file)), "Content-Type", "application/cloudevents+json")[0]
		}},
		{"a batch of CloudEvents", func(file string) int64 {
			return c.accepted("/", []byte("["+event(file, file)+"]"), "Content-Type", "application/cloudevents-batch+json")[0]
		}},
		{"an upload", func(file string) int64 {
			return c.accepted("/images", read(t, filepath.Join(pictures, file)), "Content-Type", "image/jpeg")[0]
		}},
	}
	if len(samples.Pictures) < len(ways) {
		t.Fatalf("%d sample pictures for %d ways", len(samples.Pictures), len(ways))
	}
	page := map[int64]lineup.Image{}
	for i, picture := range samples.Pictures {
		way := ways[i%len(ways)]
		t.Run(picture.File+" by "+way.name, func(t *testing.T) {
			c := c.with(t)
			image := c.final(way.post(picture.File))
			page[image.ID] = image
			wantKnown(t, image, picture.Known...)
			if len(image.Faces) != picture.Faces {
				t.Errorf("%d faces, want %d", len(image.Faces), picture.Faces)
			}
		})
	}

	t.Run("the page shows them", func(t *testing.T) {
		status, html := c.with(t).do(http.MethodGet, c.At.View+"/", nil)
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		for id, image := range page {
			if !bytes.Contains(html, fmt.Appendf(nil, `/images/%d"`, id)) || image.Person != nil && !bytes.Contains(html, []byte(image.Person.Name)) {
				t.Errorf("the page does not show image %d of %+v", id, image.Person)
			}
		}
	})
	t.Run("the original API's text, to the letter", func(t *testing.T) {
		c := c.with(t)
		_, answer := c.do(http.MethodPost, c.At.Receive+"/image/post", strings.NewReader(`{"path":"/home/user/image_dump"}`))
		status, list := c.do(http.MethodGet, c.At.View+"/?limit=1", nil, "Accept", "application/json")
		var newest struct{ Images []lineup.Image }
		if err := json.Unmarshal(list, &newest); err != nil || status != http.StatusOK || len(newest.Images) != 1 {
			t.Fatalf("%d %s", status, list)
		}
		id := newest.Images[0].ID
		want := fmt.Sprintf("got path: {Path:/home/user/image_dump}\nimage saved with id: %d\nimage sent to nsq\n", id)
		if string(answer) != want {
			t.Errorf("%q, want %q", answer, want)
		}
		if image := c.final(id); image.Status != lineup.Failed || image.Reason != "outside the picture roots" {
			t.Errorf("%s (%q), want failed: outside the picture roots", image.Status, image.Reason)
		}
	})
	t.Run("portraits of known people and of strangers", func(t *testing.T) { portraitsAreRecognised(c.with(t)) })
	t.Run("the face server dies while 20 pictures wait", func(t *testing.T) { faceServerDies(c.with(t), pictures) })
}

// faceServerDies kills the face server, posts 20 new pictures, and lets it come back
// once the circuit is open.
func faceServerDies(c client, pictures string) {
	dana := read(c.t, filepath.Join(pictures, "dana.jpg"))
	server := c.Program("face-server")
	server.Stop()
	var ids []int64
	for range 20 {
		dana = againAs(dana)
		ids = append(ids, c.accepted("/images", dana, "Content-Type", "image/jpeg")...)
	}
	// While the circuit is open, process refuses every event with 503. Closed, it would claim the picture and answer with
	// another status.
	testkit.Eventually(c.t, 30*time.Second, "the circuit opens", func() bool {
		body := fmt.Sprintf(`{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/e2e","id":"x",
			"datacontenttype":"application/json","data":{"id":%d,"path":""}}`, ids[0])
		status, answer := c.do(http.MethodPost, c.At.Process, strings.NewReader(body), "Content-Type", "application/cloudevents+json")
		return status == http.StatusServiceUnavailable && bytes.Contains(answer, []byte("circuit"))
	})
	for _, id := range ids {
		if image := c.image(id); image.Status != lineup.Pending && image.Status != lineup.Processing {
			c.t.Errorf("image %d is %s (%q) while the face server is dead", id, image.Status, image.Reason)
		}
	}
	server.Start()
	for _, id := range ids {
		wantKnown(c.t, c.final(id), "Dana")
	}
}

// awaitGallery waits until the face server has seen the new photos: it looks every five seconds.
func (c client) awaitGallery(seen func() bool) {
	c.t.Helper()
	testkit.Eventually(c.t, 30*time.Second, "the face server knows the new people", seen)
}

var copies int

// againAs makes another picture of the same pixels: a JPEG with another comment.
func againAs(jpeg []byte) []byte {
	copies++
	comment := fmt.Appendf(nil, "copy %d", copies)
	segment := append([]byte{0xff, 0xfe, 0, byte(len(comment) + 2)}, comment...)
	return slices.Concat(jpeg[:2], segment, jpeg[2:])
}

func wantKnown(t *testing.T, image lineup.Image, names ...string) {
	t.Helper()
	status := lineup.Unknown
	if len(names) > 0 {
		status = lineup.Identified
	}
	got, want := slices.Sorted(slices.Values(known(image))), slices.Sorted(slices.Values(names))
	if image.Status != status || !slices.Equal(got, want) {
		t.Errorf("image %d: %s (%q) with %q, want %s with %q", image.ID, image.Status, image.Reason, got, status, want)
	}
	if status == lineup.Identified && (image.Person == nil || !slices.Contains(names, string(image.Person.Name))) {
		t.Errorf("image %d is of %+v, want one of %q", image.ID, image.Person, names)
	}
}
