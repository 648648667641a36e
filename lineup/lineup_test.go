package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// done is what a run came to.
type done struct {
	code           int
	stdout, stderr string
}

// lines are the lines of JSON on stdout, in the order of their text.
func (d done) lines(t *testing.T) (all []map[string]any) {
	t.Helper()
	text := slices.Sorted(strings.Lines(d.stdout))
	for _, line := range text {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q is no line of JSON: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

// command runs lineup against one server that stands for receive and view.
func command(t *testing.T, h http.HandlerFunc, stdin io.Reader, args ...string) done {
	t.Helper()
	return commandWith(t.Context(), t, settings{AtOnce: 4, RetryFor: time.Minute, APIKey: "secret"}, h, stdin, args...)
}

func commandWith(ctx context.Context, t *testing.T, s settings, h http.HandlerFunc, stdin io.Reader, args ...string) done {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	s.ReceiveURL, s.ViewURL = server.URL+"/", server.URL
	var stdout, stderr bytes.Buffer
	code := run(ctx, s, args, stdin, &stdout, &stderr)
	return done{code, stdout.String(), stderr.String()}
}

func (d done) want(t *testing.T, code int, stderr string) {
	t.Helper()
	if d.code != code || !strings.Contains(d.stderr, stderr) {
		t.Errorf("it ended with %d, want %d; stdout %s; stderr %s; want in it: %s", d.code, code, d.stdout, d.stderr, stderr)
	}
}

// photos makes a folder with these files, each holding its own name.
func photos(t *testing.T, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		name = filepath.Join(folder, name)
		testkit.Succeed(t, os.MkdirAll(filepath.Dir(name), 0o755))
		testkit.Succeed(t, os.WriteFile(name, []byte(filepath.Base(name)), 0o600))
	}
	return folder
}

// uploads takes uploads: what is called bad is refused.
type uploads struct {
	mu    sync.Mutex
	names []string
}

func (u *uploads) take(w http.ResponseWriter, r *http.Request) {
	file, header, err := r.FormFile("image")
	if err != nil || r.ContentLength < 0 || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/images" {
		http.Error(w, fmt.Sprint("a bad request: ", err), http.StatusTeapot)
		return
	}
	content, _ := io.ReadAll(file)
	if string(content) != header.Filename {
		http.Error(w, "another file", http.StatusTeapot)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.names = append(u.names, header.Filename)
	if strings.HasPrefix(header.Filename, "bad") {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		io.WriteString(w, `{"status":415,"title":"Unsupported Media Type","detail":"not a picture"}`)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"images":[{"id":%d,"path":"uploads/x.jpg","status":"pending","sent":true}]}`, len(u.names))
}

func TestAFolderIsUploaded(t *testing.T) {
	folder := photos(t, "a.jpg", "b/c.PNG", "b/d.jpeg", "notes.txt", ".hidden.jpg", ".git/e.jpg")
	testkit.Succeed(t, os.Symlink(filepath.Join(folder, "b"), filepath.Join(folder, "round")))
	var u uploads
	got := command(t, u.take, nil, "post", folder)
	got.want(t, 0, "")
	if slices.Sort(u.names); !slices.Equal(u.names, []string{"a.jpg", "c.PNG", "d.jpeg"}) {
		t.Errorf("it uploaded %q", u.names)
	}
	lines := got.lines(t)
	if len(lines) != 3 || lines[0]["file"] != filepath.Join(folder, "a.jpg") || lines[0]["status"] != "pending" || lines[0]["sent"] != true || lines[0]["id"] == nil {
		t.Errorf("it printed %s", got.stdout)
	}
}

func TestAFolderWithoutAPictureIsAnError(t *testing.T) {
	folder := photos(t, "some/a.jpg", "none/notes.txt", "none/.hidden.jpg")
	for name, args := range map[string][]string{"alone": {"none"}, "beside another": {"some", "none"}, "as paths": {"-paths", "none"}} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(folder)
			var u uploads
			got := command(t, u.take, nil, append([]string{"post"}, args...)...)
			got.want(t, 1, "1 of ")
			var said []any
			for _, line := range got.lines(t) {
				if line["error"] != nil {
					said = append(said, line["file"], line["error"])
				}
			}
			if len(said) != 2 || said[0] != "none" || !strings.Contains(fmt.Sprint(said[1]), "no file that is named like a picture: JPEG") {
				t.Errorf("it printed %s", got.stdout)
			}
			if len(u.names) != len(args)-1 && name != "as paths" {
				t.Errorf("it uploaded %q", u.names)
			}
		})
	}
}

func TestAFileIsUploadedWhateverItsName(t *testing.T) {
	var names []string
	take := func(w http.ResponseWriter, r *http.Request) {
		_, header, err := r.FormFile("image")
		testkit.Succeed(t, err)
		names = append(names, header.Filename)
		io.WriteString(w, `{"images":[{"id":1}]}`)
	}
	for name, want := range map[string]string{
		"a\x1b[2J\x7f\t.jpg": "a?[2J??.jpg", `"; b="c.jpg`: `"; b="c.jpg`, "می\u200cخواهم.jpg": "می\u200cخواهم.jpg", "d\xff.jpg": "d\uFFFD.jpg",
	} {
		names = nil
		command(t, take, nil, "post", filepath.Join(photos(t, name), name)).want(t, 0, "")
		if !slices.Equal(names, []string{want}) {
			t.Errorf("%q was uploaded as %q, want %q", name, names, want)
		}
	}
}

func TestWhatIsRefusedIsToldAndTheRestPosted(t *testing.T) {
	folder := photos(t, "bad.txt", "good.jpg")
	var u uploads
	got := command(t, u.take, nil, "post", filepath.Join(folder, "bad.txt"), filepath.Join(folder, "missing.jpg"), filepath.Join(folder, "good.jpg"), "/dev/null")
	got.want(t, 1, "3 of 4 were refused")
	var said []string
	for _, line := range got.lines(t) {
		said = append(said, fmt.Sprint(line["error"]))
	}
	slices.Sort(said)
	if want := []string{"<nil>", "no such file or directory", "not a file", "not a picture"}; !slices.Equal(said, want) {
		t.Errorf("it said %q, want %q", said, want)
	}
}

func TestABusyServerIsAskedAgain(t *testing.T) {
	file := filepath.Join(photos(t, "a.jpg"), "a.jpg")
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var u uploads
			var asked []time.Time
			got := command(t, func(w http.ResponseWriter, r *http.Request) {
				if asked = append(asked, time.Now()); len(asked) == 1 {
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(status)
					return
				}
				u.take(w, r)
			}, nil, "post", file)
			got.want(t, 0, "trying again")
			if len(asked) != 2 || asked[1].Sub(asked[0]) < time.Second {
				t.Errorf("it asked at %v; Retry-After was 1 second", asked)
			}
		})
	}
}

func TestWhatEndsAPostForAll(t *testing.T) {
	folder := photos(t, "a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg", "g.jpg", "h.jpg")
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no key": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"status":401,"detail":"send an API key"}`)
		}, "API_KEY"},
		"a full disk": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInsufficientStorage)
			io.WriteString(w, `{"status":507,"detail":"make room"}`)
		}, "make room"},
		"busy for too long":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
		"something else answers": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "read receive's answer"},
		"a wrong address":        {http.NotFound, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			asked := 0
			got := commandWith(t.Context(), t, settings{AtOnce: 2}, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				asked++
				io.Copy(io.Discard, r.Body)
				test.answer(w, r)
			}, nil, "post", folder)
			got.want(t, 1, test.want)
			if asked > 4 {
				t.Errorf("it asked %d times", asked)
			}
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		var out, errs bytes.Buffer
		code := run(t.Context(), settings{ReceiveURL: "http://127.0.0.1:1", AtOnce: 1}, []string{"post", folder}, nil, &out, &errs)
		done{code, out.String(), errs.String()}.want(t, 1, "connection refused")
	})
}

func TestAPictureWhoseConnectionBreaksDoesNotEndThePost(t *testing.T) {
	folder := photos(t, "a.jpg", "breaks.jpg", "c.jpg")
	var u uploads
	got := commandWith(t.Context(), t, settings{AtOnce: 1, APIKey: "secret"}, func(w http.ResponseWriter, r *http.Request) {
		if _, header, err := r.FormFile("image"); err == nil && header.Filename == "breaks.jpg" {
			panic(http.ErrAbortHandler)
		}
		u.take(w, r)
	}, nil, "post", folder)
	got.want(t, 1, "1 of 3")
	if len(u.names) != 2 {
		t.Errorf("it uploaded %q", u.names)
	}
}

// paths takes paths: 3 at most, none with a space, and what ends in a slash is a folder.
type paths struct {
	mu     sync.Mutex
	posted []string
}

func (p *paths) take(w http.ResponseWriter, r *http.Request) {
	var body struct{ Paths []struct{ Path string } }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Paths) > 3 || r.URL.Path != "/images/post" || r.Header.Get("Accept") != "application/json" {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, `{"detail":"too many"}`)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	images, folders, good := []posted{}, []map[string]any{}, 0
	for _, one := range body.Paths {
		p.posted = append(p.posted, one.Path)
		switch {
		case one.Path == "none/":
			folders = append(folders, map[string]any{"path": one.Path, "error": "no folder"})
			continue
		case strings.Contains(one.Path, " "):
			images = append(images, posted{Path: one.Path, Error: "a space"})
			continue
		case strings.HasSuffix(one.Path, "/"):
			folders = append(folders, map[string]any{"id": 7, "path": one.Path, "found": 0})
		default:
			images = append(images, posted{ID: int64(len(p.posted)), Path: one.Path, Status: "pending"})
		}
		good++
	}
	status := http.StatusAccepted
	if good == 0 {
		status = http.StatusUnprocessableEntity
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"images": images, "folders": folders})
}

func TestPathsComeFromStdin(t *testing.T) {
	var p paths
	got := command(t, p.take, strings.NewReader("a.jpg\n\nin/\r\nnone/\nb c.jpg\ns3://pictures/d.jpg\nd.jpg\ne.jpg\n"), "post", "-")
	got.want(t, 1, "2 of 7")
	if slices.Sort(p.posted); !slices.Equal(p.posted, []string{"a.jpg", "b c.jpg", "d.jpg", "e.jpg", "in/", "none/", "s3://pictures/d.jpg"}) {
		t.Errorf("it posted %q", p.posted)
	}
	for _, line := range got.lines(t) {
		switch line["file"] {
		case "b c.jpg":
			if line["error"] != "a space" {
				t.Errorf("it printed %v", line)
			}
		case "none/":
			if line["error"] != "no folder" {
				t.Errorf("it printed %v", line)
			}
		case "in/":
			if line["folder"] != 7.0 {
				t.Errorf("it printed %v", line)
			}
		default:
			if line["id"] == nil || line["path"] != line["file"] {
				t.Errorf("it printed %v", line)
			}
		}
	}
	t.Run("all refused", func(t *testing.T) {
		got := command(t, p.take, strings.NewReader("x y\n"), "post", "-")
		got.want(t, 1, "1 of 1")
		if lines := got.lines(t); len(lines) != 1 || lines[0]["error"] != "a space" {
			t.Errorf("it printed %s", got.stdout)
		}
	})
}

// A folder about which receive says nothing has not the next picture's result.
func TestAnswersBelongToTheirPaths(t *testing.T) {
	for name, body := range map[string]string{
		"a folder without an answer":                   `{"images":[{"id":1,"path":"a.jpg"},{"id":2,"path":"b.jpg"}]}`,
		"a picture without an answer":                  `{"images":[],"folders":[{"id":7,"path":"in/"},{"id":8,"path":"on/"}]}`,
		"one that answers of more than what was asked": `{"images":[{"id":1},{"id":2}],"folders":[{"id":7}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
			got := command(t, answer, strings.NewReader("in/\na.jpg\n"), "post", "-")
			got.want(t, 1, "receive answered")
			if got.stdout != "" {
				t.Errorf("it printed %s", got.stdout)
			}
		})
	}
}

func TestAPathIsPostedBeforeTheNextIsWritten(t *testing.T) {
	var p paths
	read, write := io.Pipe()
	ended := make(chan done)
	go func() { ended <- command(t, p.take, read, "post", "-") }()
	for i, path := range []string{"a.jpg\n", "b.jpg\n"} {
		io.WriteString(write, path)
		testkit.Eventually(t, time.Minute, "the path is posted", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.posted) == i+1
		})
	}
	write.Close()
	(<-ended).want(t, 0, "")
}

func TestFilesArePostedAsPaths(t *testing.T) {
	folder := photos(t, "a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
	var p paths
	got := command(t, p.take, nil, "post", "-paths", folder)
	got.want(t, 0, "")
	if len(p.posted) != 5 || !slices.Contains(p.posted, filepath.Join(folder, "e.jpg")) {
		t.Errorf("it posted %q", p.posted)
	}
}

func TestCtrlCEndsIt(t *testing.T) {
	folder := photos(t, "a.jpg", "b.jpg")
	silent, _ := io.Pipe()
	for name, args := range map[string][]string{
		"while a file is uploaded":  {"post", folder},
		"while stdin is silent":     {"post", "-"},
		"while it waits":            {"wait", "1"},
		"while it reads ids":        {"wait", "-"},
		"while it reads the answer": {"ls"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			time.AfterFunc(300*time.Millisecond, stop)
			got := commandWith(ctx, t, settings{AtOnce: 1, RetryFor: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
			}, silent, args...)
			got.want(t, 130, "nothing is done twice")
			if got.stdout != "" {
				t.Errorf("it printed %s", got.stdout)
			}
		})
	}
}

// results answers as view: picture 1 is final when it was asked for three times, 2 failed, 3 never has a result.
type results struct {
	mu    sync.Mutex
	asked map[string]int
}

func (v *results) take(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil {
		v.asked = map[string]int{}
	}
	v.asked[r.URL.Path]++
	switch r.URL.RequestURI() {
	case "/images/1":
		status := "processing"
		if v.asked[r.URL.Path] >= 3 {
			status = "identified"
		}
		fmt.Fprintf(w, `{"id":1,"path":"a.jpg","status":%q,"faces":[{"person":{"id":4,"name":"Ada"}},{"person":null}],"more":"kept"}`+"\n", status)
	case "/images/2":
		io.WriteString(w, `{"id":2,"path":"b.jpg","status":"failed","reason":"no such picture"}`)
	case "/folders/7":
		finished := "null"
		if v.asked[r.URL.Path] >= 3 {
			finished = `"2026-01-02T03:04:05Z"`
		}
		fmt.Fprintf(w, `{"id":7,"path":"in/","submitted":2,"done":2,"failed":0,"finished_at":%s}`, finished)
	case "/folders/8":
		io.WriteString(w, `{"id":8,"path":"in/","submitted":2,"done":1,"failed":1,"finished_at":"2026-01-02T03:04:05Z"}`)
	case "/folders/9":
		io.WriteString(w, `{"id":9,"path":"in/","submitted":2,"done":1,"failed":0,"finished_at":"2026-01-02T03:04:05Z"}`)
	case "/images/3":
		io.WriteString(w, `{"id":3,"path":"c.jpg","status":"pending"}`)
	case "/?status=pending":
		io.WriteString(w, `{"images":[],"next":"/?before=9&status=pending"}`)
	case "/?before=9&status=pending":
		io.WriteString(w, `{"images":[{"id":1,"path":"a.jpg","status":"pending"}],"next":null}`)
	case "/?status=processing":
		io.WriteString(w, `{"images":[],"next":null}`)
	case "/?":
		io.WriteString(w, `{"images":[{"id":2},{"id":1}],"next":"/?before=1"}`)
	case "/?person=4":
		io.WriteString(w, `{"images":[{"id":1}],"next":null}`)
	case "/people":
		io.WriteString(w, `{"people":[{"id":3,"name":"Ben"},{"id":4,"name":"Ada"}],"next":null}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"detail":"There is no picture with this id."}`)
	}
}

func TestWait(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		stdin  string
		code   int
		stderr string
		want   string
	}{
		"for one":                            {[]string{"wait", "1"}, "", 0, "", `"more":"kept"`},
		"one that failed":                    {[]string{"wait", "1", "2"}, "", 1, "1 of 2", "no such picture"},
		"one that is not there":              {[]string{"wait", "99", "1"}, "", 1, "1 of 2", "There is no picture"},
		"one that takes too long":            {[]string{"wait", "3", "-timeout", "300ms"}, "", 1, "1 of 1", "-timeout"},
		"for a folder":                       {[]string{"wait", "folders/7"}, "", 0, "", `"finished_at":"2026`},
		"for a folder that was posted":       {[]string{"wait", "-"}, `{"file":"in/","folder":7}` + "\n", 0, "", `"finished_at":"2026`},
		"for a folder with a failed picture": {[]string{"wait", "folders/8"}, "", 1, "1 of 1", `"failed":1`},
		"for a folder that is not done":      {[]string{"wait", "-timeout", "300ms", "folders/9"}, "", 1, "1 of 1", `"folder":9`},
		"for what is no folder":              {[]string{"wait", "folders/x"}, "", 2, "folders/", ""},
		"for all that wait":                  {[]string{"wait"}, "", 0, "", `"identified"`},
		"for ids on stdin":                   {[]string{"wait", "-"}, "1\n", 0, "", `"identified"`},
		"for what was posted":                {[]string{"wait", "-"}, `{"file":"a.jpg","id":1,"status":"pending"}` + "\n", 0, "", `"identified"`},
		"for what was refused":               {[]string{"wait", "-"}, `{"file":"x.jpg","error":"not a picture"}` + "\n1\n", 1, "1 of 2", "not a picture"},
		"for what ls printed, of many faces": {[]string{"wait", "-"}, `{"id":1,"faces":[` + strings.Repeat(`{"image_name":"`+strings.Repeat("a", 250)+`"},`, 1000) + "{}]}\n", 0, "", `"identified"`},
		"for something else":                 {[]string{"wait", "-"}, "hello\n", 1, "1 of 1", "neither an id"},
		"for what is no id":                  {[]string{"wait", "one"}, "", 2, "not the id", ""},
		"for what looks like a flag":         {[]string{"wait", "--", "1", "-quickly"}, "", 2, `"-quickly" is not the id`, ""},
		"behind a name and --":               {[]string{"wait", "1", "--", "2"}, "", 1, "1 of 2", "no such picture"},
		"with a wrong flag":                  {[]string{"wait", "-quickly"}, "", 2, "quickly", ""},
		"with no time":                       {[]string{"wait", "-timeout", "0s", "1"}, "", 2, "-timeout", ""},
		"with flags explained":               {[]string{"wait", "-help"}, "", 0, "how long to wait", ""},
		"post without a name":                {[]string{"post"}, "", 2, "say what to post", ""},
		"post with - and a name":             {[]string{"post", "-", "a"}, "", 2, "stands alone", ""},
		"no verb":                            {nil, "", 2, "say lineup post", ""},
		"another verb":                       {[]string{"walk"}, "", 2, "say lineup post", ""},
		"ls of all":                          {[]string{"ls", "-limit", "1"}, "", 0, "", `{"id":2}`},
		"ls of a person":                     {[]string{"ls", "-person", "Ada"}, "", 0, "", `{"id":1}`},
		"ls of a person's id":                {[]string{"ls", "-person", "4"}, "", 0, "", `{"id":1}`},
		"ls of nobody":                       {[]string{"ls", "-person", "Zoe"}, "", 1, "nobody is called", ""},
		"ls of what is no status":            {[]string{"ls", "-status", "done"}, "", 2, "none of pending", ""},
		"ls of what is no number":            {[]string{"ls", "-limit", "-1"}, "", 2, "-limit", ""},
		"ls of a name":                       {[]string{"ls", "a.jpg"}, "", 2, "takes no names", ""},
		"ls of a page that is gone":          {[]string{"ls", "-limit", "0"}, "", 1, "There is no picture", `{"id":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v results
			got := command(t, v.take, strings.NewReader(test.stdin), test.args...)
			got.want(t, test.code, test.stderr)
			if !strings.Contains(got.stdout, test.want) {
				t.Errorf("it printed %s, want in it %s", got.stdout, test.want)
			}
			if test.want != "" {
				got.lines(t)
			}
		})
	}
}

func TestTextForATerminal(t *testing.T) {
	var v results
	server := httptest.NewServer(http.HandlerFunc(v.take))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	r := newReport(&stdout, &stderr)
	r.json, r.live = false, true
	s := settings{ViewURL: server.URL, AtOnce: 1}
	p := &program{settings: s, client: newClient(s, r.note), report: r}
	if err := wait(t.Context(), p, []string{"1", "2"}); !errors.Is(err, errSome) {
		t.Errorf("it ended by %v", err)
	}
	r.end()
	for _, want := range []string{"     1  identified ", "Ada, 1 unknown", "a.jpg\n", "     2  failed ", "no such picture", "b.jpg\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("it printed %s, want in it %q", &stdout, want)
		}
	}
	if got := stderr.String(); !strings.Contains(got, "1 of 2") || !strings.HasSuffix(got, "\r\033[Klineup: 1 of 2 were refused, failed or have no result\n") {
		t.Errorf("the progress is %q", got)
	}
}

func TestNothingThatATerminalObeysIsPrinted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	r := newReport(&stdout, &stderr)
	r.json = false
	r.picture(nil, "a\033[2J\n.jpg", true)
	r.note("%s", "b\033[2J\n.jpg")
	if got := stdout.String() + stderr.String(); got != "a?[2J?.jpg\nlineup: b?[2J?.jpg\n" {
		t.Errorf("it printed %q", got)
	}
}

func TestAnUploadThatIsRefusedIsNamedOnce(t *testing.T) {
	var stdout bytes.Buffer
	r := newReport(&stdout, io.Discard)
	r.json = false
	(&program{report: r}).tell(posted{File: "in/a.txt", Error: "a.txt: not a picture"})
	if got := stdout.String(); got != "refused  in/a.txt: not a picture\n" {
		t.Errorf("it printed %q", got)
	}
}

// A script must not take a list for whole that lost its end on a full disk.
func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	testkit.Succeed(t, err)
	defer full.Close()
	var v results
	server := httptest.NewServer(http.HandlerFunc(v.take))
	defer server.Close()
	for _, args := range [][]string{{"ls", "-limit", "2"}, {"wait", "1"}} {
		var stderr bytes.Buffer
		code := run(t.Context(), settings{ViewURL: server.URL, AtOnce: 1}, args, nil, full, &stderr)
		if code != 1 || strings.Count(stderr.String(), "no space left") != 1 {
			t.Errorf("%v ended with %d and said %s", args, code, &stderr)
		}
	}
}

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any { return &settings{ReceiveURL: "http://receive", ViewURL: "https://view", AtOnce: 1} })
}

func TestAKeyThatNoHeaderCanCarryIsRefused(t *testing.T) {
	s := settings{ReceiveURL: "http://receive", ViewURL: "https://view", AtOnce: 1, APIKey: "secret\n"}
	if err := serve.Check(&s); err == nil || !strings.HasPrefix(err.Error(), "API_KEY ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v, want an error that names API_KEY and does not show it", err)
	}
}

// The exit status of wait and what it prints follow from what lineup.Status says.
func TestEveryStatusHasAnOutcome(t *testing.T) {
	for _, status := range lineup.Statuses {
		line := testkit.Must(json.Marshal(lineup.Image{ID: 1, Status: status, Reason: "too dark"}))(t)
		text, good, final, err := outcome("images/1", line)
		if err != nil || final != status.Final() || good == status.IsFailure() || strings.Contains(text, "too dark") != status.IsFailure() {
			t.Errorf("%s: %q, good: %v, final: %v, %v", status, text, good, final, err)
		}
	}
}
