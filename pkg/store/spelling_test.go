package store_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/store"
)

func TestSpelling(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Anna":                   "anna",
		"  Anna \u3000 Maria ":   "anna maria",
		"ＡＮＮＡ":                   "anna",
		"A\u0308nna":             "änna",
		"Straße":                 "strasse",
		"an\u200bn\u00ada\ufe0f": "anna",
		"J. R.":                  "j. r.",
		"J R":                    "j r",
		"นิด":                    "นิด",
		"นัด":                    "นัด",
		"Ana\u0338":              "ana\u0338",
		"\u200b\u2060":           "",
		"":                       "",
		"🙂":                      "🙂",
	} {
		if got := store.Spelling(name); got != want {
			t.Errorf("the spelling of %q is %q, want %q", name, got, want)
		}
	}
	if store.Spelling("ΟΔΟΣ") != store.Spelling("οδος") || store.Spelling("ΟΔΟΣ") != store.Spelling("οδοσ") {
		t.Error("a sigma at the end makes another spelling")
	}
	long := strings.Repeat("\ufdfa", 30) // 18 characters each
	if n := utf8.RuneCountInString(store.Spelling(long)); n != store.SpellingWidth || store.Spelling(long) == store.Spelling(long+"a") {
		t.Errorf("a long name's spelling has %d characters, or is another's", n)
	}
}

func FuzzSpelling(f *testing.F) {
	for _, name := range []string{"Anna", "Straße", "ﷺ", "\u0345\u0301", "İ", "\u1E9E"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		spelling := store.Spelling(name)
		if n := utf8.RuneCountInString(spelling); n > store.SpellingWidth {
			t.Errorf("%q has a spelling of %d characters", name, n)
		}
		if again := store.Spelling(spelling); utf8.RuneCountInString(spelling) < store.SpellingWidth && again != spelling {
			t.Errorf("%q is spelled %q, and that %q", name, spelling, again)
		}
	})
}
