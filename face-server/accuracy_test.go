package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
)

// accuracyOf runs `face-server accuracy` and gives what it printed, spaces made single.
func accuracyOf(t *testing.T, s settings, path string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	code = measureAccuracy(t.Context(), s, slog.New(slog.DiscardHandler), path, &o, &e)
	return code, regexp.MustCompile(`[ \t]+`).ReplaceAllString(o.String(), " "), e.String()
}

func forAccuracy(t *testing.T) settings {
	t.Helper()
	s := forTests(t)
	s.MaxPhotos, s.MaxPixels = 100, 50_000_000
	return s
}

// says fails the test for each of want that text does not have.
func says(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q", w)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// lay puts the samples' photos where layout says, in a folder of its own.
func lay(t *testing.T, layout map[string]string) (dir string) {
	t.Helper()
	samples, dir := deptest.Samples(t), t.TempDir()
	for to, from := range layout {
		body, err := os.ReadFile(filepath.Join(samples, from))
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, to, string(body))
	}
	return dir
}

func put(t *testing.T, dir, name, body string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, path, []byte(body))
}

var folders = map[string]string{
	"Viktor/1.jpg": "people/viktor-1.jpg",
	"Viktor/2.jpg": "people/viktor-2.jpg",
	"Viktor/3.jpg": "pictures/viktor-by-the-hills.jpg",
	"Dana/1.jpg":   "people/dana.jpg",
	"Dana/2.jpg":   "pictures/dana.jpg",
	"Noa/1.jpg":    "people/noa.jpg",
	"Noa/2.jpg":    "pictures/noa-at-home.jpg",
	"Ruby/1.jpg":   "people/ruby.jpg",
	"Zoe/1.jpg":    "pictures/stranger.jpg",
}

func TestAccuracyOfFoldersOfPersons(t *testing.T) {
	code, out, errs := accuracyOf(t, forAccuracy(t), lay(t, folders))
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out,
		"photos 9\n",
		"pairs 5 of one person, 31 of two\n", // 3+1+1 of 9·8/2
		"ROC AUC 1.0000\n",
		"threshold now 1.0000 0.0000 0.42\n",
		"known people recognised 7 of 7 (100.0 %)\n",
		"strangers given a name 0 of 9 (0.0 %)\n",
		"(2 of nobody in the gallery, 7 with",
		"misses 0\n",
	)
}

// Whoever has the wrong name is found out, and so are photos that show nobody.
func TestAccuracyTellsMissesByFile(t *testing.T) {
	wrong := map[string]string{
		"Dana/3.jpg": "pictures/viktor-in-the-sun.jpg",
		"Noa/3.jpg":  "pictures/phone.jpg", // shows no face
	}
	for to, from := range folders {
		wrong[to] = from
	}
	dir := lay(t, wrong)
	put(t, dir, "Noa/4.jpg", "this is text")
	code, out, errs := accuracyOf(t, forAccuracy(t), dir)
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out,
		"photos 12\n",
		"pairs 7 of one person, 38 of two\n", // of 10·9/2: those with faces
		"known people recognised 7 of 10 (70.0 %)\n",
		"given another's name 1 of 10 (10.0 %)\n",
		"\nDana/3.jpg Dana taken for Viktor (Viktor/",
		"\nNoa/3.jpg no face found\n",
		"\nNoa/4.jpg no picture: not a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP\n",
	)
	if strings.Contains(out, "ROC AUC 1.0000") {
		t.Error("a photo in a wrong folder did not show in the ROC AUC")
	}
}

func TestAccuracyOfKnownAndUnknownPeople(t *testing.T) {
	code, out, errs := accuracyOf(t, forAccuracy(t), lay(t, map[string]string{
		"known_people/viktor_1.jpg":      "people/viktor-1.jpg",
		"known_people/friends_zara.jpg":  "people/zara-1.jpg",
		"known_people/friends_dana.jpg":  "people/dana.jpg",
		"unknown/viktor_2.jpg":           "pictures/tiger.jpg",
		"unknown/zoe_1.jpg":              "pictures/stranger.jpg",
		"unknown/group_friends.jpg":      "pictures/four-friends.jpg", // Zara is in it, Dana is not
		"unknown/group_by-the-stove.jpg": "pictures/by-the-window.jpg",
	}))
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out,
		"photos 7\n",
		"known people recognised 2 of 3 (66.7 %)\n",
		"strangers given a name 0 of ",
		"misses 1\n",
		"\nunknown/group_friends.jpg friends_dana not recognised: ",
	)
}

// One run makes the photos harder, draws the plot and keeps its searches; a later one, or one of
// other models, is compared with it.
func TestAccuracyMadeHarderAndCompared(t *testing.T) {
	dir, kept := lay(t, map[string]string{
		"known_people/viktor_1.jpg": "people/viktor-1.jpg", "known_people/dana_1.jpg": "people/dana.jpg",
		"unknown/viktor_2.jpg": "pictures/viktor-by-the-hills.jpg", "unknown/zoe_1.jpg": "pictures/stranger.jpg",
	}), t.TempDir()
	s := forAccuracy(t)
	s.AccuracyConditions, s.AccuracyPlot, s.AccuracyTrials = "on", filepath.Join(kept, "plot.svg"), filepath.Join(kept, "run.json")
	code, out, errs := accuracyOf(t, s, dir)
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out, "\nopen-set identification ", "\nrank-1 1.0000 ", "\nDIR at FPIR 1 % 1.0000 ", "\nmade harder searches ",
		"\nas they are 1 1.000 1.000 1.000 ", "\nrotated 180° 1 1.000 ", "\na tenth 1 0.000 ", "\nmask, black 1 ")
	if plot, err := os.ReadFile(s.AccuracyPlot); err != nil || !strings.HasPrefix(string(plot), "<svg ") {
		t.Errorf("the plot is %.20q, error %v", plot, err)
	}
	for _, before := range []string{s.AccuracyTrials, s.Models} {
		again := forAccuracy(t)
		again.AccuracyBaseline, again.MatchThreshold = before, 1
		code, out, errs := accuracyOf(t, again, dir)
		if code != 0 {
			t.Fatalf("it ended with %d: %s", code, errs)
		}
		says(t, out, "\n3 searches in common with ", "\nrecognised 1.0000 0.0000 -1.000 to ")
	}
	broken := forAccuracy(t)
	broken.AccuracyBaseline = s.AccuracyPlot
	if code, out, errs := accuracyOf(t, broken, dir); code != 2 || out != "" || !strings.Contains(errs, "ACCURACY_BASELINE="+s.AccuracyPlot) {
		t.Errorf("with a plot as baseline it ended with %d, printed %q and said %q", code, out, errs)
	}
}

func TestAccuracyOfPairs(t *testing.T) {
	dir := lay(t, folders)
	put(t, dir, "pairs.csv", "first,second,same\n"+
		"Viktor/1.jpg,Viktor/2.jpg,1\nDana/1.jpg,Dana/2.jpg,1\nDana/1.jpg,Noa/1.jpg,0\nNoa/2.jpg,Viktor/3.jpg,0\nDana/1.jpg,Ruby/1.jpg,1\nNoa/1.jpg,nobody.jpg,0\n")
	code, out, errs := accuracyOf(t, forAccuracy(t), filepath.Join(dir, "pairs.csv"))
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out,
		"photos 9\n",
		"pairs 3 of one person, 2 of two\n",
		"threshold now 0.6667 0.0000 0.42\n",
		"misses 2\n",
		"\nnobody.jpg open nobody.jpg: no such file or directory\n",
		"\nDana/1.jpg not taken for the person in Ruby/1.jpg: similarity ",
	)
	if strings.Contains(out, "identification") {
		t.Error("pairs have no gallery, but it tells of identification")
	}
}

func TestAccuracySaysWhatToDo(t *testing.T) {
	faceless := lay(t, map[string]string{"Ann/1.jpg": "pictures/phone.jpg"})
	broken := filepath.Join(t.TempDir(), "pairs.csv")
	write(t, broken, []byte("a.jpg,b.jpg,1\na.jpg,b.jpg\n"))
	group := lay(t, map[string]string{"known_people/zara.jpg": "people/zara-1.jpg", "unknown/group_friends.jpg": "pictures/four-friends.jpg"})
	three := forAccuracy(t)
	three.MaxPhotos = 3
	few := forAccuracy(t)
	few.MaxPhotos = 8
	for name, c := range map[string]struct {
		settings   settings
		path, want string
	}{
		"no such folder":               {forAccuracy(t), filepath.Join(t.TempDir(), "none"), "no such file"},
		"an empty folder":              {forAccuracy(t), t.TempDir(), "give a folder with a folder of photos for each person"},
		"no faces":                     {forAccuracy(t), faceless, "no face in any of the photos; next:"},
		"no such CSV":                  {forAccuracy(t), filepath.Join(t.TempDir(), "none.csv"), "no such file"},
		"a broken CSV":                 {forAccuracy(t), broken, "line 2"},
		"more photos than are allowed": {few, lay(t, folders), "9 photos, MAX_PHOTOS allows 8; next:"},
		"more faces than are allowed":  {three, group, " faces, MAX_PHOTOS allows 3; next:"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := accuracyOf(t, c.settings, c.path)
			if code != 2 || out != "" {
				t.Errorf("it ended with %d and printed %q, want 2 and nothing", code, out)
			}
			says(t, errs, "face-server: "+c.path+": ", c.want)
		})
	}
}

// A photo of more bytes than are allowed is a miss, not the end.
func TestAccuracyRefusesAPhotoTooLarge(t *testing.T) {
	dir := lay(t, folders)
	s := forAccuracy(t)
	s.MaxPicture = 100_000
	put(t, dir, "Zoe/2.jpg", strings.Repeat("x", 100_001))
	put(t, dir, "Zoe/3.jpg", string(long("GIF89a", 100_001)))
	code, out, errs := accuracyOf(t, s, dir)
	if code != 0 {
		t.Fatalf("it ended with %d: %s", code, errs)
	}
	says(t, out, "\nZoe/2.jpg too large: more than the 100000 bytes that MAX_PICTURE allows\n")
	says(t, out, "\nZoe/3.jpg GIF too large: more than the 100000 bytes that MAX_PICTURE allows\n")
}

func TestAccuracyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	code := measureAccuracy(ctx, forAccuracy(t), slog.New(slog.DiscardHandler), lay(t, folders), &out, &errs)
	if code != 2 || out.Len() > 0 || !strings.Contains(errs.String(), context.Canceled.Error()) {
		t.Errorf("it ended with %d, printed %q and said %q", code, out.String(), errs.String())
	}
}

// Of portraits whose people are known everybody is told apart, and no stranger is named.
func TestAccuracyOfPeople(t *testing.T) {
	tellsApart(t, deptest.People(t))
}

// PHOTOS=dir names more photos whose people are known, in a layout of
// docs/recognition.md.
func TestAccuracyOfPhotos(t *testing.T) {
	dir := os.Getenv("PHOTOS")
	if dir == "" {
		t.Skip("PHOTOS names no folder of photos whose people are known")
	}
	tellsApart(t, dir)
}

func tellsApart(t *testing.T, dir string) {
	t.Helper()
	report, err := measure(t.Context(), forAccuracy(t), slog.New(slog.DiscardHandler), dir, &progress{to: io.Discard, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	o := report.Outcome
	if o.Known == 0 || o.Recognised < o.Known || o.Mistaken > 0 || o.Named > 0 || len(report.Misses) > 0 {
		t.Errorf("of %d known people %d are recognised and %d taken for another, %d strangers are named; misses: %v", o.Known, o.Recognised, o.Mistaken, o.Named, report.Misses)
	}
	if auc := report.Scores.AUC(); auc < 1 {
		t.Errorf("ROC AUC is %.4f, want 1", auc)
	}
}

func TestProgress(t *testing.T) {
	var told strings.Builder
	now := time.Time{}
	p := &progress{to: &told, now: func() time.Time { return now }}
	p.begin("photos described")
	for second := 1; second <= 10; second++ {
		now = now.Add(time.Second)
		p.part(float64(second) / 10)
	}
	want := "photos described: 20 %, about 8s to go\nphotos described: 40 %, about 6s to go\nphotos described: 60 %, about 4s to go\n" +
		"photos described: 80 %, about 2s to go\nphotos described: 100 %, about 0s to go\n"
	if told.String() != want {
		t.Errorf("it said %q, want %q", told.String(), want)
	}
	quick := &progress{to: io.Discard, now: func() time.Time { return now }}
	quick.begin("")
	quick.part(0) // nothing done: no guess how long the rest takes
}
