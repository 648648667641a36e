package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/local/descriptors"
	"lineup.dev/lineup/local/rss"
	facerecog "lineup.dev/lineup/proto"
)

// BenchmarkStart builds face-server and starts it, with so many descriptors in the
// database, until it has answered who is in a picture of one face. It prints the median,
// the shortest, and the most memory (RSS) that the process took.
func BenchmarkStart(b *testing.B) {
	for _, count := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s, db := withDatabase(b)
			fill(b, s, db, count)
			program := build(b)
			picture, err := os.ReadFile(filepath.Join(s.ImagesURL, "dana.jpg"))
			if err != nil {
				b.Fatal(err)
			}
			starts := 10
			if count == 1_000_000 {
				starts = 2
			}
			var took []time.Duration
			var memory float64
			for len(took) < starts || b.Loop() {
				var one time.Duration
				one, memory = s.firstAnswer(b, program, picture)
				took = append(took, one)
			}
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms-to-first-answer")
			b.ReportMetric(took[0].Seconds()*1000, "ms-shortest")
			b.ReportMetric(memory, "MB-RSS")
		})
	}
}

// fill makes persons of one photo each, with made-up descriptors.
func fill(b *testing.B, s settings, db *sql.DB, count int) {
	b.Helper()
	manifest, err := face.ReadManifest(s.Models)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 500
	crowd := descriptors.NewCrowd(uint64(count)) // of nobody more than one photo
	run := func(insert, values string, args []any) {
		b.Helper()
		if _, err := db.ExecContext(b.Context(), insert+strings.TrimSuffix(strings.Repeat(values, rows), ","), args...); err != nil {
			b.Fatal(err)
		}
	}
	for first := 1; first <= count; first += rows {
		var people, photos, descriptors []any
		for id := first; id < first+rows; id++ {
			people = append(people, id, fmt.Sprint("person ", id))
			photos = append(photos, id, id, fmt.Sprintf("person-%d-0123456789abcdef.jpg", id))
			descriptors = append(descriptors, id, manifest.Name, packed(crowd.Person()))
		}
		run("INSERT INTO person (id, name, created_at) VALUES ", "(?, ?, NOW(6)),", people)
		run("INSERT INTO person_images (id, person_id, image_name, state, created_at) VALUES ", "(?, ?, ?, 'usable', NOW(6)),", photos)
		run("INSERT INTO descriptors (photo_id, model, descriptor) VALUES ", "(?, ?, ?),", descriptors)
	}
}

// firstAnswer is the time from the program's start until it has answered, and its memory.
func (s settings) firstAnswer(b *testing.B, program string, picture []byte) (took time.Duration, memory float64) {
	b.Helper()
	start := time.Now()
	process := startProcess(b, program, s, "MYSQL_DSN="+s.DSN)
	defer process.Kill()
	answer, err := process.whenReady(b, &facerecog.IdentifyRequest{Image: picture})
	took = time.Since(start)
	if err != nil || len(answer.Faces) != 1 || answer.Faces[0].Similarity == nil {
		b.Fatalf("answer %v, error %v; want a face compared with the gallery", answer, err)
	}
	_, memory = rss.Of(b, process.PID)
	return took, memory
}
