package system_test

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
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

const patience = time.Minute // the longest a test tries what must work in the end

// programs is the folder of the programs: that of `make run`, so that what has not changed is not linked anew.
var programs string

func TestMain(m *testing.M) {
	root, err := parts.ModuleRoot()
	if err == nil {
		programs = filepath.Join(root, "bin")
		err = system.Build(context.Background(), root, programs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(deptest.Main(m))
}

var all = []string{system.MariaDB, system.NSQD, system.FaceServer, system.Process, system.Bridge, system.Receive, system.View}

func TestTheSamplesAreRecognised(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), Samples: "on"})
	byPath := make(map[string]image)
	testkit.Retry(t, patience, func() error {
		images := s.images(t)
		for _, i := range images {
			if i.Status == "pending" || i.Status == "processing" {
				return fmt.Errorf("%s is still %s", i.Path, i.Status)
			}
			byPath[i.Path] = i
		}
		if len(images) != len(samples.Pictures) {
			return fmt.Errorf("there are %d pictures", len(images))
		}
		return nil
	})
	for _, sample := range samples.Pictures {
		got := byPath["samples/"+sample.File]
		var known []string
		for _, f := range got.Faces {
			if f.Person != nil && f.Person.Name != "" {
				known = append(known, f.Person.Name)
			}
		}
		slices.Sort(known)
		want := "identified"
		if len(sample.Known) == 0 {
			want = "unknown"
		}
		if got.Status != want || !slices.Equal(known, sample.Known) || len(got.Faces) != sample.Faces {
			t.Errorf("%s is %s with %d faces, among them %v; want %s with %d, %v",
				sample.File, got.Status, len(got.Faces), known, want, sample.Faces, sample.Known)
		}
	}
}

func TestTheNextRunHasAllData(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := start(t, system.Settings{Data: data, Samples: "on"})
	before := len(s.images(t))
	id := s.upload(t, "stranger.jpg")
	s.awaitStatus(t, id, "unknown")
	pids := make(map[string]int)
	for _, name := range all {
		if pids[name] = s.Program(name).PID(); pids[name] == 0 {
			t.Errorf("%s does not run", name)
		}
	}
	if _, err := system.Start(t.Context(), s.settings, t.Logf); err == nil || !strings.Contains(err.Error(), "already runs on "+data) {
		t.Errorf("a second start on the same folder: %v", err)
	}
	s.Stop()
	for name, pid := range pids {
		if syscall.Kill(pid, 0) == nil {
			t.Errorf("%s is left behind", name)
		}
	}
	began := time.Now()
	s = start(t, s.settings)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the second start took %v", took)
	}
	if got := len(s.images(t)); got != before+1 {
		t.Errorf("there are %d pictures, not %d", got, before+1)
	}
	s.awaitStatus(t, id, "unknown")
}

func TestEveryProgramMayBeKilledAtAnyTime(t *testing.T) {
	t.Parallel()
	// Whatever is lost shall be missed within seconds.
	soon := []string{"HINT_AGE=1s", "SWEEP_INTERVAL=500ms", "LEASE=7s", "FACE_TIMEOUT=3s", "READ_TIMEOUT=2s", "HEALTH_TIMEOUT=1s", "WRITE_TIMEOUT=1s"}
	s := start(t, system.Settings{Data: t.TempDir(), PingEvery: time.Second, Environment: soon})
	for _, name := range all {
		s.Program(name).Kill()
	}
	testkit.Retry(t, patience, func() error { return s.tryUpload(t, "phone.jpg") })
	for _, name := range all {
		s.Program(name).Kill()
	}
	testkit.Retry(t, patience, func() error {
		images := s.images(t)
		if len(images) != 1 || images[0].Status != "unknown" {
			return fmt.Errorf("the pictures are %+v", images)
		}
		return nil
	})
}

func TestThePingBringsWhatNSQDMissed(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), PingEvery: time.Second})
	s.Program(system.NSQD).Stop()
	id := s.upload(t, "phone.jpg")
	s.Program(system.NSQD).Start()
	s.awaitStatus(t, id, "unknown")
}

func TestOnesOwnDatabaseAndNSQDsAreUsed(t *testing.T) {
	t.Parallel()
	down, nsqd := deptest.NSQ(t), deptest.NSQ(t)
	down.Stop()
	settings := system.Settings{Data: t.TempDir(), MySQLDSN: deptest.MySQL(t), NSQDAddress: []string{down.TCP, nsqd.TCP}, NSQDHTTPAddress: []string{down.HTTP, nsqd.HTTP}}
	s := start(t, settings)
	if s.Program(system.MariaDB) != nil || s.Program(system.NSQD) != nil {
		t.Error("another MariaDB or nsqd was started")
	}
	if s.At.DSN != settings.MySQLDSN || !slices.Equal(s.At.NSQD, settings.NSQDAddress) || !slices.Equal(s.At.NSQDHTTP, settings.NSQDHTTPAddress) {
		t.Errorf("the addresses are %+v", s.At)
	}
	s.awaitStatus(t, s.upload(t, "stranger.jpg"), "unknown")
}

func TestAProgramThatCannotStartEndsTheStart(t *testing.T) {
	t.Setenv("MAX_PICTURE", "much")
	data := t.TempDir()
	_, err := system.Start(t.Context(), system.Settings{Data: data, Programs: programs}, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "does not stay up") || !strings.Contains(err.Error(), filepath.Join(data, "logs")) {
		t.Errorf("the error is %v", err)
	}
	t.Setenv("MAX_PICTURE", "20971520")
	start(t, system.Settings{Data: data}) // nothing is left that would be in the way
}

func TestTheStartMayTakeOnlySoLong(t *testing.T) {
	t.Parallel()
	_, err := system.Start(t.Context(), system.Settings{Data: t.TempDir(), Programs: programs, StartTime: time.Millisecond}, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "to be ready") {
		t.Errorf("the error is %v", err)
	}
}

// running is a system with what tests ask of it.
type running struct {
	*system.System
	settings system.Settings
	samples  string
}

type image struct {
	ID     int64
	Path   string
	Status string
	Faces  []struct{ Person *struct{ Name string } }
}

func start(t testing.TB, settings system.Settings) running {
	t.Helper()
	deptest.Models(t) // fetched with a deadline of its own
	settings.Programs = programs
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := system.Start(ctx, settings, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return running{s, settings, deptest.Samples(t)}
}

// images are all pictures; none while they cannot be had.
func (s running) images(t *testing.T) []image {
	t.Helper()
	var list struct{ Images []image }
	if err := s.get(t, "/", &list); err != nil {
		t.Log(err)
	}
	return list.Images
}

func (s running) awaitStatus(t testing.TB, id int64, want string) {
	t.Helper()
	testkit.Retry(t, patience, func() error {
		var got image
		if err := s.get(t, fmt.Sprintf("/images/%d", id), &got); err != nil {
			return err
		}
		if got.Status != want {
			return fmt.Errorf("picture %d is %s, not %s", id, got.Status, want)
		}
		return nil
	})
}

func (s running) get(t testing.TB, path string, into any) error {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.At.View+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	return do(request, into)
}

// upload posts a sample picture and gives its id.
func (s running) upload(t testing.TB, picture string) int64 {
	t.Helper()
	return s.uploadOf(t, "pictures/"+picture)
}

// uploadOf posts a file below the samples and gives its id.
func (s running) uploadOf(t testing.TB, file string) int64 {
	t.Helper()
	var answer struct{ Images []image }
	if err := s.post(t, file, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Images) != 1 || answer.Images[0].ID == 0 {
		t.Fatalf("the answer is %+v", answer)
	}
	return answer.Images[0].ID
}

func (s running) tryUpload(t testing.TB, picture string) error {
	var answer struct{ Images []image }
	return s.post(t, "pictures/"+picture, &answer)
}

func (s running) post(t testing.TB, file string, into any) error {
	content, err := os.ReadFile(filepath.Join(s.samples, file))
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("image", filepath.Base(file))
	if err != nil {
		return err
	}
	part.Write(content) // to memory
	form.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.At.Receive+"/images", &body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Accept", "application/json")
	return do(request, into)
}

func do(request *http.Request, into any) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}
