package store_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// TestClaimOfAnEditedRow claims rows as somebody's hand might have left them. None
// waits for ever.
func TestClaimOfAnEditedRow(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for what, c := range map[string]struct {
		set      string
		want     store.Outcome
		attempts int
	}{
		"a status that is none":            {"status='sleeping'", store.UnknownStatus, 0},
		"no status":                        {"status=''", store.UnknownStatus, 0},
		"a status in capitals":             {"status='PENDING'", store.Won, 0},
		"negative attempts":                {"attempts=-2147483648", store.Won, 0},
		"all attempts there are":           {"attempts=2147483647", store.Won, math.MaxInt32},
		"processing, nobody's":             {"status='processing'", store.Won, 0},
		"processing, leased for ever":      {"status='processing', claim='x', lease_until='9999-12-31'", store.Won, 0},
		"processing, leased for a day":     {"status='processing', claim='x', lease_until=UTC_TIMESTAMP(6) + INTERVAL 1 DAY", store.Won, 0},
		"processing, leased for a minute":  {"status='processing', claim='x', lease_until=UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE", store.Leased, 0},
		"pending, put off for ever":        {"retry_at='9999-12-31'", store.Won, 0},
		"pending, put off for a minute":    {"retry_at=UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE", store.NotYet, 0},
		"pending, with a claim and faces":  {"claim='x', lease_until='9999-12-31', person_id=NULL", store.Won, 0},
		"failed without a reason":          {"status='failed'", store.Done, 0},
		"identified, nobody":               {"status='identified'", store.Done, 0},
		"everything that can be, was null": {"reason=NULL, claim=NULL, lease_until=NULL, queued_at=NULL, retry_at=NULL, announced_at=NULL", store.Won, 0},
	} {
		id := db.submit(t, what)[0].ID
		db.exec(t, "UPDATE images SET "+c.set+" WHERE id=?", id)
		claim := db.claim(t, id, time.Minute)
		if claim.Outcome != c.want || claim.Attempts != c.attempts || claim.Wait > time.Minute {
			t.Errorf("%s: %+v, want outcome %d with %d attempts", what, claim, c.want, c.attempts)
		}
	}
	id := db.submit(t, "negative")[0].ID
	db.exec(t, "UPDATE images SET attempts=-7 WHERE id=?", id)
	if err := db.GiveBack(t.Context(), db.claim(t, id, time.Minute), 0, true, ""); err != nil {
		t.Fatal(err)
	}
	if claim := db.claim(t, id, time.Minute); claim.Attempts != 1 {
		t.Errorf("%d attempts after one more than -7, want 1", claim.Attempts)
	}
}

func TestNobodyIsLeasedOrPutOffBeyondTheHorizon(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	claim := db.claim(t, id, 100*time.Hour)
	if again := db.claim(t, id, time.Hour); again.Outcome != store.Leased || again.Wait > store.Horizon {
		t.Errorf("leased for 100 hours: %+v, want %v", again, store.Horizon)
	}
	if err := db.GiveBack(t.Context(), claim, math.MaxInt64, false, ""); err != nil {
		t.Fatal(err)
	}
	if again := db.claim(t, id, time.Hour); again.Outcome != store.NotYet || again.Wait > store.Horizon {
		t.Errorf("put off for 292 years: %+v, want %v", again, store.Horizon)
	}
}

// Whoever turned the foreign keys off can name persons who are not there.
func TestAPersonWhoIsNotThereIsNobody(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.win(t, "a.jpg").ID
	conn, err := db.sql.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range []string{
		"SET foreign_key_checks=0",
		"UPDATE images SET status='identified', person_id=-1",
		"INSERT INTO faces (image_id, person_id, image_name) SELECT id, 4611686018427387904, 'x.jpg' FROM images",
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if image := db.image(t, id); image.Person != nil || len(image.Faces) != 1 || image.Faces[0].Person != nil {
		t.Errorf("%+v, want one face of nobody", image)
	}
}

// The most that a face server may answer has to fit the server's packets, every
// byte of an embedding escaped.
func TestAThousandFacesOfTheLargestKind(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	embedding := make([]float32, 4096)
	for i := range embedding {
		embedding[i] = math.Float32frombits(0x27272727) // four quotes
	}
	faces := make([]lineup.Face, 1000)
	for i := range faces {
		faces[i] = lineup.Face{Embedding: embedding, Model: strings.Repeat("🙂", 100), ImageName: strings.Repeat("🙂", 255)}
	}
	db.finish(t, db.win(t, "crowd.jpg"), store.Result{Faces: faces}, true)
	var count int
	var stored []byte
	db.scan(t, "SELECT COUNT(*), MIN(embedding) FROM faces", &count, &stored)
	if count != len(faces) || !bytes.Equal(stored, bytes.Repeat([]byte("'"), 4*4096)) {
		t.Errorf("%d faces, embeddings of %d bytes", count, len(stored))
	}
}
