package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// programLog is what a program prints: all of it goes to a file, warnings and errors to the terminal as well.
type programLog struct {
	program string
	file    *os.File
	say     func(format string, args ...any)

	mu   sync.Mutex
	line []byte // that is not complete yet
}

// openLog starts a new log in DATA/logs; that of the run before stays as NAME.log.old.
func openLog(data, program string, say func(string, ...any)) (*programLog, error) {
	dir := filepath.Join(data, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for logs: %w", err)
	}
	name := filepath.Join(dir, program+".log")
	if err := os.Rename(name, name+".old"); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("keep the last log: %w", err)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start a log: %w", err)
	}
	return &programLog{program: program, file: file, say: say}, nil
}

func (l *programLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, b...)
	for {
		line, rest, complete := bytes.Cut(l.line, []byte("\n"))
		if !complete {
			break
		}
		if words := remarkable(l.program, line); words != "" {
			l.say("%-11s %s", l.program, words)
		}
		l.line = rest
	}
	return l.file.Write(b)
}

// remarkable gives what to show on the terminal of a line in a program's log: of MariaDB its errors; of the others the
// message and attributes of a line at level warn or above, and every line that is no JSON: a crash, or a complaint about
// settings.
func remarkable(program string, line []byte) string {
	if program == MariaDB {
		_, words, _ := strings.Cut(string(line), "[ERROR] ")
		return words
	}
	var attributes map[string]any
	if json.Unmarshal(line, &attributes) != nil {
		return string(line)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(fmt.Sprint(attributes[slog.LevelKey]))); err != nil || level < slog.LevelWarn {
		return ""
	}
	message := attributes[slog.MessageKey]
	for _, key := range []string{slog.TimeKey, slog.LevelKey, slog.MessageKey, "program"} {
		delete(attributes, key)
	}
	words := []string{fmt.Sprintf("%-5s %v", level, message)}
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		words = append(words, fmt.Sprintf("%s=%v", key, attributes[key]))
	}
	return strings.Join(words, " ")
}
