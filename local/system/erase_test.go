package system_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// files tells which files of the system hold a trace, those of the database apart, and how
// many it read.
func (s running) files(t *testing.T, traces ...[]byte) (found []string, read int) {
	t.Helper()
	testkit.Succeed(t, filepath.WalkDir(s.settings.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.Name() == "mariadb" {
				return fs.SkipDir
			}
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for _, trace := range traces {
			if bytes.Contains(bytes.ToLower(content), bytes.ToLower(trace)) || bytes.Contains([]byte(strings.ToLower(path)), bytes.ToLower(trace)) {
				found = append(found, fmt.Sprintf("%s holds %.40q", path, trace))
			}
		}
		return nil
	}))
	return found, read
}

// columns tells which columns of the database hold a trace.
func columns(t *testing.T, db *sql.DB, traces ...[]byte) (found []string) {
	t.Helper()
	all := testkit.Must(db.QueryContext(t.Context(), "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"))(t)
	defer all.Close()
	for all.Next() {
		var table, column string
		testkit.Succeed(t, all.Scan(&table, &column))
		for _, trace := range traces {
			var there bool
			statement := fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM `%s` WHERE LOCATE(LOWER(HEX(?)), LOWER(HEX(LOWER(`%s`)))) > 0 OR LOCATE(HEX(?), HEX(`%s`)) > 0)", table, column, column)
			testkit.Succeed(t, db.QueryRowContext(t.Context(), statement, bytes.ToLower(trace), trace).Scan(&there))
			if there {
				found = append(found, fmt.Sprintf("%s.%s holds %.40q", table, column, trace))
			}
		}
	}
	testkit.Succeed(t, all.Err())
	return found
}

// Whoever was enrolled, recognised, corrected, merged and named leaves no trace in the
// database, the gallery, NSQ's files and the logs.
func TestAnErasedPersonLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), PingEvery: time.Second, Environment: []string{"SWEEP_INTERVAL=100ms", "WRITES=on"}})
	picture := s.uploadOf(t, "try/mila-again.jpg")
	s.awaitStatus(t, picture, "unknown")
	person := s.enrol(t, http.StatusCreated, "Xqzvortex", "try/mila.jpg")
	s.enrol(t, http.StatusUnprocessableEntity, "Xqzvortex", "pictures/phone.jpg")
	s.awaitStatus(t, picture, "identified")
	path := fmt.Sprintf("/people/%d", person.ID)
	s.api(t, http.MethodPatch, path, `{"name": "Xqzvortex the second"}`, http.StatusOK, nil)
	var other struct{ ID int64 }
	s.api(t, http.MethodPost, "/people", `{"name": "Xqzvortex again"}`, http.StatusCreated, &other)
	s.api(t, http.MethodPost, path+"/merge", fmt.Sprintf(`{"people": [%d]}`, other.ID), http.StatusOK, nil)
	s.enrol(t, http.StatusConflict, "Ludmila", "try/mila-again.jpg") // like another
	var image struct{ Faces []struct{ ID int64 } }
	s.api(t, http.MethodGet, fmt.Sprintf("/images/%d", picture), "", http.StatusOK, &image)
	s.api(t, http.MethodPatch, fmt.Sprintf("/faces/%d", image.Faces[0].ID), fmt.Sprintf(`{"person": %d}`, person.ID), http.StatusOK, nil)

	db := testkit.Must(sql.Open("mysql", s.At.DSN))(t)
	defer db.Close()
	traces := [][]byte{[]byte("xqzvortex")}
	for _, statement := range []string{"SELECT descriptor FROM descriptors", "SELECT embedding FROM faces WHERE embedding IS NOT NULL"} {
		rows := testkit.Must(db.QueryContext(t.Context(), statement))(t)
		defer rows.Close()
		before := len(traces)
		for rows.Next() {
			var descriptor []byte
			testkit.Succeed(t, rows.Scan(&descriptor))
			traces = append(traces, descriptor)
		}
		if testkit.Succeed(t, rows.Err()); len(traces) == before {
			t.Fatalf("%s finds nothing to be erased", statement)
		}
	}
	if len(columns(t, db, traces[0])) == 0 {
		t.Fatal("there is no name to be erased")
	}

	var receipt struct {
		ID         int64
		FinishedAt *time.Time `json:"finished_at"`
		Problem    string
	}
	s.api(t, http.MethodDelete, path, "", http.StatusAccepted, &receipt)
	testkit.Retry(t, patience, func() error {
		s.api(t, http.MethodGet, fmt.Sprintf("/erasures/%d", receipt.ID), "", http.StatusOK, &receipt)
		if receipt.FinishedAt == nil {
			return fmt.Errorf("not finished: %q", receipt.Problem)
		}
		return nil
	})
	s.awaitStatus(t, picture, "unknown")
	s.api(t, http.MethodGet, path, "", http.StatusGone, nil)
	if left := columns(t, db, traces...); len(left) > 0 {
		t.Errorf("the database: %s", strings.Join(left, "\n"))
	}
	left, read := s.files(t, traces...)
	if len(left) > 0 || read == 0 {
		t.Errorf("of %d files: %s", read, strings.Join(left, "\n"))
	}
	// A second look finds the face again, and leaves it alone.
	s.api(t, http.MethodPost, fmt.Sprintf("/images/%d/look", picture), "", http.StatusAccepted, nil)
	s.awaitStatus(t, picture, "unknown")
	if left := columns(t, db, traces...); len(left) > 0 {
		t.Errorf("after another look: %s", strings.Join(left, "\n"))
	}
}
