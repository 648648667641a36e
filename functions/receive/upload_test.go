package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

const pngStart = "\x89PNG\r\n\x1a\n"

// namedFiles is a multipart body with a file for each parameter of its disposition and
// content in turn.
func namedFiles(pairs ...string) (body, kind string) {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; name=\"image\"; %s\r\n\r\n%s\r\n", pairs[i], pairs[i+1])
	}
	return b.String() + "--x--\r\n", "multipart/form-data; boundary=x"
}

func (s *system) fileName(t *testing.T, id int64) string {
	t.Helper()
	return testkit.Must(s.store.Image(t.Context(), id))(t).FileName
}

func TestAnUploadKeepsItsName(t *testing.T) {
	s := newSystem(t)
	for i, c := range []struct{ disposition, want string }{
		{`filename="IMG_0001.png"`, "IMG_0001.png"},
		{`filename="ส้ม 🍊.png"`, "ส้ม 🍊.png"},
		{`filename="x.png"; filename*=UTF-8''na%C3%AFve%20file.png`, "naïve file.png"},
		{`filename="../../etc/passwd"`, "passwd"},
		{`filename="C:\\photos\\me.png"`, "me.png"},
		{`filename=""`, ""},
		{`x=y`, ""},
	} {
		body, kind := namedFiles(c.disposition, pngStart+fmt.Sprint(i))
		image := s.do(t, "/images", body, "Content-Type", kind).images(t)[0]
		if image.FileName != c.want || s.fileName(t, image.ID) != c.want {
			t.Errorf("%s in a form: answered %q, saved %q, want %q", c.disposition, image.FileName, s.fileName(t, image.ID), c.want)
		}
		if strings.Contains(c.disposition, "*") { // as the body's own header it has one name
			continue
		}
		image = s.do(t, "/images", pngStart+"own "+fmt.Sprint(i), "Content-Type", "image/png", "Content-Disposition", "attachment; "+c.disposition).images(t)[0]
		if s.fileName(t, image.ID) != c.want {
			t.Errorf("%s of a body: %q, want %q", c.disposition, s.fileName(t, image.ID), c.want)
		}
	}
}

func TestARefusedUploadIsNamed(t *testing.T) {
	s := newSystem(t)
	body, kind := namedFiles(`filename="a.png"`, pngStart, `filename="notes.txt"`, "hello", `filename="large.png"`, pngStart+strings.Repeat("x", 1<<20), `x=y`, "no name")
	got := s.do(t, "/images", body, "Content-Type", kind).images(t)
	for i, want := range []string{"", "notes.txt: not a picture", "large.png: image is larger than", "not a picture"} {
		if !strings.HasPrefix(got[i].Error, want) || (want == "") != (got[i].Error == "") {
			t.Errorf("file %d: %q, want %q", i, got[i].Error, want)
		}
	}
	if got[1].FileName != "notes.txt" {
		t.Errorf("the refused file is %+v", got[1])
	}
	body, kind = namedFiles(`filename="notes.txt"`, "hello")
	if got := s.do(t, "/images", body, "Content-Type", kind); got.status != http.StatusUnsupportedMediaType || !strings.Contains(got.body, "notes.txt: not a picture") ||
		!strings.Contains(got.body, `"files":[{"number":1,"name":"notes.txt","error":"not a picture`) {
		t.Errorf("alone: %d %s", got.status, got.body)
	}
}

// A browser sends each file field of a form, also those in which nothing is chosen.
func TestAFieldInWhichNothingIsChosenIsNoPicture(t *testing.T) {
	s := newSystem(t)
	body, kind := namedFiles(`filename="a.png"`, pngStart, `filename=""`, "")
	if got := s.do(t, "/images", body, "Content-Type", kind).images(t); len(got) != 1 || got[0].ID == 0 {
		t.Errorf("beside one that is chosen: %+v", got)
	}
	body, kind = namedFiles(`filename=""`, "", `filename=""`, "")
	if got := s.do(t, "/images", body, "Content-Type", kind); got.status != http.StatusBadRequest || !strings.Contains(got.body, "nothing-sent") {
		t.Errorf("alone: %d %s", got.status, got.body)
	}
	body, kind = namedFiles(`filename="empty.png"`, "")
	if got := s.do(t, "/images", body, "Content-Type", kind); got.status != http.StatusUnsupportedMediaType || !strings.Contains(got.body, "empty.png: not a picture") {
		t.Errorf("an empty file: %d %s", got.status, got.body)
	}
}

// The same bytes are the same picture: neither saved nor looked at twice.
func TestAnUploadThatIsThereIsNotLookedAtAgain(t *testing.T) {
	s := newSystem(t)
	post := func(name string) picture {
		t.Helper()
		return s.do(t, "/images", pngStart, "Content-Type", "image/png", "Content-Disposition", `attachment; filename="`+name+`"`).images(t)[0]
	}
	first := post("first.png")
	s.look(t, first.ID)
	again := post("second.png")
	if again.ID != first.ID || *again.Sent || again.Status != lineup.Unknown || s.fileName(t, first.ID) != "second.png" {
		t.Errorf("uploaded again it is %+v, called %q; want it final and not sent, with its newest name", again, s.fileName(t, first.ID))
	}
	s.put(t, first.Path, "cut") // damaged: the upload mends it, and it is looked at
	if mended := post("third.png"); mended.Status != lineup.Pending || !*mended.Sent {
		t.Errorf("after its file was damaged it is %+v, want it looked at again", mended)
	}
	file := testkit.Must(s.roots.Entry(t.Context(), first.Path))(t)
	if file.Size != int64(len(pngStart)) {
		t.Errorf("the file has %d bytes, want it mended", file.Size)
	}
}

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"a.jpg", "../..", `C:\a\b.jpg`, "a\x00\r\nb", "\xff\xfe.jpg", "a\u202egpj.exe", ".", "..", " ", strings.Repeat("🙂", 200) + ".jpg", strings.Repeat("ä", 127) + "x", "\u202e", "\u2028"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean := cleanFileName(name)
		if !utf8.ValidString(clean) || len(clean) > store.FileNameWidth || strings.ContainsAny(clean, "/\\\r\n\x00\x7f\u202e\u2028") || clean == "." || clean == ".." {
			t.Errorf("%q becomes %q", name, clean)
		}
		if len(name) > store.FileNameWidth && utf8.ValidString(name) && strings.HasSuffix(name, "long.jpg") && !strings.HasSuffix(clean, "long.jpg") {
			t.Errorf("%q becomes %q, which does not tell its kind", name, clean)
		}
	})
}

// Uploads beyond UPLOAD_MEMORY wait for those before them, and not for ever.
func TestUploadsWaitForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := newUploadMemory(1000)
		reserve := func(length int64) (func(), error) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/images", nil)
			request.ContentLength = length
			return memory.reserve(request, 2000)
		}
		for _, length := range []int64{1000, -1, 5000} { // unknown, and more than there is: all of it
			release := testkit.Must(reserve(length))(t)
			if memory.free.TryAcquire(1) {
				t.Errorf("a body of %d bytes leaves room for another", length)
			}
			release()
		}
		release := testkit.Must(reserve(600))(t)
		second := make(chan func(), 1)
		go func() { second <- testkit.Must(reserve(600))(t) }()
		synctest.Wait()
		if len(second) != 0 {
			t.Fatal("1,200 bytes are held where 1,000 may be")
		}
		release()
		release = <-second
		_, err := reserve(600)
		problem, ok := errors.AsType[*serve.Problem](err)
		if !ok || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0 || !strings.Contains(problem.Detail, "UPLOAD_MEMORY") {
			t.Errorf("when none is given back: %v, want 503 with Retry-After that names the setting", err)
		}
		release()
	})
}

// The memory is what settings.go and docs/operations.md say: twice UPLOAD_MEMORY and
// what the program takes without uploads, however many come.
func TestUploadsTakeNoMoreMemoryThanIsStated(t *testing.T) {
	s := newSystem(t)
	const upload, allowed = 32 << 20, 64 << 20
	s.uploads = newUploadMemory(allowed)
	s.limits.MaxPicture, s.limits.MaxUpload = 2*upload, 4*upload
	server := httptest.NewServer(s.routes()) // what judges requests keeps them
	defer server.Close()
	debug.FreeOSMemory()
	before := goMemory()
	// As in a container whose memory is as large as the stated sum.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(before + 2*allowed))
	most := peak(t)
	piece := strings.Repeat("x", 1<<20)
	post := func(i int) error {
		first := fmt.Sprint(pngStart, i)
		parts := []io.Reader{strings.NewReader(first)}
		for range upload >> 20 {
			parts = append(parts, strings.NewReader(piece))
		}
		body, kind, length := io.MultiReader(parts...), "image/png", int64(len(first)+upload)
		if i%2 == 0 { // of unknown length, in a form
			kind, length = "multipart/form-data; boundary=x", -1
			body = io.MultiReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n"), body, strings.NewReader("\r\n--x--\r\n"))
		}
		request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/images", body))(t)
		request.Header.Set("Content-Type", kind)
		request.ContentLength = length
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if answer, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusAccepted {
			return fmt.Errorf("%d %s", response.StatusCode, answer)
		}
		return nil
	}
	var all sync.WaitGroup
	for i := range 16 {
		// One that waited too long for the others is sent again, as it is told.
		all.Go(func() { testkit.Retry(t, time.Minute, func() error { return post(i) }) })
	}
	all.Wait()
	t.Logf("%d MiB before, %d MiB at most with 16 uploads of 32 MiB", before>>20, most()>>20)
	if limit := before + 2*allowed + 32<<20; most() > limit { // 32 MiB for what the collector has not come to yet
		t.Errorf("%d MiB at most, want %d", most()>>20, limit>>20)
	}
}

// goMemory is what Go's runtime has from the system, in bytes. The race detector's own
// does not count.
func goMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// peak looks at the memory until the test ends, and tells the most there was.
func peak(t *testing.T) (most func() int64) {
	t.Helper()
	var highest atomic.Int64
	ended, stop := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-ended })
	go func() {
		defer close(ended)
		for {
			highest.Store(max(highest.Load(), goMemory()))
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return highest.Load
}

func TestAnUploadWhoseFileWentWithADeletedPictureIsSavedAgain(t *testing.T) {
	s := newSystem(t)
	const content = "\xff\xd8\xff one"
	first := s.do(t, "/api/v1/images", content, "Content-Type", "image/jpeg").images(t)[0]
	saved, err := save(t.Context(), s.receiver.roots, first.Path, []byte(content))
	testkit.Succeed(t, err)
	if saved {
		t.Error("a file that is there was saved again")
	}
	again := newPicture(first.Path, event.Trace{})
	again.upload = []byte(content)
	s.ask(t, "DELETE", fmt.Sprintf("images/%d", first.ID), "", http.StatusNoContent, nil) // just then
	pictures := []picture{again}
	testkit.Succeed(t, s.receiver.submit(t.Context(), pictures))
	if pictures[0].ID == first.ID || pictures[0].upload != nil {
		t.Errorf("it is %+v, and the first was %d", pictures[0], first.ID)
	}
	if body := testkit.Must(os.ReadFile(filepath.Join(s.images, first.Path)))(t); string(body) != content {
		t.Errorf("the file holds %q", body)
	}
}

func TestAPictureWhoseFileCannotBeRemovedStays(t *testing.T) {
	s := newSystem(t)
	posted := s.do(t, "/api/v1/images", "\xff\xd8\xff one", "Content-Type", "image/jpeg").images(t)[0]
	file := filepath.Join(s.images, posted.Path)
	testkit.Succeed(t, os.Remove(file))
	testkit.Succeed(t, os.MkdirAll(filepath.Join(file, "in it"), 0o700)) // a folder that is not empty cannot be removed
	s.ask(t, "DELETE", fmt.Sprintf("images/%d", posted.ID), "", http.StatusServiceUnavailable, nil)
	testkit.Must(s.store.Image(t.Context(), posted.ID))(t)
	testkit.Succeed(t, os.RemoveAll(file))
	s.ask(t, "DELETE", fmt.Sprintf("images/%d", posted.ID), "", http.StatusNoContent, nil)
}
