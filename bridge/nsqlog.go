package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// repeatAfter is how long the same line of go-nsq is not logged again: it repeats
// what is wrong at every attempt to connect.
const repeatAfter = time.Minute

// nsqLog gives go-nsq's lines to slog: its errors as warnings, because it goes on
// after them, its warnings as information, the rest for debugging.
type nsqLog struct {
	log     *slog.Logger
	observe func(line string) // is given every line, logged or not

	mu     sync.Mutex
	logged map[string]time.Time // when each line was, last
}

// newNSQLog is for a consumer's SetLogger.
func newNSQLog(log *slog.Logger, observe func(line string)) *nsqLog {
	return &nsqLog{log: log, observe: observe, logged: make(map[string]time.Time)}
}

// Output takes one line, which begins with its level.
func (l *nsqLog) Output(_ int, line string) error {
	l.observe(line)
	kind, text, _ := strings.Cut(line, " ")
	level := slog.LevelDebug
	switch kind {
	case "ERR":
		level = slog.LevelWarn
	case "WRN":
		level = slog.LevelInfo
	}
	if l.log.Enabled(context.Background(), level) && l.isNews(line, time.Now()) {
		l.log.Log(context.Background(), level, "nsq: "+strings.TrimSpace(text))
	}
	return nil
}

func (l *nsqLog) isNews(line string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.logged[line]; ok && now.Sub(at) < repeatAfter {
		return false
	}
	if len(l.logged) >= 100 {
		clear(l.logged)
	}
	l.logged[line] = now
	return true
}
