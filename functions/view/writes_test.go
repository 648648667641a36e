package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// programs are receive and view as they are built, on one database and one nsqd.
type programs struct {
	folder, dsn, keys string
	nsqd              *deptest.NSQD
}

func buildPrograms(t *testing.T) programs {
	t.Helper()
	p := programs{folder: t.TempDir(), dsn: deptest.Migrated(t), nsqd: deptest.NSQ(t)}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", p.folder+string(filepath.Separator), "../receive", "../view")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	p.keys = filepath.Join(p.folder, "keys")
	testkit.Succeed(t, os.WriteFile(p.keys, fmt.Appendf(nil, "phone %x\nwall %x read\n", sha256.Sum256([]byte("hunter2")), sha256.Sum256([]byte("s3same"))), 0o600))
	for _, folder := range []string{"images", "people"} {
		testkit.Succeed(t, os.Mkdir(filepath.Join(p.folder, folder), 0o755))
	}
	return p
}

// start runs a program until the test ends or it is stopped, and gives its URL once it answers.
func (p programs) start(t *testing.T, name string, environment ...string) (url string, stop func()) {
	t.Helper()
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	cmd := exec.Command(filepath.Join(p.folder, name))
	cmd.Env = append(os.Environ(), append([]string{
		"HOST=127.0.0.1", "PORT=" + port, "MYSQL_DSN=" + deptest.Account(t, p.dsn, name), "NSQD_ADDRESS=" + p.nsqd.TCP, "NSQD_HTTP_ADDRESS=" + p.nsqd.HTTP,
		"IMAGES_URL=" + filepath.Join(p.folder, "images"), "KNOWN_PEOPLE=" + filepath.Join(p.folder, "people"), "ENROL_WAIT=0",
	}, environment...)...)
	cmd.Stderr, cmd.Stdout = t.Output(), t.Output()
	testkit.Succeed(t, cmd.Start())
	ended := false
	stop = func() {
		if !ended {
			ended = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	url = "http://127.0.0.1:" + port
	testkit.Eventually(t, time.Minute, name+" answers", func() bool {
		response, err := http.Get(url + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	return url, stop
}

// write is a request that changes something, and what it is answered.
type write struct {
	path, body, kind string
	status           int
}

// writes are one of each kind, by its route, for what prepare makes.
func writes(t *testing.T, image lineup.Image, people []store.Profile, change int64) map[string]write {
	t.Helper()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part := testkit.Must(parts.CreateFormFile("photo", "me.jpg"))(t)
	testkit.Must(io.WriteString(part, "\xff\xd8\xff one"))(t)
	testkit.Succeed(t, parts.Close())
	ann, bob, cat, eve := people[0], people[1], people[2], people[3]
	return map[string]write{
		"POST /images":                       {"/images", `{"path":"new.jpg"}`, "", 202},
		"POST /images/look":                  {"/images/look", `{"path":"nobody/"}`, "", 202},
		"POST /images/{id}/look":             {fmt.Sprintf("/images/%d/look", image.ID), "", "", 202},
		"DELETE /images/{id}":                {fmt.Sprintf("/images/%d", image.ID+1), "", "", 204},
		"POST /images/{id}/faces":            {fmt.Sprintf("/images/%d/faces", image.ID), fmt.Sprintf(`{"box":{"x":0,"y":0,"width":0.1,"height":0.1},"person":%d}`, bob.ID), "", 201},
		"PATCH /faces/{id}":                  {fmt.Sprintf("/faces/%d", image.Faces[0].ID), fmt.Sprintf(`{"person":%d}`, ann.ID), "", 200},
		"POST /people":                       {"/people", `{"name":"Somebody new"}`, "", 201},
		"PATCH /people/{id}":                 {fmt.Sprintf("/people/%d", ann.ID), `{"name":"Anna"}`, "", 200},
		"DELETE /people/{id}":                {fmt.Sprintf("/people/%d", eve.ID), "", "", 202},
		"POST /people/{id}/photos":           {fmt.Sprintf("/people/%d/photos", bob.ID), form.String(), parts.FormDataContentType(), 202},
		"DELETE /people/{id}/photos/{photo}": {fmt.Sprintf("/people/%d/photos/%d", ann.ID, ann.Photos[0].ID), "", "", 204},
		"POST /people/{id}/different":        {fmt.Sprintf("/people/%d/different", ann.ID), fmt.Sprintf(`{"people":[%d]}`, bob.ID), "", 204},
		"POST /people/{id}/merge":            {fmt.Sprintf("/people/%d/merge", ann.ID), fmt.Sprintf(`{"people":[%d]}`, cat.ID), "", 200},
		"POST /changes/{id}/undo":            {fmt.Sprintf("/changes/%d/undo", change), "", "", 200},
	}
}

func TestEveryWriteGoesThroughViewToReceive(t *testing.T) {
	t.Parallel()
	p := buildPrograms(t)
	s := serveSite(t, p.dsn)
	image := testkit.Must(s.Image(t.Context(), s.finish(t, "a.jpg", withFaces(newFace("", 0.1)))))(t)
	s.finish(t, "b.jpg", withFaces())
	var people []store.Profile
	for _, name := range []string{"Ann", "Bob", "Cat", "Eve", "Dan"} {
		people = append(people, testkit.Must(s.Person(t.Context(), s.add(t, name, name+".jpg")))(t))
	}
	changes, _, err := s.Changes(t.Context(), store.ChangeFilter{Limit: 1}) // Dan's enrolment
	testkit.Succeed(t, err)
	all := writes(t, image, people, changes[0].ID)
	receive, stop := p.start(t, "receive", "API_KEYS_FILE="+p.keys)
	view, _ := p.start(t, "view", "API_KEYS_FILE="+p.keys, "RECEIVE_URL="+receive)
	closed, _ := p.start(t, "view", "RECEIVE_URL="+receive)
	ask := func(at, route, key string) reply {
		t.Helper()
		one, known := all[route]
		if !known {
			t.Fatalf("%s: no request of it here: add one to writes", route)
		}
		method, _, _ := strings.Cut(route, " ")
		header := []string{"Content-Type", "application/json"}
		if one.kind != "" {
			header[1] = one.kind
		}
		if key != "" {
			header = append(header, "Authorization", "Bearer "+key)
		}
		return post(t, method, at+lineup.APIPrefix+one.path, one.body, header...)
	}
	want := func(what, route string, got reply, status int, says string) {
		t.Helper()
		if got.status != status || !strings.Contains(got.body, says) {
			t.Errorf("%s %s: %d %s, want %d %s", route, what, got.status, got.body, status, says)
		}
	}
	for _, route := range lineup.APIWrites {
		want("without a key", route, ask(view, route, ""), http.StatusUnauthorized, "")
		want("with a key that reads", route, ask(view, route, "s3same"), http.StatusForbidden, "")
		want("with WRITES off", route, ask(closed, route, ""), http.StatusForbidden, "writes-off")
	}
	// Pictures are deleted and people merged last: the others are about them.
	last := []string{"POST /changes/{id}/undo", "POST /people/{id}/merge"}
	for _, route := range append(slices.DeleteFunc(slices.Clone(lineup.APIWrites), func(one string) bool { return slices.Contains(last, one) }), last...) {
		want("with a key", route, ask(view, route, "hunter2"), all[route].status, "")
	}
	made, _, err := s.Changes(t.Context(), store.ChangeFilter{Limit: 100})
	testkit.Succeed(t, err)
	if len(made) < 8 {
		t.Errorf("%d changes were made", len(made))
	}
	for _, change := range made {
		if change.ID > changes[0].ID && change.By != "phone" {
			t.Errorf("change %+v, want it to be by phone", change)
		}
	}
	stop()
	for _, route := range lineup.APIWrites {
		got := ask(view, route, "hunter2")
		want("with receive away", route, got, http.StatusServiceUnavailable, "receive-away")
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s with receive away: no Retry-After", route)
		}
	}
}
