package system_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// enrolled is an answer to an enrolment.
type enrolled struct {
	ID     int64
	Photos []struct {
		State, Reason string
		Faces         []struct{ Used bool }
		Similar       *struct{ Person struct{ Name string } }
	}
}

// enrol posts a name and a photo, with what is said beside them, NAME=VALUE.
func (s running) enrol(t testing.TB, status int, name, photo string, beside ...string) (answer enrolled) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range append(beside, "name="+name) {
		key, value, _ := strings.Cut(field, "=")
		testkit.Succeed(t, form.WriteField(key, value))
	}
	part := testkit.Must(form.CreateFormFile("photo", filepath.Base(photo)))(t)
	testkit.Must(part.Write(testkit.Must(os.ReadFile(filepath.Join(s.samples, photo)))(t)))(t)
	testkit.Succeed(t, form.Close())
	request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, s.At.Receive+"/people", &body))(t)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Prefer", "wait=60") // the machine may be busy
	response := testkit.Must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	text := testkit.Must(io.ReadAll(response.Body))(t)
	if response.StatusCode != status {
		t.Fatalf("%s by %s: %s %s, want %d", name, photo, response.Status, text, status)
	}
	testkit.Succeed(t, json.Unmarshal(text, &answer))
	return answer
}

// It also names who is in pictures that were looked at before.
func TestAnEnrolmentTellsWhatBecameOfThePhoto(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), PingEvery: time.Second, Environment: []string{"SWEEP_INTERVAL=500ms"}})
	before := s.uploadOf(t, "try/mila-again.jpg")
	s.awaitStatus(t, before, "unknown")
	if mila := s.enrol(t, http.StatusCreated, "Mila", "try/mila.jpg"); len(mila.Photos) != 1 || mila.Photos[0].State != "usable" {
		t.Errorf("a good photo: %+v", mila)
	}
	s.enrol(t, http.StatusOK, "mila", "try/mila.jpg")
	if phone := s.enrol(t, http.StatusUnprocessableEntity, "Phone", "pictures/phone.jpg"); !strings.Contains(phone.Photos[0].Reason, "no face") {
		t.Errorf("a photo without a face: %+v", phone)
	}
	friends := s.enrol(t, http.StatusUnprocessableEntity, "Friend", "pictures/four-friends.jpg")
	if photo := friends.Photos[0]; !strings.Contains(photo.Reason, "4 faces") || len(photo.Faces) != 4 {
		t.Errorf("a photo of four: %+v", friends)
	}
	second := s.enrol(t, http.StatusCreated, "Friend", "pictures/four-friends.jpg", "face=2")
	if photo := second.Photos[0]; photo.State != "usable" || !photo.Faces[1].Used || photo.Faces[0].Used {
		t.Errorf("the second of four: %+v", second)
	}
	s.awaitStatus(t, before, "identified")
	like := s.enrol(t, http.StatusConflict, "Ludmila", "try/mila-again.jpg")
	if photo := like.Photos[0]; photo.Similar == nil || photo.Similar.Person.Name != "Mila" {
		t.Errorf("a photo like another's: %+v", like)
	}
	s.enrol(t, http.StatusCreated, "Ludmila", "try/mila-again.jpg", "anyway=true")
}
