package system

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWhatIsShownOfALog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ program, line, want string }{
		"what is usual":    {Process, `{"time":"t","level":"INFO","msg":"identified","program":"process","image":42}`, ""},
		"what is detail":   {Process, `{"level":"DEBUG","msg":"m"}`, ""},
		"a warning":        {Process, `{"time":"t","level":"WARN","msg":"circuit open","program":"process","image":42,"error":"it is down"}`, "WARN  circuit open error=it is down image=42"},
		"an error":         {Receive, `{"level":"ERROR","msg":"m"}`, "ERROR m"},
		"a crash":          {View, "panic: oh", "panic: oh"},
		"JSON of another":  {View, `{"a":1}`, ""},
		"MariaDB's notes":  {MariaDB, "2026-11-23 19:46:14 0 [Note] InnoDB: 128 rollback segments are active.", ""},
		"MariaDB's errors": {MariaDB, "2026-11-23 19:46:14 0 [ERROR] Can't start server", "Can't start server"},
		"MariaDB's rest":   {MariaDB, "2026-11-23 19:46:14 0 [Warning] Could not increase", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := remarkable(test.program, []byte(test.line)); got != test.want {
				t.Errorf("it shows %q, want %q", got, test.want)
			}
		})
	}
}

func TestALogKeepsEverythingAndThatOfTheRunBefore(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var shown []string
	say := func(format string, args ...any) { shown = append(shown, fmt.Sprintf(format, args...)) }
	for run := range 2 {
		log, err := openLog(data, Bridge, say)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range []string{"run ", fmt.Sprint(run), "\n{\"level\":\"INFO\"}\nx", "y\nnot complete"} {
			if _, err := log.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		log.file.Close()
	}
	want := []string{"bridge      run 0", "bridge      xy", "bridge      run 1", "bridge      xy"}
	if !slices.Equal(shown, want) {
		t.Errorf("it showed %q, want %q", shown, want)
	}
	for name, run := range map[string]int{"bridge.log": 1, "bridge.log.old": 0} {
		content, err := os.ReadFile(filepath.Join(data, "logs", name))
		if want := fmt.Sprintf("run %d\n{\"level\":\"INFO\"}\nxy\nnot complete", run); string(content) != want {
			t.Errorf("%s is %q, %v; want %q", name, content, err, want)
		}
	}
}
