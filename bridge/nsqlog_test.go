package main

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// levels keeps the level of each record.
type levels []slog.Level

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }
func (l *levels) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *levels) WithGroup(string) slog.Handler            { return l }
func (l *levels) Handle(_ context.Context, r slog.Record) error {
	*l = append(*l, r.Level)
	return nil
}

func TestTheSameLineIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged levels
		log := newNSQLog(slog.New(&logged), func(string) {})
		for range 90 { // an attempt to connect every second
			log.Output(2, "ERR    1 (127.0.0.1:4150) error connecting to nsqd - connection refused")
			time.Sleep(time.Second)
		}
		log.Output(2, "WRN    1 there are 0 connections left alive")
		log.Output(2, "INF    1 (127.0.0.1:4150) connecting to nsqd")
		if want := (levels{slog.LevelWarn, slog.LevelWarn, slog.LevelInfo, slog.LevelDebug}); !slices.Equal(logged, want) {
			t.Errorf("logged %v, want %v", logged, want)
		}
	})
}
