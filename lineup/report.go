package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"
)

// report prints: pictures on stdout, all else on stderr.
type report struct {
	stdout, stderr io.Writer
	json           bool // pictures as lines of JSON

	mu           sync.Mutex
	live         bool // progress is shown
	shown        bool // a line of progress stands on the terminal
	redrawn      time.Time
	done, failed int
	all          int   // 0: not known
	unwritten    error // the first time that stdout took no line
}

func newReport(stdout, stderr io.Writer) *report {
	return &report{stdout: stdout, stderr: stderr, json: !isTerminal(stdout), live: isTerminal(stderr)}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// total says how many pictures there will be.
func (r *report) total(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = n + r.done // what was told before counts
}

// picture prints one picture, as a line of JSON or as text, and counts it.
func (r *report) picture(line []byte, text string, good bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if !good {
		r.failed++
	}
	if isTerminal(r.stdout) {
		r.clear()
	}
	if !r.json {
		line = []byte(strings.Map(printable, text))
	}
	if _, err := fmt.Fprintf(r.stdout, "%s\n", line); err != nil && r.unwritten == nil {
		r.unwritten = fmt.Errorf("write the results: %w", err)
	}
	r.progress()
}

// printable keeps what a file's name may do to a terminal off it. Joiners shape letters and emoji.
func printable(c rune) rune {
	if unicode.IsPrint(c) || unicode.Is(unicode.Join_Control, c) {
		return c
	}
	return '?'
}

// note says something to people.
func (r *report) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	fmt.Fprintf(r.stderr, "lineup: %s\n", strings.Map(printable, fmt.Sprintf(format, args...)))
}

// end takes the progress away, and says how many there are that the exit status stands for.
func (r *report) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	if r.failed > 0 {
		fmt.Fprintf(r.stderr, "lineup: %d of %d were refused, failed or have no result\n", r.failed, max(r.done, r.all))
	}
}

// written is an error when a line was lost: on a disk that is full, say.
func (r *report) written() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unwritten
}

func (r *report) failures() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// clear takes the line of progress away.
func (r *report) clear() {
	if r.shown {
		fmt.Fprint(r.stderr, "\r\033[K")
		r.shown = false
	}
}

// redraw is the pause between two lines of progress.
const redraw = 100 * time.Millisecond

func (r *report) progress() {
	if !r.live || r.shown && time.Since(r.redrawn) < redraw {
		return
	}
	r.redrawn, r.shown = time.Now(), true
	if r.all > 0 {
		fmt.Fprintf(r.stderr, "\r%d of %d\033[K", r.done, r.all)
	} else {
		fmt.Fprintf(r.stderr, "\r%d\033[K", r.done)
	}
}

// tick counts one that is not printed.
func (r *report) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.progress()
}
