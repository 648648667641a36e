package system_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// api asks view and reads the JSON of its answer.
func (s running) api(t testing.TB, method, path, body string, status int, answer any) {
	t.Helper()
	request := testkit.Must(http.NewRequestWithContext(t.Context(), method, s.At.View+"/api/v1"+path, strings.NewReader(body)))(t)
	response := testkit.Must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	text := testkit.Must(io.ReadAll(response.Body))(t)
	if response.StatusCode != status {
		t.Fatalf("%s %s: %s %s, want %d", method, path, response.Status, text, status)
	}
	if answer != nil {
		testkit.Succeed(t, json.Unmarshal(text, answer))
	}
}

// A face that a hand named stays that person's photo when its picture is deleted, until it is
// taken out.
func TestWhoWasNamedInADeletedPictureIsKnownInTheNext(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), PingEvery: time.Second, Environment: []string{"SWEEP_INTERVAL=500ms", "WRITES=on"}})
	first := s.uploadOf(t, "try/mila.jpg")
	s.awaitStatus(t, first, "unknown")
	var image struct{ Faces []struct{ ID int64 } }
	s.api(t, http.MethodGet, fmt.Sprintf("/images/%d", first), "", http.StatusOK, &image)
	var face struct{ Person struct{ ID int64 } }
	s.api(t, http.MethodPatch, fmt.Sprintf("/faces/%d", image.Faces[0].ID), `{"person": {"name": "Mila"}}`, http.StatusOK, &face)
	s.api(t, http.MethodDelete, fmt.Sprintf("/images/%d", first), "", http.StatusNoContent, nil)

	second := s.uploadOf(t, "try/mila.jpg")
	s.awaitStatus(t, second, "identified")
	var person struct {
		Photos []struct {
			ID        int64
			ImageName string `json:"image_name"`
			State     string
		}
	}
	person1 := fmt.Sprintf("/people/%d", face.Person.ID)
	s.api(t, http.MethodGet, person1, "", http.StatusOK, &person)
	if len(person.Photos) != 1 || person.Photos[0].State != "usable" || person.Photos[0].ImageName != fmt.Sprintf("faces/%d", image.Faces[0].ID) {
		t.Fatalf("the photos are %+v, want the face of the deleted picture", person.Photos)
	}
	s.api(t, http.MethodDelete, fmt.Sprintf("%s/photos/%d", person1, person.Photos[0].ID), "", http.StatusNoContent, nil)
	s.awaitStatus(t, second, "unknown")
}
