package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// follow runs the follower until the test ends. Nothing pings meanwhile.
func (s *system) follow(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.follower.run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestAnAnswerThatAHandChangedIsAnnouncedAtOnce(t *testing.T) {
	s := newSystem(t)
	s.follow(t)
	ann := s.named(t, "Ann")
	image := s.looked(t, "a.jpg", someFace(0.1))
	face := fmt.Sprintf("faces/%d", image.Faces[0].ID)
	hinted := func() {
		t.Helper()
		hint := s.next(t, "photos", 1)[0] // pictures wait in another topic
		if !strings.Contains(hint, `"type":"dev.lineup.image.submitted"`) || !strings.Contains(hint, fmt.Sprintf(`"id":%d`, image.ID)) {
			t.Errorf("the hint is %s", hint)
		}
		claim := testkit.Must(s.store.Claim(t.Context(), image.ID, time.Hour))(t)
		if claim.Outcome != store.Done || claim.Announced {
			t.Errorf("process finds %+v, want an answer to be announced", claim)
		}
		now := testkit.Must(s.store.Image(t.Context(), image.ID))(t)
		testkit.Succeed(t, s.store.MarkAnnounced(t.Context(), image.ID, claim.Round, now.Revision))
	}
	s.ask(t, "PATCH", face, fmt.Sprintf(`{"person":%d}`, ann.ID), 200, nil)
	hinted()
	changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Image: image.ID, Limit: 1})
	testkit.Succeed(t, err)
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", changes[0].ID), "", 200, nil)
	hinted()
	s.ask(t, "POST", fmt.Sprintf("images/%d/faces", image.ID), fmt.Sprintf(`{"box":{"x":0.5,"y":0.5,"width":0.1,"height":0.1},"person":%d}`, ann.ID), 201, nil)
	hinted()
	// What is announced has no hint: the next one is of the next change.
	s.ask(t, "PATCH", face, `{"ignored":true}`, 200, nil) // it is nobody's already: the same answer
	s.ask(t, "PATCH", face, `{"person":{"name":"Bea"}}`, 200, nil)
	hinted()
}

func TestAFailedHintOfAChangedAnswerIsTriedAgain(t *testing.T) {
	s := newSystem(t)
	s.follow(t)
	image := s.looked(t, "a.jpg", someFace(0.1))
	s.nsqd.Stop()
	s.ask(t, "PATCH", fmt.Sprintf("faces/%d", image.Faces[0].ID), `{"person":{"name":"Ann"}}`, 200, nil)
	s.nsqd.Start(t)
	s.next(t, "photos", 1)
}

func TestALookThatMissedTheGallerysChangeIsComparedAgainWithoutAPing(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	s.follow(t)
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusCreated, `"state":"usable"`)
	looked := s.looked(t, "a.jpg") // was under way
	s.exec(t, fmt.Sprintf("INSERT INTO faces (image_id, gallery_state) VALUES (%d, 1)", looked.ID))
	s.next(t, "rematches", 1)
	s.exec(t, "UPDATE rematches SET finished_at = UTC_TIMESTAMP(6)")
	late := s.looked(t, "b.jpg")
	s.exec(t, fmt.Sprintf("INSERT INTO faces (image_id, gallery_state) VALUES (%d, 1)", late.ID))
	s.next(t, "rematches", 1)
}

func TestAPhotoThatIsUsableAfterTheAnswerIsLookedForInThePast(t *testing.T) {
	s := newSystem(t)
	s.follow(t)
	looked := s.looked(t, "a.jpg")
	s.exec(t, fmt.Sprintf("INSERT INTO faces (image_id, gallery_state) VALUES (%d, 1)", looked.ID))
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusAccepted, "GET /api/v1/people/1 tells")
	s.examine(t)
	s.next(t, "rematches", 1)
}

func TestAnEnrolmentWhileNSQIsAway(t *testing.T) {
	for name, again := range map[string]func(*testing.T, *system){
		"a ping has it looked at":      func(t *testing.T, s *system) { testkit.Succeed(t, s.ping(t.Context())) },
		"without a ping it is as soon": func(t *testing.T, s *system) { s.follow(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			s.limits.EnrolWait = time.Minute // there is nothing to wait for
			s.nsqd.Stop()
			s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusAccepted, "as soon as the queue answers again; next: GET /api/v1/people/1")
			s.nsqd.Start(t)
			again(t, s)
			s.next(t, "photos", 1)
			if claim := testkit.Must(s.store.ClaimPhoto(t.Context(), 1, time.Minute))(t); claim.Outcome != store.Won {
				t.Errorf("the claim is %+v", claim)
			}
		})
	}
}

func TestFOLLOW_TIME(t *testing.T) {
	s := newSystem(t)
	s.follower.time = 0
	s.follower.follow(t.Context()) // one round
	s.exec(t, "INSERT INTO person (id, name, spelling, created_at) VALUES (1, 'Ann', 'ann', UTC_TIMESTAMP(6))")
	s.exec(t, "INSERT INTO person_images (image_name, person_id, created_at) VALUES ('a.jpg', 1, UTC_TIMESTAMP(6))")
	s.follower.time = time.Hour
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(ended); s.follower.follow(ctx) }()
	s.exec(t, "UPDATE person_images SET created_at = created_at - INTERVAL 1 HOUR")
	s.next(t, "photos", 1) // of a later round
	cancel()
	<-ended
}

func TestAChangeOfAPersonIsHintedAtOnceAndAtPings(t *testing.T) {
	s := newSystem(t)
	s.follow(t)
	ann := s.named(t, "Ann") // by the store alone: nobody follows that
	hint := func(change int64) {
		t.Helper()
		body := s.nextOf(t, "photos", 1, isOfChange)[0]
		if !strings.Contains(body, fmt.Sprintf(`"data":{"id":%d}`, change)) {
			t.Errorf("the hint is %s, want one up to change %d", body, change)
		}
	}
	newest := func() int64 {
		t.Helper()
		changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Limit: 1})
		testkit.Succeed(t, err)
		return changes[0].ID
	}
	s.ask(t, "PATCH", fmt.Sprintf("people/%d", ann.ID), `{"name":"Anna"}`, 200, nil)
	first := newest()
	hint(first) // one for both

	due := testkit.Must(s.store.DueChanges(t.Context(), 0, 10))(t)
	if len(due) != 2 || due[1] != first {
		t.Fatalf("due are %v, want enrolment and name until they are announced", due)
	}
	testkit.Succeed(t, s.store.MarkChangesAnnounced(t.Context(), due[:1]))
	s.exec(t, "UPDATE changes SET hinted_at = hinted_at - INTERVAL 1 DAY") // the hint was lost
	testkit.Succeed(t, s.sweeper.sweep(t.Context()))
	hint(first)
	testkit.Succeed(t, s.store.MarkChangesAnnounced(t.Context(), due))
	if due := testkit.Must(s.store.DueChanges(t.Context(), 0, 10))(t); len(due) != 0 {
		t.Errorf("due are %v after all were announced", due)
	}
}
