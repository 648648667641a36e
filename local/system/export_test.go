package system_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	goimage "image"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// command runs the program lineup.
func (s running) command(t *testing.T, stdin string, args ...string) (stdout string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "lineup"), args...)
	cmd.Env = append(os.Environ(), "RECEIVE_URL="+s.At.Receive, "VIEW_URL="+s.At.View)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("lineup %v: %v; %s %s", args, err, &out, &errs)
	}
	return out.String()
}

// request asks the API for programs.
func (s running) request(t *testing.T, method, path, body string, answer any) {
	t.Helper()
	at := s.At.Receive
	if method == http.MethodGet {
		at = s.At.View
	}
	request := testkit.Must(http.NewRequestWithContext(t.Context(), method, at+lineup.APIPrefix+path, strings.NewReader(body)))(t)
	request.Header.Set("Content-Type", "application/json")
	response := testkit.Must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	text := testkit.Must(io.ReadAll(response.Body))(t)
	if response.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
	}
	if answer != nil {
		testkit.Succeed(t, json.Unmarshal(text, answer))
	}
}

// said is what is known of the pictures: of each face who it is, who said so, and who it is not.
func (s running) said(t *testing.T) map[string][]string {
	t.Helper()
	var list struct{ Items []lineup.Image }
	s.request(t, http.MethodGet, "/images", "", &list)
	said := map[string][]string{}
	for _, image := range list.Items {
		for _, face := range image.Faces {
			by, name := face.DecidedBy, ""
			if face.Person != nil {
				name = string(face.Person.Name)
			}
			if name == "" && by == lineup.ByStranger {
				by = lineup.ByMachine // which faces began a stranger depends on the order in which they came
			}
			text := fmt.Sprintf("%.2f %.2f %s ignored %t %s", face.Box.X, face.Box.Y, by, face.Ignored, name)
			for _, id := range face.Not {
				var person lineup.Person
				s.request(t, http.MethodGet, fmt.Sprintf("/people/%d", id), "", &person)
				text += " not " + string(person.Name)
			}
			said[image.Path] = append(said[image.Path], text)
		}
		slices.Sort(said[image.Path])
	}
	return said
}

// usable are the people and how many photos of theirs can be used, but for faces of pictures.
func (s running) usable(t *testing.T) map[string]int {
	t.Helper()
	var list struct {
		Items []struct {
			Name   string
			Photos []struct {
				ImageName string `json:"image_name"`
				State     string
			}
		}
	}
	s.request(t, http.MethodGet, "/people", "", &list)
	found := map[string]int{}
	for _, person := range list.Items {
		for _, photo := range person.Photos {
			if photo.State == "usable" && !strings.HasPrefix(photo.ImageName, "faces/") {
				found[person.Name]++
			}
		}
	}
	return found
}

// TestAnExportMakesAFreshSystemTheSame also adopts photos, and reads sidecars.
func TestAnExportMakesAFreshSystemTheSame(t *testing.T) {
	t.Parallel()
	samples := deptest.Samples(t)
	pictures, people := t.TempDir(), t.TempDir()
	names := []string{"by-the-window.jpg", "dana.jpg", "four-friends.jpg"}
	for _, name := range names {
		copyTo(t, filepath.Join(samples, "pictures", name), filepath.Join(pictures, name))
	}
	lieDown(t, filepath.Join(pictures, "by-the-window.jpg"))
	begin := func(known string) running {
		data := t.TempDir()
		return start(t, system.Settings{Data: data, Samples: "off", PingEvery: time.Second, KnownPeople: known,
			ImagesURL: pictures, Environment: []string{"SWEEP_INTERVAL=500ms", "IMPORT_REGIONS=on"}})
	}
	first := begin(people)
	testkit.Succeed(t, os.CopyFS(people, os.DirFS(filepath.Join(samples, "people")))) // as a hand does
	testkit.Retry(t, patience, func() error {
		if got := first.usable(t); fmt.Sprint(got) != "map[dana:1 noa:1 ruby:1 viktor:2 zara:2]" {
			return fmt.Errorf("adopted are %v", got)
		}
		return nil
	})
	first.command(t, first.command(t, strings.Join(names, "\n"), "post", "-"), "wait", "-")
	first.correct(t)
	folder := t.TempDir()
	first.command(t, "", "export", folder)
	want, wantPeople := first.said(t), first.usable(t)
	first.Stop()

	testkit.Succeed(t, os.CopyFS(pictures, os.DirFS(filepath.Join(folder, "sidecars"))))
	testkit.Succeed(t, os.CopyFS(filepath.Join(folder, "people"), os.DirFS(people)))
	second := begin(t.TempDir())
	second.command(t, "", "people", "import", filepath.Join(folder, "people"))
	second.command(t, second.command(t, strings.Join(names, "\n"), "post", "-"), "wait", "-")
	testkit.Retry(t, patience, func() error {
		if got, gotPeople := second.said(t), second.usable(t); fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(gotPeople) != fmt.Sprint(wantPeople) {
			return fmt.Errorf("the fresh system says\n%v, people %v, want\n%v, people %v", got, gotPeople, want, wantPeople)
		}
		return nil
	})
}

// correct says by hand who is in the pictures: somebody new, nobody's business, somebody
// else, and a face that nobody found.
func (s running) correct(t *testing.T) {
	t.Helper()
	var list struct{ Items []lineup.Image }
	testkit.Retry(t, patience, func() error { // a look may end before the face server has read the adopted photos
		s.request(t, http.MethodGet, "/images", "", &list)
		if i := slices.IndexFunc(list.Items, func(i lineup.Image) bool { return i.Path == "dana.jpg" && i.Person != nil }); i < 0 {
			return errors.New("dana is not known yet")
		}
		return nil
	})
	for _, image := range list.Items {
		switch image.Path {
		case "by-the-window.jpg":
			s.request(t, http.MethodPatch, fmt.Sprintf("/faces/%d", image.Faces[0].ID), `{"person":{"name":"Olga Ö. <2>"}}`, nil)
			s.request(t, http.MethodPatch, fmt.Sprintf("/faces/%d", image.Faces[1].ID), `{"ignored":true}`, nil)
			s.request(t, http.MethodPost, fmt.Sprintf("/images/%d/faces", image.ID), `{"box":{"x":0.01,"y":0.9,"width":0.05,"height":0.08},"person":{"name":"noa"}}`, nil)
		case "dana.jpg":
			s.request(t, http.MethodPatch, fmt.Sprintf("/faces/%d", image.Faces[0].ID), fmt.Sprintf(`{"not":[%d]}`, image.Person.ID), nil)
		}
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	testkit.Succeed(t, os.WriteFile(to, testkit.Must(os.ReadFile(from))(t), 0o600))
}

// lieDown stores the picture as a camera does that is held on its side (EXIF orientation 6).
func lieDown(t *testing.T, file string) {
	t.Helper()
	upright := testkit.Must(jpeg.Decode(bytes.NewReader(testkit.Must(os.ReadFile(file))(t))))(t)
	width, height := upright.Bounds().Dx(), upright.Bounds().Dy()
	stored := goimage.NewRGBA(goimage.Rect(0, 0, height, width))
	for y := range height {
		for x := range width {
			stored.Set(y, width-1-x, upright.At(x, y))
		}
	}
	var b bytes.Buffer
	testkit.Succeed(t, jpeg.Encode(&b, stored, &jpeg.Options{Quality: 95}))
	const exif = "\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	testkit.Succeed(t, os.WriteFile(file, slices.Concat(b.Bytes()[:2], []byte(exif), b.Bytes()[2:]), 0o600))
}
