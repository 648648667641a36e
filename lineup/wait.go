package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/lineup"
)

// wait waits until pictures have a result.
func wait(ctx context.Context, p *program, args []string) error {
	var timeout time.Duration
	names, err := p.parse("wait", args, func(f *flag.FlagSet) {
		f.DurationVar(&timeout, "timeout", 10*time.Minute, "how long to wait, for all together")
	})
	if err != nil {
		return err
	}
	if timeout <= 0 {
		return p.usage("-timeout must be more than 0")
	}
	within, cancel := context.WithTimeoutCause(ctx, timeout, errLate)
	defer cancel()
	targets, failed, err := p.targets(within, names)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(within)
	group.SetLimit(p.settings.AtOnce)
	for one := range each(inner, targets) {
		group.Go(func() error { return p.waitFor(inner, one) })
	}
	if err := cmp.Or(group.Wait(), failed(), context.Cause(within)); err != nil {
		return err
	}
	if p.report.failures() > 0 {
		return errSome
	}
	return nil
}

// errLate says that the time is over.
var errLate = errors.New("no result in time: -timeout sets how long to wait")

// target is a picture or a folder to wait for: its path at view, images/7 or folders/7.
type target string

// parseTarget reads what a user writes: 7 for a picture, folders/7.
func parseTarget(name string) (target, bool) {
	number, isFolder := strings.CutPrefix(name, "folders/")
	if id, err := strconv.ParseUint(number, 10, 63); err != nil || id == 0 {
		return "", false
	}
	if isFolder {
		return target(name), true
	}
	return target("images/" + name), true
}

// targets gives what to wait for. failed tells, at the end, why some could not be read.
func (p *program) targets(ctx context.Context, names []string) (found <-chan target, failed func() error, err error) {
	if slices.Equal(names, []string{"-"}) {
		read, failed := lines(ctx, p.stdin)
		return p.readTargets(ctx, read), failed, nil
	}
	var all []target
	for _, name := range names {
		one, ok := parseTarget(name)
		if !ok {
			return nil, nil, p.usage("%q is not the id of a picture, a whole number above 0, nor folders/ and an id", name)
		}
		all = append(all, one)
	}
	if len(names) == 0 {
		if all, err = p.waiting(ctx); err != nil {
			return nil, nil, err
		}
	}
	p.report.total(len(all))
	out := make(chan target, len(all))
	for _, one := range all {
		out <- one
	}
	close(out)
	return out, func() error { return nil }, nil
}

// readTargets reads ids, or lines that post printed. One that was refused there is told again, so that the exit status
// of a pipe tells of it.
func (p *program) readTargets(ctx context.Context, read <-chan string) <-chan target {
	out := make(chan target)
	go func() {
		defer close(out)
		for line := range each(ctx, read) {
			one, ok := parseTarget(line)
			var result posted
			if !ok && json.Unmarshal([]byte(line), &result) == nil {
				one, ok = result.target()
			}
			switch {
			case ok:
				select {
				case out <- one:
				case <-ctx.Done():
				}
			case result.Error != "":
				p.tell(result)
			default:
				p.tell(posted{File: line, Error: "neither an id nor what lineup post printed"})
			}
		}
	}()
	return out
}

// target is what to wait for after this was posted.
func (r posted) target() (target, bool) {
	switch {
	case r.ID > 0:
		return target(fmt.Sprintf("images/%d", r.ID)), true
	case r.Folder > 0:
		return target(fmt.Sprintf("folders/%d", r.Folder)), true
	}
	return "", false
}

// waiting gives the pictures that have no result now, the oldest first.
func (p *program) waiting(ctx context.Context) (all []target, err error) {
	var ids []int64
	for _, status := range lineup.Statuses {
		if status.Final() {
			continue
		}
		for line, err := range p.client.images(ctx, status, 0) {
			if err != nil {
				return nil, err
			}
			var image lineup.Image
			if err := json.Unmarshal(line, &image); err != nil {
				return nil, fmt.Errorf("read view's answer: %w", err)
			}
			ids = append(ids, image.ID)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		all = append(all, target(fmt.Sprintf("images/%d", id)))
	}
	return all, nil
}

// A target is asked for again after shortest, then twice as long each time up to longest.
const (
	shortest = 100 * time.Millisecond
	longest  = 2 * time.Second
)

// waitFor waits for one target and prints it. An error ends the waiting for all.
func (p *program) waitFor(ctx context.Context, one target) error {
	for pause := shortest; ; pause = min(2*pause, longest) {
		line, err := p.client.target(ctx, one)
		if err == nil {
			text, good, final, err := outcome(one, line)
			if err != nil {
				return err
			}
			if final {
				p.report.picture(line, text, good)
				return nil
			}
		}
		status, _ := refusal(err)
		switch late := errors.Is(context.Cause(ctx), errLate); {
		case late:
			p.without(one, errLate)
			return nil
		case status == http.StatusNotFound:
			p.without(one, err)
			return nil
		case err != nil:
			return err
		}
		sleep(ctx, pause)
	}
}

// outcome tells of view's answer whether it is final, and then whether it is good.
func outcome(one target, line []byte) (text string, good, final bool, err error) {
	var image shown
	var whole folder
	if strings.HasPrefix(string(one), "folders/") {
		err = json.Unmarshal(line, &whole)
		text, good, final = whole.text(), whole.Failed == 0, whole.final()
	} else {
		err = json.Unmarshal(line, &image)
		text, good, final = image.text(), !image.Status.IsFailure(), image.Status.Final()
	}
	if err != nil {
		err = fmt.Errorf("read view's answer: %w", err)
	}
	return text, good, final, err
}

// without tells that a target has no result, and why.
func (p *program) without(one target, err error) {
	kind, number, _ := strings.Cut(string(one), "/")
	id, _ := strconv.ParseInt(number, 10, 64) // it was one
	result := posted{ID: id, Error: err.Error()}
	if kind == "folders" {
		result.ID, result.Folder = 0, id
	}
	line, _ := json.Marshal(result) // nothing of this fails
	p.report.picture(line, fmt.Sprintf("%s  %v", one, err), false)
}
