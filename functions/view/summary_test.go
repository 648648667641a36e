package main

import (
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

func TestSummarize(t *testing.T) {
	dad, mom := lineup.Person{ID: 1, Name: "Dad"}, lineup.Person{ID: 2, Name: "Mom"}
	of := func(people ...lineup.Person) (faces []lineup.Face) {
		for _, p := range people {
			faces = append(faces, lineup.Face{Person: &p})
		}
		return faces
	}
	for name, c := range map[string]struct {
		image lineup.Image
		want  summary
	}{
		"a pending picture's person is awaited":              {lineup.Image{Status: lineup.Pending}, summary{Text: "Pending..."}},
		"so is one's that is looked at":                      {lineup.Image{Status: lineup.Processing}, summary{Text: "Pending..."}},
		"so is one's that is looked at again":                {lineup.Image{Status: lineup.Pending, Person: &dad, Faces: of(dad)}, summary{Text: "Pending..."}},
		"a known person is named":                            {lineup.Image{Status: lineup.Identified, Person: &dad, Faces: of(dad)}, summary{People: []lineup.Person{dad}}},
		"the best match comes first and nobody twice":        {lineup.Image{Status: lineup.Identified, Person: &mom, Faces: of(dad, mom, dad)}, summary{People: []lineup.Person{mom, dad}}},
		"of many people the four best matches are named":     {lineup.Image{Status: lineup.Identified, Person: &dad, Faces: of(dad, mom, lineup.Person{ID: 3, Name: "C"}, lineup.Person{ID: 4, Name: "D"}, lineup.Person{ID: 5, Name: "E"}, lineup.Person{ID: 6, Name: "F"})}, summary{People: []lineup.Person{dad, mom, {ID: 3, Name: "C"}, {ID: 4, Name: "D"}}, More: 2}},
		"a face that nobody knows":                           {lineup.Image{Status: lineup.Unknown, Faces: make([]lineup.Face, 1)}, summary{Text: "Nobody known"}},
		"several faces that nobody knows":                    {lineup.Image{Status: lineup.Unknown, Faces: make([]lineup.Face, 3)}, summary{Text: "Nobody known, 3 faces"}},
		"a picture without a face":                           {lineup.Image{Status: lineup.Unknown}, summary{Text: "No face found"}},
		"a failed picture shows its reason":                  {lineup.Image{Status: lineup.Failed, Reason: "no picture"}, summary{Text: "No picture."}},
		"a picture that failed without a reason":             {lineup.Image{Status: lineup.Failed}, summary{Text: "No reason was recorded."}},
		"a status that was written by hand":                  {lineup.Image{Status: "lost"}, summary{Text: "–"}},
		"a status that was written by hand, with the person": {lineup.Image{Status: "lost", Person: &dad}, summary{People: []lineup.Person{dad}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := summarize(c.image); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// A status that was added to lineup.Statuses alone would show a dash and no colour.
func TestEveryStatusIsShown(t *testing.T) {
	fallback := summarize(lineup.Image{Status: "written by hand"})
	style := string(testkit.Must(static.ReadFile("static/style.css"))(t))
	for _, status := range lineup.Statuses {
		t.Run(string(status), func(t *testing.T) {
			image := lineup.Image{Status: status}
			if status == lineup.Identified { // the only one whose picture has a known person
				image.Person = &lineup.Person{ID: 1, Name: "Dad"}
			}
			if got := summarize(image); got.Text == fallback.Text && len(got.People) == 0 {
				t.Errorf("its summary is %+v", got)
			}
			if class := ".badge." + statusClass(status); !strings.Contains(style, class) {
				t.Errorf("style.css has no %s", class)
			}
		})
	}
}

func TestShellGivesOneWordWhateverTheTextHolds(t *testing.T) {
	for _, text := range []string{"Dad", "", "D'Artagnan", "'; touch x; '", "$(id) `id` \\ \"", "two\nlines", "''''"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shell(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("shell(%q) = %s is %q to a shell, %v", text, shell(text), out, err)
		}
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"dad": "D", "łucja": "Ł", "山田": "山"} {
		if got := initial(lineup.Name(name)); got != want {
			t.Errorf("initial(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestATimeIsToldAsPeopleSayIt(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for want, since := range map[string]time.Duration{
		"just now": 59 * time.Second, "1 min ago": 119 * time.Second, "59 min ago": time.Hour - time.Second, "1 h ago": time.Hour + time.Second,
		"23 h ago": day - time.Minute, "1 day ago": day + time.Hour, "6 days ago": 7*day - time.Hour, "in 5 min": -5*time.Minute - 30*time.Second,
	} {
		if got := ago(time.Now().Add(-since)); got != want {
			t.Errorf("%v ago is told as %q, want %q", since, got, want)
		}
	}
	if got := ago(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).AddDate(-10, 0, 0)); got != "2 Jan 2016" {
		t.Errorf("long ago is %q", got)
	}
}
