package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"lineup.dev/lineup/local/testkit"
)

// gallery takes enrolments: what a photo is called says what becomes of it.
type gallery struct {
	mu     sync.Mutex
	photos map[string]string // name and what was said beside it, by the photo's file name
	hidden []string
}

func (g *gallery) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		io.WriteString(w, `{"items":[{"id":7,"name":"Bea","hidden":false}],"next":null}`)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Method == http.MethodPatch {
		body, _ := io.ReadAll(r.Body)
		g.hidden = append(g.hidden, r.URL.Path+string(body))
		io.WriteString(w, "{}")
		return
	}
	_, header, err := r.FormFile("photo")
	if err != nil || r.URL.Path != "/api/v1/people" || r.Header.Get("Authorization") != "Bearer secret" {
		http.Error(w, fmt.Sprint("a bad request: ", err), http.StatusTeapot)
		return
	}
	said := []string{r.FormValue("name")}
	for _, field := range []string{"face", "anyway"} {
		if value := r.FormValue(field); value != "" {
			said = append(said, field+"="+value)
		}
	}
	if g.photos == nil {
		g.photos = map[string]string{}
	}
	g.photos[header.Filename] = strings.Join(said, " ")
	status, body := http.StatusCreated, `{"id":3,"name":"x"}`
	for part, answer := range map[string]struct {
		status int
		body   string
	}{
		"old":      {200, `{"id":3}`},
		"slow":     {202, `{"id":3}`},
		"blurred":  {422, `{"id":3,"status":422,"detail":"the face is blurred"}`},
		"another":  {409, `{"status":409,"detail":"a photo is like another named person"}`},
		"no photo": {415, `{"status":415,"detail":"not a picture"}`},
	} {
		if strings.Contains(header.Filename, part) {
			status, body = answer.status, answer.body
		}
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func TestPeopleAreImported(t *testing.T) {
	folder := photos(t, "Anna Kay/1.jpg", "Anna Kay/2019/old.jpg", "hannibal_1.jpg", "hannibal_2 slow.jpg", "notes.txt")
	var g gallery
	got := command(t, g.serve, nil, "people", "import", folder)
	got.want(t, 0, "2 enrolled, 1 already there, 1 pending")
	want := map[string]string{"1.jpg": "Anna Kay", "old.jpg": "Anna Kay", "hannibal_1.jpg": "hannibal", "hannibal_2 slow.jpg": "hannibal_2 slow"}
	if !reflect.DeepEqual(g.photos, want) {
		t.Errorf("it enrolled %q, want %q", g.photos, want)
	}
}

func TestAnImportTellsWhatIsNotUsedAndWhy(t *testing.T) {
	folder := photos(t, "Anna/1.jpg", "Anna/blurred.jpg", "Ben/another.jpg", "Ben/no photo.jpg")
	var g gallery
	got := command(t, g.serve, nil, "people", "import", "-anyway", folder)
	got.want(t, 1, "1 enrolled, 1 unusable, 1 conflict, 1 refused")
	said := map[string]string{}
	for _, line := range got.lines(t) {
		said[filepath.Base(line["file"].(string))] = fmt.Sprint(line["name"], " ", line["outcome"], " ", line["reason"])
	}
	want := map[string]string{
		"1.jpg": "Anna enrolled <nil>", "blurred.jpg": "Anna unusable the face is blurred",
		"another.jpg": "Ben conflict a photo is like another named person", "no photo.jpg": "Ben refused not a picture",
	}
	if !reflect.DeepEqual(said, want) || g.photos["1.jpg"] != "Anna anyway=true" {
		t.Errorf("it printed %q, want %q; sent %q", said, want, g.photos)
	}
}

func TestADryRunSendsNothing(t *testing.T) {
	folder := photos(t, "Anna/1.jpg", "ben_2.jpg")
	got := command(t, func(http.ResponseWriter, *http.Request) { t.Error("it asks") }, nil, "people", "import", "-dry-run", folder)
	got.want(t, 0, "2 planned")
	for name, args := range map[string][]string{"nothing": {"people"}, "no folder": {"people", "import"}, "two": {"people", "import", "a", "b"}, "another verb": {"people", "export"}} {
		if got := command(t, func(http.ResponseWriter, *http.Request) { t.Error("it asks") }, nil, args...); got.code != 2 {
			t.Errorf("%s: it ended with %d, want 2", name, got.code)
		}
	}
	command(t, func(http.ResponseWriter, *http.Request) {}, nil, "people", "import", t.TempDir()).want(t, 1, "1 of 1")
}

func TestAnExportsPeopleTellWhoseThePhotosAre(t *testing.T) {
	folder := photos(t, "bea-0123456789abcdef.jpg", "group.jpg", "other.jpg", "twin.jpg")
	testkit.Succeed(t, os.WriteFile(filepath.Join(folder, "people.json"), []byte(`[
		{"id":1,"name":"Bea","hidden":true,"photos":[{"image_name":"bea-0123456789abcdef.jpg","state":"usable","faces":[{"used":true}]},
			{"image_name":"group.jpg","state":"usable","faces":[{"used":false},{"used":true}]}]},
		{"id":2,"name":"Bea","photos":[{"image_name":"twin.jpg","state":"usable"}]},
		{"id":3,"name":null,"photos":[{"image_name":"faces/7","state":"usable"}]}]`), 0o600))
	var g gallery
	got := command(t, g.serve, nil, "people", "import", folder)
	got.want(t, 1, "2 enrolled, 1 conflict, 1 left out")
	want := map[string]string{"bea-0123456789abcdef.jpg": "Bea anyway=true", "group.jpg": "Bea face=2 anyway=true"} // other.jpg was removed before the export
	if !reflect.DeepEqual(g.photos, want) || !reflect.DeepEqual(g.hidden, []string{`/api/v1/people/7{"hidden":true}`}) {
		t.Errorf("it enrolled %q, want %q; hid %q", g.photos, want, g.hidden)
	}
	testkit.Succeed(t, os.Remove(filepath.Join(folder, "bea-0123456789abcdef.jpg")))
	if got = command(t, g.serve, nil, "people", "import", folder); !strings.Contains(got.stdout, "photos of the export are not in it: 1") || got.code != 1 {
		t.Errorf("without a photo it ended with %d and printed %s", got.code, got.stdout)
	}
	testkit.Succeed(t, os.WriteFile(filepath.Join(folder, "people.json"), []byte(`{`), 0o600))
	command(t, g.serve, nil, "people", "import", folder).want(t, 1, "export again")
}

// Strangers who were named have faces of pictures as photos alone.
func TestAnExportWithoutPhotosIsImported(t *testing.T) {
	folder := t.TempDir()
	testkit.Succeed(t, os.WriteFile(filepath.Join(folder, "people.json"), []byte(`[{"id":7,"name":"Bea","hidden":true,"photos":[{"image_name":"faces/7","state":"usable"}]},{"id":8,"name":"Later","hidden":true,"photos":[]}]`), 0o600))
	var g gallery
	got := command(t, g.serve, nil, "people", "import", folder)
	got.want(t, 0, "IMPORT_REGIONS=on")
	got.want(t, 0, `"Later" was hidden`)
	if len(g.photos) > 0 || !reflect.DeepEqual(g.hidden, []string{`/api/v1/people/7{"hidden":true}`}) {
		t.Errorf("it enrolled %q and hid %q", g.photos, g.hidden)
	}
}

func TestExport(t *testing.T) {
	anna := `"faces":[{"id":10,"person":{"id":1,"name":"Anna"},"decided_by":"hand","box":{"x":0,"y":0,"width":1,"height":1}}]`
	long, longer := strings.Repeat("x", 247)+".jpg", strings.Repeat("x", 248)+".jpg" // one of 251 bytes has room for .xmp
	answers := map[string]string{
		"/api/v1/people?hidden=false": `{"items":[{"id":1,"name":"Anna","hidden":false,"photos":[]}],"next":"/api/v1/people?after=1"}`,
		"/api/v1/people?after=1":      `{"items":[{"id":2,"name":null,"hidden":false,"photos":[]}],"next":null}`,
		"/api/v1/people?hidden=true":  `{"items":[{"id":3,"name":"Ben","hidden":true,"photos":[]},{"id":11,"name":"Twin","photos":[]},{"id":12,"name":"twin","photos":[]}],"next":null}`,
		"/api/v1/people/9":            `{"id":1,"name":"Anna"}`,
		"/api/v1/images": `{"items":[
			{"id":4,"path":"sub/a.jpg","status":"identified","layout":{"width":400,"height":300,"orientation":6},"faces":[
				{"id":1,"person":{"id":1,"name":"Anna"},"decided_by":"machine","similarity":0.5,"chance_wrong":0.00051,"occluded":true,"box":{"x":0.1,"y":0.1,"width":0.2,"height":0.2}},
				{"id":2,"person":{"id":3,"name":"Ben"},"decided_by":"machine","box":{"x":0.4,"y":0.1,"width":0.2,"height":0.2}},
				{"id":3,"person":null,"decided_by":"hand","ignored":true,"box":{"x":0.6,"y":0.1,"width":0.2,"height":0.2}},
				{"id":4,"person":null,"decided_by":"machine","not":[9,8],"box":{"x":0.8,"y":0.1,"width":0.1,"height":0.1}}]},
			{"id":3,"path":"/disk/b.png","status":"unknown","faces":[]}],"next":"/api/v1/images?before=3"}`,
		"/api/v1/images?before=3": `{"items":[
			{"id":8,"path":"twin.jpg","status":"identified","faces":[{"id":11,"person":{"id":11,"name":"Twin"},"decided_by":"hand","box":{"x":0,"y":0,"width":1,"height":1}}]},
			{"id":7,"path":"/sub/a.jpg","status":"identified",` + anna + `},{"id":6,"path":"` + long + `","status":"identified",` + anna + `},{"id":5,"path":"` + longer + `","status":"identified",` + anna + `},
			{"id":2,"path":"../../evil.jpg","status":"identified","faces":[{"id":9,"person":{"id":1,"name":"Anna"},"decided_by":"hand","box":{"x":0,"y":0,"width":1,"height":1}}]}],"next":null}`,
	}
	serve := func(w http.ResponseWriter, r *http.Request) {
		answer, there := answers[r.URL.RequestURI()]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"status":404,"detail":"There is no person with the id."}`
		}
		io.WriteString(w, answer)
	}
	folder := filepath.Join(t.TempDir(), "new")
	testkit.Succeed(t, os.MkdirAll(filepath.Join(folder, "sidecars", "sub"), 0o700)) // of a picture that was deleted since
	testkit.Succeed(t, os.WriteFile(filepath.Join(folder, "sidecars", "sub", "gone.jpg.xmp"), nil, 0o600))
	got := command(t, serve, nil, "export", folder)
	got.want(t, 0, "KNOWN_PEOPLE")
	for _, why := range []string{"picture 2 has no sidecar", "picture 5 has no sidecar", "picture 7 has no sidecar", "2 people are called"} {
		if !strings.Contains(got.stderr, why) {
			t.Errorf("it does not say that %s: %s", why, got.stderr)
		}
	}
	if line := got.lines(t)[0]; line["pictures"] != 7.0 || line["sidecars"] != 2.0 || line["people"] != 5.0 {
		t.Errorf("it printed %s", got.stdout)
	}
	read := func(name string) string { return string(testkit.Must(os.ReadFile(filepath.Join(folder, name)))(t)) }
	var pictures, people []map[string]any
	testkit.Succeed(t, json.Unmarshal([]byte(read("pictures.json")), &pictures))
	testkit.Succeed(t, json.Unmarshal([]byte(read("people/people.json")), &people))
	if len(pictures) != 7 || len(people) != 5 {
		t.Errorf("%d pictures, %d people", len(pictures), len(people))
	}
	if table := strings.Split(strings.TrimSpace(read("faces.csv")), "\n"); len(table) != 11 || table[1] != "4,sub/a.jpg,,identified,1,1,Anna,machine,false,0.5000,0.00051,0.100000,0.100000,0.200000,0.200000,true" {
		t.Errorf("faces.csv is %q", table)
	}
	sidecar := read("sidecars/sub/a.jpg.xmp")
	for _, want := range []string{"<mwg-rs:Name>Anna</mwg-rs:Name>", "<lineup:DecidedBy>machine</lineup:DecidedBy>", "<lineup:Ignored>True", `stDim:w="400" stDim:h="300"`, `stArea:x="0.200000" stArea:y="0.800000"`, "<rdf:li>Anna</rdf:li></rdf:Bag></lineup:Not>"} {
		if !strings.Contains(sidecar, want) {
			t.Errorf("the sidecar has no %s: %s", want, sidecar)
		}
	}
	if strings.Contains(sidecar, "Upright") {
		t.Errorf("boxes of stored pixels are said to be upright: %s", sidecar)
	}
	var files []string
	filepath.WalkDir(filepath.Dir(folder), func(path string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			files = append(files, d.Name())
		}
		return nil
	})
	if len(files) != 5 {
		t.Errorf("files %q, want five, and none outside", files)
	}
}
