package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestImagesFilteredAndByPages(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad, mum := db.person(t, "Dad", "dad.jpg"), db.person(t, "Mum", "mum.jpg")
	look := func(path string, imageNames ...string) {
		var result store.Result
		for i, name := range imageNames {
			result.Faces = append(result.Faces, lineup.Face{ImageName: name, Similarity: testkit.Ptr(.9 - float64(i)/10)})
		}
		if imageNames == nil {
			result.Reason = "no picture"
		}
		db.finish(t, db.win(t, path), result, false)
	}
	look("dad", "dad.jpg")
	db.submit(t, "waiting")
	look("dad and mum", "dad.jpg", "mum.jpg")
	look("stranger", "")
	look("mum and dad and mum", "mum.jpg", "dad.jpg", "mum.jpg")
	look("broken")
	db.win(t, "busy")

	for name, c := range map[string]struct {
		filter store.Filter
		want   []string
	}{
		"all, the newest first":           {store.Filter{}, []string{"busy", "broken", "mum and dad and mum", "stranger", "dad and mum", "waiting", "dad"}},
		"pending":                         {store.Filter{Status: lineup.Pending}, []string{"waiting"}},
		"processing":                      {store.Filter{Status: lineup.Processing}, []string{"busy"}},
		"identified":                      {store.Filter{Status: lineup.Identified}, []string{"mum and dad and mum", "dad and mum", "dad"}},
		"unknown":                         {store.Filter{Status: lineup.Unknown}, []string{"stranger"}},
		"failed":                          {store.Filter{Status: lineup.Failed}, []string{"broken"}},
		"Mum, also where she is not best": {store.Filter{Person: mum.ID}, []string{"mum and dad and mum", "dad and mum"}},
		"Dad":                             {store.Filter{Person: dad.ID}, []string{"mum and dad and mum", "dad and mum", "dad"}},
		"somebody who is not there":       {store.Filter{Person: 99}, nil},
		"both filters, one matching":      {store.Filter{Person: mum.ID, Status: lineup.Failed}, nil},
		"both filters, both matching":     {store.Filter{Person: mum.ID, Status: lineup.Identified}, []string{"mum and dad and mum", "dad and mum"}},
	} {
		t.Run(name, func(t *testing.T) {
			for limit := 1; limit <= len(c.want)+1; limit++ {
				var got []string
				c.filter.Limit, c.filter.Before = limit, 0
				for more := true; more && len(got) <= len(c.want); {
					var page []lineup.Image
					var err error
					if page, more, err = db.Images(t.Context(), c.filter); err != nil || len(page) > limit || more && len(page) < limit {
						t.Fatalf("limit %d: a page of %d, more %t, %v", limit, len(page), more, err)
					}
					for _, image := range page {
						got, c.filter.Before = append(got, image.Path), image.ID
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("in pages of %d: %q, want %q", limit, got, c.want)
				}
			}
		})
	}
	if _, err := db.Image(t.Context(), 1_000_000); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a picture that is not there: %v, want ErrNotFound", err)
	}
}

func TestTheFacesOfAPictureComeSurestFirst(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.person(t, "Dad", "dad.jpg")
	claims := []store.Claim{db.win(t, "a.jpg"), db.win(t, "b.jpg")}
	for i, claim := range claims {
		face := func(imageName string, similarity *float64) lineup.Face {
			return lineup.Face{ImageName: imageName, Similarity: similarity, Score: testkit.Ptr(float64(i))}
		}
		db.finish(t, claim, store.Result{Faces: []lineup.Face{
			face("", nil), face("stray.jpg", testkit.Ptr(.3)), face("dad.jpg", nil), face("dad.jpg", testkit.Ptr(.1)), face("", testkit.Ptr(.4)), face("dad.jpg", testkit.Ptr(.2)),
		}}, false)
	}
	images, _, err := db.Images(t.Context(), store.Filter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		var got string
		for _, f := range image.Faces {
			similarity := "untold"
			if f.Similarity != nil {
				similarity = fmt.Sprint(*f.Similarity)
			}
			got += fmt.Sprintf("%t %s, ", f.Person != nil, similarity)
			if *f.Score != float64(image.ID-claims[0].ID) {
				t.Errorf("picture %d has a face of another", image.ID)
			}
		}
		if want := "true 0.2, true 0.1, true untold, false 0.4, false 0.3, false untold, "; got != want {
			t.Errorf("faces %s\nwant  %s", got, want)
		}
	}
}

func TestAnImageAsJSON(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	db.finish(t, db.win(t, "a.jpg"), store.Result{Faces: []lineup.Face{
		{ImageName: "dad.jpg", Similarity: testkit.Ptr(.75), Score: testkit.Ptr(.5), Box: &lineup.Box{X: .1, Y: .2, Width: .3, Height: .4}, Embedding: []float32{1}, Model: "m"}, {},
	}}, false)
	db.finish(t, db.win(t, "b.jpg"), store.Result{Reason: "no picture"}, false)
	db.submit(t, "c.jpg")
	for id, want := range map[int64]string{
		1: fmt.Sprintf(`{"id":1,"path":"a.jpg","file_name":"","status":"identified","reason":"","warning":"","person":{"id":%d,"name":"Dad"},"faces":[`+
			`{"id":1,"person":{"id":%[1]d,"name":"Dad"},"decided_by":"machine","ignored":false,"not":[],"image_name":"dad.jpg","similarity":0.75,"margin":null,"chance_wrong":null,"refusal":"",`+
			`"candidates":[{"person":{"id":%[1]d,"name":"Dad"},"image_name":"dad.jpg","similarity":0.75}],"score":0.5,"box":{"x":0.1,"y":0.2,"width":0.3,"height":0.4},"crop":null},`+
			`{"id":2,"person":null,"decided_by":"machine","ignored":false,"not":[],"image_name":"","similarity":null,"margin":null,"chance_wrong":null,"refusal":"","candidates":[],"score":null,"box":null,"crop":null}],"thumbnail":null,"large":null,"layout":null,"created_at":"1970-01-01T00:00:01Z","updated_at":"1970-01-01T00:00:02Z"}`, dad.ID),
		2: `{"id":2,"path":"b.jpg","file_name":"","status":"failed","reason":"no picture","warning":"","person":null,"faces":[],"thumbnail":null,"large":null,"layout":null,"created_at":"1970-01-01T00:00:01Z","updated_at":"1970-01-01T00:00:02Z"}`,
		3: `{"id":3,"path":"c.jpg","file_name":"","status":"pending","reason":"","warning":"","person":null,"faces":[],"thumbnail":null,"large":null,"layout":null,"created_at":"1970-01-01T00:00:01Z","updated_at":"1970-01-01T00:00:02Z"}`,
	} {
		image := db.image(t, id)
		for _, at := range []time.Time{image.CreatedAt, image.UpdatedAt} {
			if at.Location() != time.UTC || time.Since(at).Abs() > time.Minute {
				t.Errorf("picture %d has the time %v, want now in UTC", id, at)
			}
		}
		image.CreatedAt, image.UpdatedAt = time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
		if got, err := json.Marshal(image); err != nil || string(got) != want {
			t.Errorf("picture %d is\n%s, want\n%s, %v", id, got, want, err)
		}
	}
}

func TestUpdatedAtIsWhenTheStatusChanged(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	changed := func(what string, want bool) {
		t.Helper()
		image := db.image(t, id)
		if got := time.Since(image.UpdatedAt) < 30*time.Minute; got != want {
			t.Errorf("%s: updated_at changed %t, want %t", what, got, want)
		}
		if time.Since(image.CreatedAt) > 30*time.Minute {
			t.Errorf("%s changed created_at", what)
		}
		db.exec(t, "UPDATE images SET updated_at=UTC_TIMESTAMP(6) - INTERVAL 1 HOUR")
	}
	changed("submit", true)
	db.submit(t, "a.jpg")
	changed("submit again", false)
	if err := db.MarkQueued(t.Context(), []int64{id}); err != nil {
		t.Fatal(err)
	}
	changed("queue", false)
	db.claim(t, id, 0)
	changed("claim", true)
	claim := db.claim(t, id, 0)
	changed("take over", false)
	if err := db.GiveBack(t.Context(), claim, 0, false, ""); err != nil {
		t.Fatal(err)
	}
	changed("give back", true)
	claim = db.claim(t, id, time.Hour)
	changed("claim again", true)
	db.finish(t, claim, store.Result{Reason: "no picture"}, false)
	changed("finish", true)
	if err := db.MarkAnnounced(t.Context(), id, claim.Round, 0); err != nil {
		t.Fatal(err)
	}
	changed("announce", false)
	db.submit(t, "a.jpg")
	changed("submit after it failed", true)
}
