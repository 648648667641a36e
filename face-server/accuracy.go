package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
)

// AccuracySettings are what `face-server accuracy` does beyond measuring once.
type AccuracySettings struct {
	AccuracyConditions string `envconfig:"ACCURACY_CONDITIONS" default:"off" oneof:"on off" desc:"on: face-server accuracy also asks about the photos made harder (small, blurred, turned, dark, covered), which takes some thirty times as long"`
	AccuracyPlot       string `envconfig:"ACCURACY_PLOT" desc:"file that face-server accuracy writes a plot (SVG) to: who is found against strangers named, at every threshold"`
	AccuracyTrials     string `envconfig:"ACCURACY_TRIALS" desc:"file that face-server accuracy writes every search to (JSON), for the ACCURACY_BASELINE of a later run, of another commit say"`
	AccuracyBaseline   string `envconfig:"ACCURACY_BASELINE" desc:"what face-server accuracy compares with: another folder of models, or a file that ACCURACY_TRIALS wrote"`
}

// check finds what would end a long measurement only after it.
func (s AccuracySettings) check() (err error) {
	for _, one := range []struct{ setting, value, path string }{
		{"ACCURACY_PLOT", s.AccuracyPlot, filepath.Dir(s.AccuracyPlot)},
		{"ACCURACY_TRIALS", s.AccuracyTrials, filepath.Dir(s.AccuracyTrials)},
		{"ACCURACY_BASELINE", s.AccuracyBaseline, s.AccuracyBaseline},
	} {
		if one.value == "" {
			continue
		}
		if _, missing := os.Stat(one.path); missing != nil {
			err = errors.Join(err, fmt.Errorf("%s=%s: %w", one.setting, one.value, missing))
		}
	}
	return err
}

// measureAccuracy measures how well the people in a folder's photos, or in the pairs of a
// CSV, are told apart. It prints the report to out, and to errs how far it came. It
// gives the exit code.
func measureAccuracy(ctx context.Context, config settings, log *slog.Logger, path string, out, errs io.Writer) int {
	bar := &progress{to: errs, now: time.Now}
	report, err := measure(ctx, config, log, path, bar)
	if err == nil {
		report.Baseline, err = baseline(ctx, config, log, path, bar)
	}
	if err == nil {
		err = report.Print(out)
	}
	if err == nil {
		err = keepRuns(config, report)
	}
	if err != nil {
		fmt.Fprintf(errs, "face-server: %s: %v\n", path, err)
		return 2
	}
	return 0
}

// baseline is the run to compare with; nil where none is asked for.
func baseline(ctx context.Context, config settings, log *slog.Logger, path string, bar *progress) (*accuracy.Run, error) {
	if config.AccuracyBaseline == "" {
		return nil, nil
	}
	info, err := os.Stat(config.AccuracyBaseline)
	if err != nil {
		return nil, fmt.Errorf("ACCURACY_BASELINE: %w", err)
	}
	if !info.IsDir() {
		file, err := os.Open(config.AccuracyBaseline)
		if err != nil {
			return nil, fmt.Errorf("ACCURACY_BASELINE: %w", err)
		}
		defer file.Close()
		before, err := accuracy.ReadRun(file)
		if err != nil {
			return nil, fmt.Errorf("ACCURACY_BASELINE=%s: %w", config.AccuracyBaseline, err)
		}
		return &before, nil
	}
	manifest, err := face.ReadManifest(config.AccuracyBaseline)
	if err != nil {
		return nil, fmt.Errorf("ACCURACY_BASELINE: %w", err)
	}
	config.Models, config.AccuracyConditions = config.AccuracyBaseline, "off"
	config.MatchThreshold, config.MatchMargin, config.StrangerThreshold = manifest.Threshold, manifest.Margin, manifest.StrangerThreshold
	report, err := measure(ctx, config, log, path, bar)
	if err != nil {
		return nil, fmt.Errorf("ACCURACY_BASELINE=%s: %w", config.AccuracyBaseline, err)
	}
	before := report.Run()
	return &before, nil
}

// keepRuns writes the plot and the searches where that was asked for.
func keepRuns(config settings, report accuracy.Report) error {
	runs := []accuracy.Run{report.Run()}
	if report.Baseline != nil {
		runs = append(runs, *report.Baseline)
	}
	for _, w := range []struct {
		setting, file string
		write         func(*os.File) error
	}{
		{"ACCURACY_PLOT", config.AccuracyPlot, func(to *os.File) error { return accuracy.Plot(to, runs...) }},
		{"ACCURACY_TRIALS", config.AccuracyTrials, func(to *os.File) error { return runs[0].Write(to) }},
	} {
		if w.file == "" {
			continue
		}
		to, err := os.Create(w.file)
		if err != nil {
			return fmt.Errorf("%s: %w", w.setting, err)
		}
		if err := cmp.Or(w.write(to), to.Close()); err != nil {
			return fmt.Errorf("%s=%s: %w", w.setting, w.file, err)
		}
	}
	return nil
}

func measure(ctx context.Context, config settings, log *slog.Logger, path string, bar *progress) (report accuracy.Report, err error) {
	dir, pairs, photos, err := photosAt(path)
	if err != nil {
		return report, err
	}
	if len(photos) > config.MaxPhotos {
		return report, fmt.Errorf("%d photos, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer", len(photos), config.MaxPhotos)
	}
	e, err := newEngine(config, log)
	if err != nil {
		return report, err
	}
	defer e.close()
	described, err := describe(ctx, config.Workers, e.workers.recognise, readerOf(dir, config.MaxPicture), photos, bar)
	if err != nil {
		return report, err
	}
	enrolled := accuracy.Enrolled(described)
	report = accuracy.Report{
		Model: e.models.Name, Photos: len(photos), Covered: accuracy.Covered(described), Rule: e.rule(enrolled),
		Certainty: e.certainty, Enrolled: enrolled, Galleries: accuracy.GalleriesStated(e.rule, e.certainty),
	}
	if pairs != nil {
		report.Scores, report.Misses = accuracy.ComparePairs(pairs, described, report.Rule.Threshold)
		return report, nil
	}
	if faces := accuracy.Faces(described); faces > config.MaxPhotos {
		return report, fmt.Errorf("%d faces, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer group photos", faces, config.MaxPhotos)
	}
	bar.begin("faces compared")
	scores, outcome, err := accuracy.Compare(ctx, described, report.Rule, bar.part)
	report.Scores, report.Outcome, report.Misses = scores, &outcome, outcome.Misses
	if err == nil && config.AccuracyConditions == "on" {
		report.Conditions, err = madeHarder(ctx, e, config.Workers, readerOf(dir, config.MaxPicture), described, report.Rule, bar)
	}
	return report, err
}

// photosAt reads what is to be measured: a folder, or a CSV of pairs.
func photosAt(path string) (dir fs.FS, pairs []accuracy.Pair, photos []accuracy.Photo, err error) {
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		dir = os.DirFS(path)
		photos, err = accuracy.Photos(dir)
		return dir, nil, photos, err
	}
	file, err := os.Open(path) //nolint:gosec // whoever gives the command names the file
	if err != nil {
		return nil, nil, nil, err
	}
	defer file.Close()
	pairs, err = accuracy.ReadPairs(file)
	return os.DirFS(filepath.Dir(path)), pairs, accuracy.PhotosOf(pairs), err
}
