package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/serve"
	facerecog "lineup.dev/lineup/proto"
)

// traceStart starts as run does, up to the first answer, and prints where the time
// went.
func traceStart(ctx context.Context, config settings, log *slog.Logger, out io.Writer) error {
	w := &stopwatch{out: out, lap: time.Now()}
	if age, err := processAge(); err == nil {
		w.print("start the process, read the settings (±10)", age)
	}
	e, err := newEngine(config, log)
	if err != nil {
		return err
	}
	defer e.close()
	var models time.Duration
	for _, step := range e.models.Opened {
		w.print(step.Name, step.Took)
		models += step.Took
	}
	w.done("read the manifest, take the workers' memory", models)
	pictures, err := config.Patience.Open(config.ImagesURL)
	if err != nil {
		return fmt.Errorf("IMAGES_URL: %w", err)
	}
	defer pictures.Close()
	listener, err := serve.Bind(ctx, config.Listen)
	if err != nil {
		return err
	}
	listener.Close()
	w.done("listen", 0)
	if err := e.gallery.Read(ctx); err != nil {
		return fmt.Errorf("%s: %w", e.source(config), err)
	}
	w.done("read the gallery", 0)
	var first bytes.Buffer
	if err := jpeg.Encode(&first, image.NewYCbCr(image.Rect(0, 0, 640, 480), image.YCbCrSubsampleRatio420), nil); err != nil {
		return err
	}
	w.lap = time.Now() // the picture is no part of the start
	if _, err := newServer(config, e, pictures, log).Identify(ctx, &facerecog.IdentifyRequest{Image: first.Bytes()}); err != nil {
		return err
	}
	w.done("answer for a picture of 640×480 without a face", 0)
	fmt.Fprintf(out, "%8.1f ms  in all\n", float64(w.total)/float64(time.Millisecond))
	return nil
}

// stopwatch prints what each step took.
type stopwatch struct {
	out   io.Writer
	lap   time.Time
	total time.Duration
}

func (w *stopwatch) print(step string, took time.Duration) {
	fmt.Fprintf(w.out, "%8.1f ms  %s\n", float64(took)/float64(time.Millisecond), step)
	w.total += took
}

// done prints a step that ends now, less what was printed of it already.
func (w *stopwatch) done(step string, printed time.Duration) {
	now := time.Now()
	w.print(step, now.Sub(w.lap)-printed)
	w.lap = now
}

// processAge is how long ago the kernel started this process, to a hundredth of a
// second (proc(5): /proc/uptime, and starttime in /proc/pid/stat).
func processAge() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses, and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const startTime = 22 - 3 // the first of these is the third of all
	if len(fields) <= startTime {
		return 0, fmt.Errorf("/proc/self/stat has %d fields", len(fields))
	}
	started, err := strconv.ParseFloat(fields[startTime], 64) // hundredths of a second
	if err != nil {
		return 0, err
	}
	up, _, _ := strings.Cut(string(uptime), " ")
	now, err := strconv.ParseFloat(up, 64)
	if err != nil {
		return 0, err
	}
	return time.Duration((now - started/100) * float64(time.Second)), nil
}
