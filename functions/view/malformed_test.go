package main

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// TestEditedRowsAreShown shows rows that no program writes: every page is there,
// and says what it can.
func TestEditedRowsAreShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "a.jpg", jpegOf(t))
	evil := "<script>alert(1)</script>\x00\u202e'\""
	odd := lineup.Face{ImageName: evil, Similarity: new(float64), Score: new(float64), Box: &lineup.Box{X: math.MaxFloat64, Y: -math.MaxFloat64, Width: -1, Height: 1e300}}
	id := s.finish(t, "a.jpg", store.Result{Faces: []lineup.Face{odd, odd}})
	for what, set := range map[string]string{
		"as it came":            "id=id",
		"a status that is none": "status='<i>asleep'",
		"no status":             "status=''",
		"identified, nobody":    "status='identified', person_id=NULL",
		"failed, no reason":     "status='failed', reason=NULL",
		"a long reason":         "status='failed', reason=REPEAT('<b>', 333)",
		"attempts below none":   "attempts=-2147483648",
		"everything null":       "reason=NULL, claim=NULL, lease_until=NULL, queued_at=NULL, retry_at=NULL, announced_at=NULL",
		"leased for ever":       "status='processing', lease_until='9999-12-31 23:59:59'",
		"times of the future":   "created_at='9999-12-31 23:59:59', updated_at='9999-12-31 23:59:59'",
		"times of nobody":       "created_at='0000-00-00', updated_at='0000-00-00'",
		"a round below none":    "round=-1",
		"a path of bytes":       "path=CONCAT('a.jpg', 0xFF00C0AE, '<script>')",
	} {
		s.edit(t, "SET STATEMENT sql_mode='' FOR UPDATE images SET "+set)
		for _, path := range []string{"/", fmt.Sprintf("/images/%d", id)} {
			page := s.get(t, path)
			if page.status != http.StatusOK || !strings.Contains(page.body, "</html>") {
				t.Errorf("%s: GET %s: %d", what, path, page.status)
			}
			for _, raw := range []string{"<script>", "<i>", "<b>"} {
				if strings.Contains(page.body, raw) {
					t.Errorf("%s: GET %s holds %s as it is", what, path, raw)
				}
			}
			if asJSON := s.get(t, path, "Accept", "application/json"); asJSON.status != http.StatusOK {
				t.Errorf("%s: GET %s as JSON: %d %s", what, path, asJSON.status, asJSON.body)
			}
		}
	}
}

func TestASchemaOfTheNextVersionIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.edit(t, "INSERT INTO goose_db_version (version_id, is_applied) SELECT MAX(version_id)+1, 1 FROM goose_db_version")
	s.edit(t, "ALTER TABLE images ADD COLUMN of_the_next_version INT NULL")
	if r := serveSite(t, s.dsn).get(t, "/"); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}
