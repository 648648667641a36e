package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// repeatAfter is how long the same line of go-nsq is not said again: it repeats
// what is wrong at every attempt to connect.
const repeatAfter = time.Minute

// nsqLog gives go-nsq's lines to slog: its errors as warnings, because it goes on
// after them, its warnings as information, the rest for debugging.
type nsqLog struct {
	log  *slog.Logger
	read func(line string) // is given every line, said again or not

	mu   sync.Mutex
	said map[string]time.Time
}

// newNSQLog is for a consumer's SetLogger.
func newNSQLog(log *slog.Logger, read func(line string)) *nsqLog {
	return &nsqLog{log: log, read: read, said: make(map[string]time.Time)}
}

// Output takes one line, which begins with its level.
func (l *nsqLog) Output(_ int, line string) error {
	l.read(line)
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
	if at, ok := l.said[line]; ok && now.Sub(at) < repeatAfter {
		return false
	}
	if len(l.said) >= 100 {
		clear(l.said)
	}
	l.said[line] = now
	return true
}
