package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// programs is the folder of the programs with the race detector in them.
var programs string

// TestMain builds the real programs, into a folder that stays, so that what has not changed is not linked anew.
func TestMain(m *testing.M) {
	root, err := parts.ModuleRoot()
	if err == nil {
		programs = filepath.Join(root, "bin", "race")
		err = system.Build(context.Background(), root, programs, "-race")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// client uses a running system as a user does.
type client struct {
	t *testing.T
	*system.System
	At system.Addresses // receive's and view's are those of proxies, which know nothing but docs/openapi.yaml
}

// start runs a system of its own on free ports. Its first picture root is
// DATA/images, its second the given one.
func start(t *testing.T, pictures string) client {
	t.Helper()
	return startIn(t, t.TempDir(), pictures)
}

// startIn is start with its data in a folder, and more that the programs are told.
func startIn(t *testing.T, data, pictures string, environment ...string) client {
	t.Helper()
	s, err := system.Start(t.Context(), system.Settings{
		Data: data, Samples: "off", PingEvery: time.Second, StartTime: 2 * time.Minute,
		ImagesURL: filepath.Join(data, "images") + "," + pictures,
		Programs:  programs, Environment: append(environment, "BREAKER_OPEN=2s"),
	}, t.Logf)
	testkit.Succeed(t, err)
	t.Cleanup(func() {
		s.Stop()
		wantNoRaces(t, filepath.Join(data, "logs"))
	})
	at := s.At
	at.Receive = contract.Proxy(t, s.At.Receive, func(*http.Request) bool { return true })
	at.View = contract.Proxy(t, s.At.View, forPrograms)
	return client{t, s, at}
}

// with is the client for a part of its test.
func (c client) with(t *testing.T) client { return client{t, c.System, c.At} }

// forPrograms tells what view answers programs from what are pages with their JSON, which the document leaves out.
func forPrograms(r *http.Request) bool {
	path := r.URL.Path
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/schemas/") || path == "/openapi.yaml" || path == "/asyncapi.yaml"
}

// wantNoRaces looks for what the race detector said in the programs' logs.
func wantNoRaces(t *testing.T, logs string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(logs, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs in %s: %v", logs, err)
	}
	for _, file := range files {
		if _, race, found := bytes.Cut(read(t, file), []byte("WARNING: DATA RACE")); found {
			t.Errorf("%s: data race: %.3000s", filepath.Base(file), race)
		}
	}
}

// do sends a request and reads the answer.
func (c client) do(method, url string, body io.Reader, header ...string) (status int, answer []byte) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, url, body)
	testkit.Succeed(c.t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	testkit.Succeed(c.t, err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	testkit.Succeed(c.t, err)
	return response.StatusCode, answer
}

// accepted posts a body to receive and gives the ids that the pictures got.
func (c client) accepted(path string, body []byte, header ...string) (ids []int64) {
	c.t.Helper()
	status, answer := c.do(http.MethodPost, c.At.Receive+path, bytes.NewReader(body), append(header, "Accept", "application/json")...)
	var accepted struct {
		Images []struct {
			ID     int64
			Sent   bool
			Status lineup.Status
		}
	}
	if err := json.Unmarshal(answer, &accepted); err != nil || status != http.StatusAccepted {
		c.t.Fatalf("POST %s: %d %s, want 202", path, status, answer)
	}
	for _, image := range accepted.Images {
		if image.ID == 0 || !image.Sent && !image.Status.Final() {
			c.t.Fatalf("POST %s: %s, want an id, and sent unless it was looked at", path, answer)
		}
		ids = append(ids, image.ID)
	}
	return ids
}

// enrol makes a person known by photos and waits for nothing.
func (c client) enrol(name string, photos ...string) {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	testkit.Succeed(c.t, form.WriteField("name", name))
	for _, path := range photos {
		part, err := form.CreateFormFile("photo", filepath.Base(path))
		testkit.Succeed(c.t, err)
		_, err = part.Write(read(c.t, path))
		testkit.Succeed(c.t, err)
	}
	testkit.Succeed(c.t, form.Close())
	if status, answer := c.do(http.MethodPost, c.At.Receive+"/people", &body, "Content-Type", form.FormDataContentType()); status/100 != 2 {
		c.t.Fatalf("enrol %s: %d %s", name, status, answer)
	}
}

// image is what view says of a picture.
func (c client) image(id int64) (image lineup.Image) {
	c.t.Helper()
	status, answer := c.do(http.MethodGet, c.At.View+"/api/v1/images/"+strconv.FormatInt(id, 10), nil)
	if err := json.Unmarshal(answer, &image); err != nil || status != http.StatusOK {
		c.t.Fatalf("image %d: %d %s", id, status, answer)
	}
	return image
}

// final waits until the picture's status is final.
func (c client) final(id int64) (image lineup.Image) {
	c.t.Helper()
	testkit.Eventually(c.t, time.Minute, "image "+strconv.FormatInt(id, 10)+" is looked at", func() bool {
		image = c.image(id)
		return image.Status.Final()
	})
	return image
}

// known names the people that were recognised in a picture, in the order of the faces.
func known(image lineup.Image) (names []string) {
	for _, face := range image.Faces {
		if face.Person != nil && face.Person.Name != "" { // without a name it is a stranger
			names = append(names, string(face.Person.Name))
		}
	}
	return names
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	testkit.Succeed(t, err)
	return body
}
