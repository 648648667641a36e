package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

// system is a receiver on a real database and a real nsqd.
type system struct {
	*receiver
	store    *store.Store // of the test itself
	handler  http.Handler
	nsqd     *deptest.NSQD
	dsn      string
	images   string // folder of the first root
	gallery  string
	examined atomic.Int64 // photos that examineDue looked at
}

func newSystem(t *testing.T) *system { return newSystemWithKeys(t, "") }

func newSystemWithKeys(t *testing.T, keysFile string) *system {
	t.Helper()
	images, gallery := t.TempDir(), t.TempDir()
	s := newSystemAt(t, keysFile, images+",s3://pictures?region=us-east-1", gallery)
	s.images, s.gallery = images, gallery
	return s
}

// newSystemAt has its pictures and gallery in these roots.
func newSystemAt(t *testing.T, keysFile, imagesURL, knownPeople string) *system {
	t.Helper()
	s := &system{dsn: deptest.Migrated(t), nsqd: deptest.NSQ(t)}
	log := slog.New(slog.DiscardHandler)
	// The handler has no more rights than it needs; what a test prepares goes another way.
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: deptest.Account(t, s.dsn, "receive")}, Connections: 10}))(t)
	s.store = testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: s.dsn}, Connections: 10}))(t)
	nsq := deptest.QueueSettings(t, s.nsqd.TCP, s.nsqd.HTTP)
	nsq.Timeout = time.Second
	hintQueue := testkit.Must(queue.New(nsq))(t)
	roots := testkit.Must(photo.Open(imagesURL))(t)
	gallery := testkit.Must(photo.Open(knownPeople))(t)
	t.Cleanup(func() { db.Close(); s.store.Close(); hintQueue.Close(); roots.Close(); gallery.Close() })
	authenticator := testkit.Must(auth.New(auth.Settings{KeysFile: keysFile, Hosts: []string{"example.com"}}, log))(t)
	of := settings{
		Subscription: queue.Subscription{Topic: "images", Channel: "process"}, Topics: fromTags[Topics](t),
		Limits: fromTags[Limits](t), GroupSettings: fromTags[GroupSettings](t), SweepSettings: fromTags[SweepSettings](t), FolderSettings: fromTags[FolderSettings](t), ErasingSettings: fromTags[ErasingSettings](t), AdoptSettings: fromTags[AdoptSettings](t), Prewarming: fromTags[prewarm.Settings](t), DeadLetters: fromTags[DeadLetters](t),
	}
	of.MaxPicture, of.MaxUpload, of.UploadMemory = 1<<20, 3<<20, 8<<20 // what is larger is quickly made
	of.StatementTimeout = 10 * time.Second
	of.EnrolWait = 0 // nobody looks at photos unless a test does
	of.Interval = 0  // every ping of a test sweeps
	s.receiver = newReceiver(of, opened{authenticator, db, hintQueue, roots, gallery}, nil, log)
	s.handler = contract.Handler(t, s.routes(), func(*http.Request) bool { return true })
	return s
}

// fromTags are settings as they are when nobody says anything.
func fromTags[T any](t *testing.T) (settings T) {
	t.Helper()
	testkit.Succeed(t, envconfig.Process("", &settings))
	return settings
}

// reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (s *system) do(t *testing.T, path, body string, header ...string) reply {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return reply{recorder.Code, recorder.Header(), recorder.Body.String()}
}

func (r reply) images(t *testing.T) []picture {
	t.Helper()
	var body struct{ Images []picture }
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatalf("answer %d %q: %v", r.status, r.body, err)
	}
	return body.Images
}

// nextHints reads n messages from the hints' topic.
func (s *system) nextHints(t *testing.T, n int) []string {
	t.Helper()
	return s.next(t, "images", n)
}

// next reads n messages from a topic. Hints of changes, which come with many writes, are passed over.
func (s *system) next(t *testing.T, topic string, n int) []string {
	t.Helper()
	return s.nextOf(t, topic, n, func(body string) bool { return !isOfChange(body) })
}

func isOfChange(body string) bool {
	return strings.Contains(body, `"type":"dev.lineup.change.submitted"`)
}

// nextOf reads n messages that are wanted from a topic, and the others before them.
func (s *system) nextOf(t *testing.T, topic string, n int, wanted func(body string) bool) []string {
	t.Helper()
	bodies := make(chan string, n)
	config := nsq.NewConfig()
	consumer := testkit.Must(nsq.NewConsumer(topic, "process", config))(t)
	consumer.SetLoggerLevel(nsq.LogLevelMax)
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		if wanted(string(m.Body)) {
			bodies <- string(m.Body)
		}
		return nil
	}))
	testkit.Succeed(t, consumer.ConnectToNSQD(s.nsqd.TCP))
	defer func() { consumer.Stop(); <-consumer.StopChan }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []string
	for len(got) < n {
		select {
		case body := <-bodies:
			got = append(got, body)
		case <-ctx.Done():
			t.Fatalf("%d messages in %s, want %d", len(got), topic, n)
		}
	}
	return got
}

func (s *system) depth(t *testing.T) int {
	t.Helper()
	depth := testkit.Must(s.publisher.queue.Backlog(t.Context(), "images", "process"))(t)
	return depth
}

var idOfPath = regexp.MustCompile("<of (.+?)>")

// withIDs has the ids of the pictures in place of <of PATH>.
func (s *system) withIDs(t *testing.T, text string) string {
	t.Helper()
	return idOfPath.ReplaceAllStringFunc(text, func(of string) string {
		path := idOfPath.FindStringSubmatch(of)[1]
		var id int64
		testkit.Succeed(t, deptest.SQL(t, s.dsn).QueryRowContext(t.Context(), "SELECT id FROM images WHERE path = ?", path).Scan(&id))
		return strconv.FormatInt(id, 10)
	})
}

func TestTheOriginalAPIsAnswers(t *testing.T) {
	s := newSystem(t)
	form := "application/x-www-form-urlencoded" // what curl -d sends
	for _, step := range []struct{ name, path, body, want string }{
		{"a new path", "/image/post", `{"path":"/home/user/image_dump"}`,
			"got path: {Path:/home/user/image_dump}\nimage saved with id: <of /home/user/image_dump>\nimage sent to nsq\n"},
		{"a known path, spelled otherwise", "/image/post", `{"path":"/home/user/./image_dump"}`,
			"got path: {Path:/home/user/./image_dump}\nimage already saved with id: <of /home/user/image_dump>\nimage sent to nsq\n"},
		{"several paths", "/images/post", `{"paths":[{"path":"a.jpg"},{"path":"/home/user/image_dump"}]}`,
			"got path: {Path:a.jpg}\nimage saved with id: <of a.jpg>\nimage sent to nsq\n" +
				"got path: {Path:/home/user/image_dump}\nimage already saved with id: <of /home/user/image_dump>\nimage sent to nsq\n"},
		{"one of several is refused", "/images/post", `{"paths":[{"path":"../a.jpg"},{"path":"b.jpg"}]}`,
			"got path: {Path:../a.jpg}\nimage not saved: path refused: it leads to no file below a picture root\n" +
				"got path: {Path:b.jpg}\nimage saved with id: <of b.jpg>\nimage sent to nsq\n"},
	} {
		got := s.do(t, step.path, step.body, "Content-Type", form)
		if want := s.withIDs(t, step.want); got.status != http.StatusAccepted || got.body != want {
			t.Errorf("%s: %d %q, want 202 %q", step.name, got.status, got.body, want)
		}
	}
	if n := s.depth(t); n != 3 {
		t.Errorf("%d hints on the queue for three pictures", n)
	}
}

func TestNSQDownCostsNothingButTime(t *testing.T) {
	s := newSystem(t)
	s.nsqd.Stop()
	want := "got path: {Path:a.jpg}\nimage saved with id: 1\nimage not sent to nsq yet, it will be\n"
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`); got.status != http.StatusAccepted || got.body != want {
		t.Errorf("%d %q, want 202 %q", got.status, got.body, want)
	}
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Accept", "application/json").images(t); *got[0].Sent {
		t.Errorf("%+v, want sent to be false", got)
	}
	s.nsqd.Start(t)
	if got := s.ping(t.Context()); got != nil {
		t.Fatal(got)
	}
	if hint := s.nextHints(t, 1)[0]; !strings.Contains(hint, `"images/1"`) {
		t.Errorf("the hint is %s, want one for images/1", hint)
	}
}

func TestEventsInEveryMode(t *testing.T) {
	const one = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"%","datacontenttype":"application/json","data":{"path":"%.jpg"}}`
	event := func(id string) string { return strings.ReplaceAll(one, "%", id) }
	binary := []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "7", "Content-Type", "application/json"}
	for name, c := range map[string]struct {
		body   string
		header []string
		paths  []string
	}{
		"binary":                   {`{"path":"a.jpg","id":99}`, binary, []string{"a.jpg"}},
		"binary, sent by curl -d":  {`{"path":"a.jpg"}`, append(binary[:len(binary)-1:len(binary)-1], "application/x-www-form-urlencoded"), []string{"a.jpg"}},
		"binary, without a type":   {`{"path":"a.jpg"}`, binary[: len(binary)-2 : len(binary)-2], []string{"a.jpg"}},
		"structured, in capitals":  {event("b"), []string{"Content-Type", "Application/CloudEvents+JSON"}, []string{"b.jpg"}},
		"structured":               {event("b"), []string{"Content-Type", "application/cloudevents+json; charset=utf-8"}, []string{"b.jpg"}},
		"batched":                  {"[" + event("c") + "," + event("d") + "]", []string{"Content-Type", "application/cloudevents-batch+json"}, []string{"c.jpg", "d.jpg"}},
		"batched with a parameter": {"[" + event("e") + "]", []string{"Content-Type", "application/cloudevents-batch+json; charset=utf-8"}, []string{"e.jpg"}},
		"the original API's JSON":  {`{"path":"f.jpg"}`, []string{"Content-Type", "text/plain"}, []string{"f.jpg"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			got := s.do(t, "/", c.body, append(c.header, "Accept", "application/json")...)
			images := got.images(t)
			if got.status != http.StatusAccepted || len(images) != len(c.paths) {
				t.Fatalf("%d %s, want 202 and %v", got.status, got.body, c.paths)
			}
			for i, image := range images {
				if image.ID != int64(i+1) || image.Path != c.paths[i] || image.Status != "pending" || !*image.Sent {
					t.Errorf("image %d is %+v, want %s, pending, sent", i, image, c.paths[i])
				}
			}
			if name == "the original API's JSON" {
				return
			}
			if got := s.do(t, "/", c.body, c.header...); got.status != http.StatusAccepted || got.body != "" {
				t.Errorf("without Accept: %d %q, want 202 and no body", got.status, got.body)
			}
			if n := s.depth(t); n != len(c.paths) {
				t.Errorf("%d hints on the queue, want %d", n, len(c.paths))
			}
		})
	}
}

func TestAnEmptyBatchIsAccepted(t *testing.T) {
	s := newSystem(t)
	if got := s.do(t, "/", " [ ] ", "Content-Type", "application/cloudevents-batch+json"); got.status != http.StatusAccepted || got.body != "" {
		t.Errorf("%d %s, want 202 and no body", got.status, got.body)
	}
}

func TestABadEventOfABatchIsRefusedAlone(t *testing.T) {
	s := newSystem(t)
	const good = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"%","data":{"path":"%.jpg"}}`
	for _, bad := range []string{
		`7`, `{}`, `null`,
		`{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","data":{"path":"x.jpg"}}`,
		`{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"1","data_base64":{}}`,
		`{"specversion":"0.3","type":"dev.lineup.image.submitted","source":"/test","id":"1","data":{"path":"x.jpg"}}`,
	} {
		batch := "[" + strings.ReplaceAll(good, "%", "a") + "," + bad + "," + strings.ReplaceAll(good, "%", "b") + "]"
		header := []string{"Content-Type", "application/cloudevents-batch+json"}
		got := s.do(t, "/", batch, append(header, "Accept", "application/json")...)
		images := got.images(t)
		if got.status != http.StatusAccepted || len(images) != 3 || images[0].Path != "a.jpg" || images[1].ID != 0 || images[1].Error == "" || images[2].Path != "b.jpg" {
			t.Errorf("%s among others: %d %s", bad, got.status, got.body)
		}
		if got := s.do(t, "/", batch, header...); got.status != http.StatusAccepted || got.body != "" {
			t.Errorf("%s among others, without Accept: %d %s, want 202 and no body", bad, got.status, got.body)
		}
	}
	if n := s.depth(t); n != 2 {
		t.Errorf("%d hints on the queue, want those of a.jpg and b.jpg", n)
	}
}

func TestTheHintIsAnEventThatCarriesTheTrace(t *testing.T) {
	s := newSystem(t)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	s.do(t, "/image/post", `{"path":"a.jpg"}`, "Traceparent", trace)
	var got map[string]any
	testkit.Succeed(t, json.Unmarshal([]byte(s.nextHints(t, 1)[0]), &got))
	for name, want := range map[string]any{
		"specversion": "1.0", "type": "dev.lineup.image.submitted", "source": "/lineup/receive",
		"subject": "images/1", "id": "1.1", "traceparent": trace,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if data, _ := json.Marshal(got["data"]); string(data) != `{"id":1,"path":"a.jpg"}` {
		t.Errorf("data is %s", data)
	}
}

func TestRefusals(t *testing.T) {
	s := newSystem(t)
	s.limits.MaxBody, s.limits.MaxBatch = 2000, 2
	ce := func(kind string) []string {
		return []string{"Ce-Specversion", "1.0", "Ce-Type", kind, "Ce-Source", "/test", "Ce-Id", "7", "Content-Type", "application/json"}
	}
	for name, c := range map[string]struct {
		path, body string
		header     []string
		status     int
		detail     string
	}{
		"no JSON":                       {"/image/post", `path=a`, nil, 400, "it is no JSON: byte 1 is wrong"},
		"no body":                       {"/image/post", ``, nil, 400, "the body is empty"},
		"JSON that is cut off":          {"/image/post", `{"path":"a`, nil, 400, "ends too early"},
		"no form":                       {"/people", `a`, []string{"Content-Type", "text/plain"}, 400, "not multipart/form-data"},
		"a form that is cut off":        {"/images", "--a\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\nabc", []string{"Content-Type", "multipart/form-data; boundary=a"}, 400, "ends too early"},
		"no path":                       {"/image/post", `{}`, nil, 400, "names no picture"},
		"a field nobody knows":          {"/image/post", `{"pth":"a"}`, nil, 400, `unknown field \"pth\"`},
		"an entry without a path":       {"/images/post", `{"paths":[{"path":"a"},{}]}`, nil, 400, "paths[1] has no path"},
		"two JSON objects":              {"/image/post", `{"path":"a"}{"path":"b"}`, nil, 400, "follows"},
		"a brace too many":              {"/image/post", `{"path":"a"}}`, nil, 400, "follows"},
		"a word behind the object":      {"/image/post", `{"path":"a"} b`, nil, 400, "follows"},
		"a field that twice":            {"/image/post", `{"path":"a","path":"b"}`, nil, 400, `the field \"path\" twice`},
		"twice in other letters":        {"/image/post", `{"path":"a","Path":"b"}`, nil, 400, `field \"Path\" twice`},
		"twice in one of several":       {"/images/post", `{"paths":[{"path":"a"},{"path":"b","path":"c"}]}`, nil, 400, `the field \"path\" twice`},
		"a field nobody knows, inside":  {"/images/post", `{"paths":[{"path":"a","size":1}]}`, nil, 400, `unknown field \"size\"`},
		"invalid UTF-8":                 {"/image/post", "{\"path\":\"a\xff\"}", nil, 422, "UTF-8"},
		"an empty path":                 {"/image/post", `{"path":""}`, nil, 422, "empty"},
		"a path that climbs out":        {"/image/post", `{"path":"../../etc/passwd"}`, nil, 422, "below a picture root"},
		"a NUL in the path":             {"/image/post", `{"path":"a\u0000.jpg"}`, nil, 422, "NUL"},
		"a path of 1,025 bytes":         {"/image/post", `{"path":"` + strings.Repeat("a", 1025) + `"}`, nil, 422, "1024 are allowed"},
		"another scheme":                {"/image/post", `{"path":"http://example.com/a.jpg"}`, nil, 422, "none of the picture roots"},
		"another bucket":                {"/image/post", `{"path":"s3://other/a.jpg"}`, nil, 422, "none of the picture roots"},
		"a body that is too large":      {"/image/post", `{"path":"` + strings.Repeat("a", 3000) + `"}`, nil, 413, "2000 bytes that MAX_BODY allows"},
		"too many paths":                {"/images/post", `{"paths":[{"path":"a"},{"path":"b"},{"path":"c"}]}`, nil, 413, "2 are allowed"},
		"an event of another type":      {"/", `{}`, ce("com.example.other"), 422, "are not accepted here"},
		"an event without a path":       {"/", `{}`, ce("dev.lineup.image.submitted"), 422, "empty"},
		"an event whose data is no map": {"/", `[1]`, ce("dev.lineup.image.submitted"), 422, "data is not"},
		"an event that is too large":    {"/", `{"path":"` + strings.Repeat("a", 3000) + `"}`, ce("dev.lineup.image.submitted"), 413, "2000 bytes that MAX_BODY allows"},
		"a broken structured event":     {"/", `{"specversion":"1.0"`, []string{"Content-Type", "application/cloudevents+json"}, 400, "cannot be read"},
		"a broken batch":                {"/", `{}`, []string{"Content-Type", "application/cloudevents-batch+json"}, 400, "cannot be read"},
		"an event without an id":        {"/", `{}`, []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test"}, 400, "id"},
		"an event in another format":    {"/", `x`, []string{"Content-Type", "application/cloudevents+avro"}, 415, "application/cloudevents+json"},
		"a batch in another format":     {"/", `x`, []string{"Content-Type", "application/cloudevents-batch+protobuf"}, 415, "application/cloudevents-batch+json"},
		"data_base64 that is no string": {"/", `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/t","id":"1","data_base64":7}`, []string{"Content-Type", "application/cloudevents+json"}, 400, "cannot be read"},
		"an upload of no known kind":    {"/images", `hello`, []string{"Content-Type", "text/plain"}, 415, "image/*"},
		"a path that is no string":      {"/image/post", `{"path":5}`, nil, 400, "path is a number, not a string"},
		"a path that is an object":      {"/images/post", `{"path":{}}`, nil, 400, `cannot be read: path is an object, not a string;`},
		"one path that is an object":    {"/images/post", `{"paths":[{"path":{}}]}`, nil, 400, `cannot be read: paths.path is an object, not a string;`},
		"a list in an object's place":   {"/image/post", `[]`, nil, 400, "the JSON is an array, not an object"},
		"a field of an event twice":     {"/", `{"path":"a","path":"b"}`, ce("dev.lineup.image.submitted"), 422, "data is not"},
		"an attribute twice":            {"/", `{"specversion":"1.0","id":"1","id":"2"}`, []string{"Content-Type", "application/cloudevents+json"}, 400, `attribute \"id\" stands twice`},
		"a picture, not its path":       {"/image/post", "\x89PNG\r\n\x1a\n" + strings.Repeat("a", 3000), nil, 415, "POST /images"},
		"a form, not a path":            {"/image/post", "--a\r\n", []string{"Content-Type", "multipart/form-data; boundary=a"}, 415, "POST /images"},
		"a picture, not an event":       {"/", "\xff\xd8\xff", nil, 415, "POST /images"},
		"packed by what nobody knows":   {"/image/post", `{"path":"a"}`, []string{"Content-Encoding", "br"}, 415, "gzip"},
		"not packed at all":             {"/image/post", `{"path":"a"}`, []string{"Content-Encoding", "gzip"}, 400, "gzip"},
		"packed, and cut short":         {"/image/post", packed(`{"path":"a"}`)[:20], []string{"Content-Encoding", "gzip"}, 400, "gzip"},
		"too large once unpacked":       {"/image/post", packed(`{"path":"` + strings.Repeat("a", 3000) + `"}`), []string{"Content-Encoding", "gzip"}, 413, "2000 bytes that MAX_BODY allows"},
		"the name of a person twice":    {"/people", "--a\r\nContent-Disposition: form-data; name=name\r\n\r\nA\r\n--a\r\nContent-Disposition: form-data; name=name\r\n\r\nB\r\n--a--", []string{"Content-Type", "multipart/form-data; boundary=a"}, 400, "name stands twice"},
		"a picture that is none":        {"/images", `hello`, []string{"Content-Type", "image/jpeg"}, 415, "not a picture"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do(t, c.path, c.body, append(c.header, "Accept", "application/json")...)
			if got.status != c.status || got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, c.detail) {
				t.Errorf("%d %s %s, want %d problem+json with %q", got.status, got.header.Get("Content-Type"), got.body, c.status, c.detail)
			}
		})
	}
	if rows, _, err := s.store.Images(t.Context(), store.Filter{Limit: 1}); err != nil || len(rows) != 0 {
		t.Errorf("refused requests left rows: %v, %v", rows, err)
	}
}

func TestOneOfABatchIsRefused(t *testing.T) {
	s := newSystem(t)
	got := s.do(t, "/images/post", `{"paths":[{"path":"a.jpg"},{"path":"ftp://x/b.jpg"}]}`, "Accept", "application/json")
	want := `{"images":[{"id":1,"path":"a.jpg","status":"pending","sent":true},` +
		`{"path":"ftp://x/b.jpg","error":"path refused: ftp://x is none of the picture roots"}]}` + "\n"
	if got.status != http.StatusAccepted || got.body != want {
		t.Errorf("%d %s, want 202 %s", got.status, got.body, want)
	}
}

func TestTextErrorsAreOneLine(t *testing.T) {
	s := newSystem(t)
	got := s.do(t, "/image/post", "{")
	if got.status != http.StatusBadRequest || strings.Count(got.body, "\n") != 1 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%d %q, want 400 and one line of text", got.status, got.body)
	}
}

func TestDatabaseDownSavesNothingAndIsAnswered503(t *testing.T) {
	s := newSystem(t)
	s.receiver.store.Close()
	got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Accept", "application/json")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "5" {
		t.Errorf("%d, Retry-After %q; want 503 and 5", got.status, got.header.Get("Retry-After"))
	}
	if strings.Contains(got.body, "sql") || strings.Contains(got.body, "tcp") {
		t.Errorf("the answer shows internals: %s", got.body)
	}
}

func TestUploads(t *testing.T) {
	s := newSystem(t)
	png := "\x89PNG\r\n\x1a\n and more"
	got := s.do(t, "/images", png, "Content-Type", "image/jpeg", "Accept", "application/json") // the bytes count, not the header
	image := got.images(t)[0]
	if got.status != http.StatusAccepted || !strings.HasPrefix(image.Path, "uploads/") || !strings.HasSuffix(image.Path, ".png") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	saved, err := os.ReadFile(filepath.Join(s.images, image.Path))
	if err != nil || string(saved) != png {
		t.Errorf("saved %q, %v", saved, err)
	}
	body, kind := multipartBody(t, "image", png, "GIF89a more", "hello", png)
	got = s.do(t, "/images", body, "Content-Type", kind)
	images := got.images(t)
	if got.status != http.StatusAccepted || len(images) != 4 || images[0].ID != 1 || images[1].ID <= 1 ||
		images[2].ID != 0 || !strings.Contains(images[2].Error, "not a picture") || images[3].ID != 1 {
		t.Errorf("%d %s, want the same id for the same picture, a new one, an error, and the same id again", got.status, got.body)
	}
}

func TestUploadLimits(t *testing.T) {
	s := newSystem(t)
	png := "\x89PNG\r\n\x1a\n"
	large := png + strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct{ body, kind string }{
		"MAX_PICTURE, as the body": {large, "image/png"},
		"MAX_PICTURE, in a form": func() struct{ body, kind string } {
			body, kind := multipartBody(t, "image", large)
			return struct{ body, kind string }{body, kind}
		}(),
		"MAX_UPLOAD, all together": func() struct{ body, kind string } {
			half := png + strings.Repeat("x", 1<<19)
			body, kind := multipartBody(t, "image", half, half, half, half, half, half, half)
			return struct{ body, kind string }{body, kind}
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.do(t, "/images", c.body, "Content-Type", c.kind); got.status != http.StatusRequestEntityTooLarge || !strings.Contains(got.body, strings.Split(name, ",")[0]) {
				t.Errorf("%d %s, want 413 that names the setting", got.status, got.body)
			}
		})
	}
}

func multipartBody(t *testing.T, field string, files ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, file := range files {
		part := testkit.Must(form.CreateFormFile(field, "../../photo.jpg"))(t)
		testkit.Must(io.WriteString(part, file))(t)
	}
	testkit.Succeed(t, form.Close())
	return b.String(), form.FormDataContentType()
}

func personBody(t *testing.T, name string, photos ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	testkit.Succeed(t, form.WriteField("name", name))
	for _, photo := range photos {
		part := testkit.Must(form.CreateFormFile("photo", "x.jpg"))(t)
		testkit.Must(io.WriteString(part, photo))(t)
	}
	testkit.Succeed(t, form.Close())
	return b.String(), form.FormDataContentType()
}

func TestPeople(t *testing.T) {
	s := newSystem(t)
	jpeg := "\xff\xd8\xff one"
	body, kind := personBody(t, " Ann  / ../Lee ", jpeg)
	first := s.do(t, "/people", body, "Content-Type", kind)
	if first.status != http.StatusAccepted {
		t.Fatalf("%d %s", first.status, first.body)
	}
	var person store.Profile
	testkit.Succeed(t, json.Unmarshal([]byte(first.body), &person))
	if person.ID != 1 || person.Name != "Ann / ../Lee" || len(person.ImageNames) != 1 || strings.ContainsAny(person.ImageNames[0], "/ ") {
		t.Errorf("the person is %+v", person)
	}
	photo := filepath.Join(s.gallery, person.ImageNames[0])
	if saved, err := os.ReadFile(photo); err != nil || string(saved) != jpeg {
		t.Errorf("the gallery holds %q, %v", saved, err)
	}
	t.Run("the same again completes what is missing", func(t *testing.T) {
		testkit.Succeed(t, os.Remove(photo))
		if again := s.do(t, "/people", body, "Content-Type", kind); again.body != first.body {
			t.Errorf("%s, want %s", again.body, first.body)
		}
		if _, err := os.Stat(photo); err != nil {
			t.Error(err)
		}
	})
	t.Run("another photo is added", func(t *testing.T) {
		body, kind := personBody(t, "Ann / ../Lee", "\xff\xd8\xff two")
		var more store.Profile
		testkit.Succeed(t, json.Unmarshal([]byte(s.do(t, "/people", body, "Content-Type", kind).body), &more))
		if more.ID != 1 || len(more.ImageNames) != 2 {
			t.Errorf("%+v, want two photos of person 1", more)
		}
	})
	t.Run("another's photo under a name as alike has a file of its own, until somebody looks at it", func(t *testing.T) {
		body, kind := personBody(t, "ann ? ???lee", jpeg)
		got := s.do(t, "/people", body, "Content-Type", kind)
		var other store.Profile
		testkit.Succeed(t, json.Unmarshal([]byte(got.body), &other))
		if got.status != http.StatusAccepted || other.ID == 1 || len(other.ImageNames) != 1 || other.ImageNames[0] == person.ImageNames[0] {
			t.Errorf("%d %s, want somebody else with another file", got.status, got.body)
		}
	})
	for name, c := range map[string]struct {
		name   string
		photos []string
		status int
	}{
		"no name":                    {"  ", []string{jpeg}, 400},
		"no photo":                   {"Ann", nil, 400},
		"a photo that is no picture": {"Ann", []string{"hello"}, 415},
		"a name of 201 characters":   {strings.Repeat("é", 201), []string{jpeg}, 400},
		"a name with a bell":         {"Ann\a", []string{jpeg}, 400},
		"a photo too large":          {"Ann", []string{jpeg + strings.Repeat("x", 1<<20)}, 413},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			body, kind := personBody(t, c.name, c.photos...)
			if got := s.do(t, "/people", body, "Content-Type", kind); got.status != c.status {
				t.Errorf("%d %s, want %d", got.status, got.body, c.status)
			}
		})
	}
}

func TestAGalleryThatCannotBeWrittenIsAnswered503(t *testing.T) {
	s := newSystem(t)
	testkit.Succeed(t, os.RemoveAll(s.gallery))
	body, kind := personBody(t, "Ann", "\xff\xd8\xff")
	got := s.do(t, "/people", body, "Content-Type", kind)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.body, s.gallery) {
		t.Errorf("%d %s, want 503 that shows no folder", got.status, got.body)
	}
}

func TestPing(t *testing.T) {
	ping := []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/test", "Ce-Id", "1"}
	s := newSystem(t)
	submit := func(n int) {
		t.Helper()
		var paths []string
		for i := range n {
			paths = append(paths, "p/"+strings.Repeat("a", i+1)+".jpg")
		}
		testkit.Must(s.store.Submit(t.Context(), store.Paths(paths...)))(t)
	}
	submit(700) // rows whose hints were never given
	if got := s.do(t, "/", "", ping...); got.status != http.StatusAccepted || got.body != "" {
		t.Fatalf("%d %q, want 202 and no body", got.status, got.body)
	}
	if n := s.depth(t); n != 700 {
		t.Errorf("%d hints on the queue, want 700", n)
	}
	s.do(t, "/", "", ping...)
	if n := s.depth(t); n != 700 {
		t.Errorf("a second ping made it %d", n)
	}
	t.Run("the queue is filled up to SWEEP_FILL", func(t *testing.T) {
		s.sweeper.Fill = 705
		submit(720)
		s.do(t, "/", "", ping...)
		if n := s.depth(t); n != 705 {
			t.Errorf("%d hints on the queue, want 705", n)
		}
	})
	t.Run("nothing happens more often than SWEEP_INTERVAL", func(t *testing.T) {
		s.sweeper.Interval, s.sweeper.Fill = time.Hour, 5000
		s.do(t, "/", "", ping...)
		if n := s.depth(t); n != 705 {
			t.Errorf("%d hints on the queue, want 705 still", n)
		}
	})
	t.Run("nsqd down is answered 503, and the next ping succeeds", func(t *testing.T) {
		s.sweeper.last = time.Time{}
		s.nsqd.Stop()
		if got := s.do(t, "/", "", ping...); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %s, want 503 with Retry-After", got.status, got.body)
		}
		s.nsqd.Start(t)
		if got := s.do(t, "/", "", ping...); got.status != http.StatusAccepted {
			t.Errorf("%d %s, want 202", got.status, got.body)
		}
	})
}
