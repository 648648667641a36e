package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// shiftedModels is a folder with the same networks under another name, whose faces are aligned
// elsewhere, so that its descriptors are others.
func shiftedModels(t *testing.T, name string) string {
	t.Helper()
	from, dir := deptest.Models(t), t.TempDir()
	for _, entry := range testkit.Must(os.ReadDir(from))(t) {
		if entry.Name() != "models.json" {
			testkit.Succeed(t, os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(dir, entry.Name())))
		}
	}
	var manifest map[string]any
	testkit.Succeed(t, json.Unmarshal(testkit.Must(os.ReadFile(filepath.Join(from, "models.json")))(t), &manifest))
	manifest["name"] = name
	for _, point := range manifest["embedder"].(map[string]any)["align"].([]any) {
		xy := point.([]any)
		xy[1] = xy[1].(float64) + 3
	}
	testkit.Succeed(t, os.WriteFile(filepath.Join(dir, "models.json"), testkit.Must(json.Marshal(manifest))(t), 0o600))
	return dir
}

// TestAnotherModelTakesOver has a second face server with other models describe what is there.
func TestAnotherModelTakesOver(t *testing.T) {
	t.Parallel()
	settings := system.Settings{Data: t.TempDir(), PingEvery: time.Second, Environment: []string{"SWEEP_INTERVAL=500ms", "WRITES=on"}}
	s := start(t, settings)
	s.enrol(t, http.StatusCreated, "Mila", "try/mila.jpg")
	mila, friends := s.uploadOf(t, "try/mila-again.jpg"), s.uploadOf(t, "pictures/four-friends.jpg")
	s.awaitStatus(t, mila, "identified")
	s.awaitStatus(t, friends, "unknown")
	type shown struct {
		Status string
		Faces  []struct {
			ID        int64
			DecidedBy string `json:"decided_by"`
			Person    *struct {
				ID   int64
				Name *string
			}
		}
	}
	read := func(id int64) (one shown) {
		s.api(t, http.MethodGet, fmt.Sprintf("/images/%d", id), "", http.StatusOK, &one)
		return one
	}
	s.api(t, http.MethodPatch, fmt.Sprintf("/faces/%d", read(friends).Faces[0].ID), `{"person": {"name": "Friend"}}`, http.StatusOK, nil)
	who := func() map[int64]string {
		all := map[int64]string{}
		for _, id := range []int64{mila, friends} {
			for _, face := range read(id).Faces {
				if face.Person != nil {
					all[face.ID] = fmt.Sprint(face.Person.ID, face.DecidedBy)
				}
			}
		}
		return all
	}
	before := who()
	s.Stop()

	settings.NextModels = shiftedModels(t, "shifted")
	s = start(t, settings)
	testkit.Retry(t, patience, func() error {
		var stats struct {
			Models []struct {
				Name, State   string
				Photos, Faces struct{ Of, Described int64 }
			}
			Rematches struct{ Ranges int64 }
		}
		s.api(t, http.MethodGet, "/stats", "", http.StatusOK, &stats)
		if len(stats.Models) != 1 || stats.Models[0].State != "current" || stats.Models[0].Name != "shifted" || stats.Rematches.Ranges > 0 {
			return fmt.Errorf("it has not switched, or not compared all again: %+v", stats)
		}
		return nil
	})
	if after := who(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the faces are %v, they were %v", after, before)
	}
	again := s.uploadOf(t, "try/mila.jpg") // looked at by the new one
	s.awaitStatus(t, again, "identified")
	s.Stop()

	settings.Models, settings.NextModels = settings.NextModels, ""
	s = start(t, settings)
	alone := s.uploadOf(t, "pictures/stranger.jpg")
	s.awaitStatus(t, alone, "unknown")
	var by string
	testkit.Succeed(t, deptest.SQL(t, s.At.DSN).QueryRowContext(t.Context(), "SELECT DISTINCT model FROM faces WHERE image_id = ?", alone).Scan(&by))
	if by != "shifted" {
		t.Errorf("with MODELS the picture was looked at by %s, want shifted", by)
	}
	if after := who(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("with MODELS the faces are %v, they were %v", after, before)
	}
}
