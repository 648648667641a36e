package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

// site is a running view on a database and a folder of pictures of its own.
type site struct {
	*store.Store
	dsn   string
	roots string // the folder
	view  *view
	url   string
}

func newSite(t *testing.T, change ...func(*Options)) *site {
	t.Helper()
	dsn := deptest.Migrated(t)
	s := serveSite(t, dsn, change...)
	// The handler may only read; what a test prepares goes another way.
	readOnly := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: deptest.Account(t, dsn, "view")}, Connections: 5}))(t)
	t.Cleanup(func() { readOnly.Close() })
	s.view.db = readOnly
	return s
}

// serveSite is newSite on a database that is there.
func serveSite(t *testing.T, dsn string, change ...func(*Options)) *site {
	t.Helper()
	return serveSiteWithAuth(t, auth.Settings{}, dsn, change...)
}

// serveSiteWithAuth is serveSite with authentication.
func serveSiteWithAuth(t *testing.T, a auth.Settings, dsn string, change ...func(*Options)) *site {
	t.Helper()
	var options Options
	testkit.Succeed(t, envconfig.Process("", &options))
	options.ProgressAge = 0 // what a test has written is told at once
	for _, c := range change {
		c(&options)
	}
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 5}))(t)
	t.Cleanup(func() { db.Close() })
	roots := t.TempDir()
	pictures := testkit.Must(photo.Open(roots))(t)
	t.Cleanup(func() { pictures.Close() })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	authenticator := testkit.Must(auth.New(a, log))(t)
	v := testkit.Must(newView(options, authenticator, db, pictures, log))(t)
	server := httptest.NewServer(contract.Handler(t, v.handler(), isRead))
	t.Cleanup(server.Close)
	return &site{db, dsn, roots, v, server.URL}
}

// isRead tells of requests to the API that view itself answers.
func isRead(r *http.Request) bool {
	path := r.URL.Path
	return r.Method == http.MethodGet && (isAPI(r) || strings.HasPrefix(path, "/schemas/") || path == "/openapi.yaml" || path == "/asyncapi.yaml")
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

// get asks for a path; pairs of a header's name and value may follow.
func (s *site) get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return s.ask(t, http.MethodGet, path, headers...)
}

func (s *site) ask(t *testing.T, method, path string, headers ...string) reply {
	t.Helper()
	request := testkit.Must(http.NewRequestWithContext(t.Context(), method, s.url+path, nil))(t)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response := testkit.Must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	body := testkit.Must(io.ReadAll(response.Body))(t)
	return reply{response.StatusCode, response.Header, string(body)}
}

// getJSON asks for a path as JSON and reads the answer into v.
func (s *site) getJSON(t *testing.T, path string, v any) {
	t.Helper()
	r := s.get(t, path, "Accept", "application/json")
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("GET %s: %d %s %s", path, r.status, r.header.Get("Content-Type"), r.body)
	}
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, r.body)
	}
}

// submit posts a path and gives the picture's id.
func (s *site) submit(t *testing.T, path string) int64 {
	t.Helper()
	submissions := testkit.Must(s.Submit(t.Context(), store.Paths(path)))(t)
	return submissions[0].ID
}

func (s *site) claim(t *testing.T, path string) store.Claim {
	t.Helper()
	claim, err := s.Claim(t.Context(), s.submit(t, path), time.Hour)
	if err != nil || claim.Outcome != store.Won {
		t.Fatalf("claim %s: %+v, %v", path, claim, err)
	}
	return claim
}

// finish posts a path, writes what came of it, and gives the picture's id.
func (s *site) finish(t *testing.T, path string, result store.Result) int64 {
	t.Helper()
	claim := s.claim(t, path)
	testkit.Must(s.Store.Finish(t.Context(), claim, result, true))(t)
	return claim.ID
}

// add makes a person known by photos and gives their id.
func (s *site) add(t *testing.T, name string, photos ...string) int64 {
	t.Helper()
	enrolment := store.Enrolment{Name: name}
	for _, photo := range photos {
		enrolment.Photos = append(enrolment.Photos, store.NewPhoto{ImageName: photo})
	}
	return testkit.Must(s.Enrol(t.Context(), enrolment))(t).Person.ID
}

// edit changes the database by hand.
func (s *site) edit(t *testing.T, statement string, args ...any) {
	t.Helper()
	db := testkit.Must(sql.Open("mysql", s.dsn))(t)
	defer db.Close()
	testkit.Must(db.ExecContext(t.Context(), statement, args...))(t)
}

// put writes a file below the picture root.
func (s *site) put(t *testing.T, name string, content []byte) {
	t.Helper()
	testkit.Succeed(t, os.WriteFile(filepath.Join(s.roots, name), content, 0o600))
}

// newFace is one that matched a gallery photo; nobody's when the photo is empty.
func newFace(photo string, similarity float64) lineup.Face {
	score := 0.99
	return lineup.Face{
		ImageName:  photo,
		Similarity: &similarity,
		Score:      &score,
		Box:        &lineup.Box{X: 0.25, Y: 0.125, Width: 0.5, Height: 0.75},
	}
}

func withFaces(all ...lineup.Face) store.Result { return store.Result{Faces: all} }
