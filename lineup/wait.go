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
	ids, failed, err := p.ids(within, names)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(within)
	group.SetLimit(p.settings.AtOnce)
	for id := range each(inner, ids) {
		group.Go(func() error { return p.waitFor(inner, id) })
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

// ids gives the pictures to wait for. failed tells, at the end, why some could not be read.
func (p *program) ids(ctx context.Context, names []string) (ids <-chan int64, failed func() error, err error) {
	if slices.Equal(names, []string{"-"}) {
		read, failed := lines(ctx, p.stdin)
		return p.readIDs(read), failed, nil
	}
	var all []int64
	for _, name := range names {
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil || id < 1 {
			return nil, nil, p.usage("%q is not the id of a picture, a whole number above 0", name)
		}
		all = append(all, id)
	}
	if len(names) == 0 {
		if all, err = p.waiting(ctx); err != nil {
			return nil, nil, err
		}
	}
	p.report.total(len(all))
	out := make(chan int64, len(all))
	for _, id := range all {
		out <- id
	}
	close(out)
	return out, func() error { return nil }, nil
}

// readIDs reads ids, or lines that post printed. One that was refused there is told again, so that the exit status of a
// pipe tells of it.
func (p *program) readIDs(read <-chan string) <-chan int64 {
	out := make(chan int64)
	go func() {
		defer close(out)
		for line := range read {
			id, err := strconv.ParseInt(line, 10, 64)
			var result posted
			if err != nil && json.Unmarshal([]byte(line), &result) == nil {
				id = result.ID
			}
			switch {
			case id > 0:
				out <- id
			case result.Error != "":
				p.tell(result)
			default:
				p.tell(posted{File: line, Error: "neither an id nor a picture that lineup post printed"})
			}
		}
	}()
	return out
}

// waiting gives the pictures that have no result now, the oldest first.
func (p *program) waiting(ctx context.Context) (ids []int64, err error) {
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
	return ids, nil
}

// A picture is asked for again after shortest, then twice as long each time up to longest.
const (
	shortest = 100 * time.Millisecond
	longest  = 2 * time.Second
)

// waitFor waits for one picture and prints it. An error ends the waiting for all.
func (p *program) waitFor(ctx context.Context, id int64) error {
	for pause := shortest; ; pause = min(2*pause, longest) {
		line, err := p.client.image(ctx, id)
		var image lineup.Image
		if err == nil {
			if err := json.Unmarshal(line, &image); err != nil {
				return fmt.Errorf("read view's answer: %w", err)
			}
			if image.Status.Final() {
				p.report.picture(line, row(image), image.Status != lineup.Failed)
				return nil
			}
		}
		status, _ := refusal(err)
		switch late := errors.Is(context.Cause(ctx), errLate); {
		case late:
			p.without(id, errLate)
			return nil
		case status == http.StatusNotFound:
			p.without(id, err)
			return nil
		case err != nil:
			return err
		}
		sleep(ctx, pause)
	}
}

// without tells that a picture has no result, and why.
func (p *program) without(id int64, err error) {
	line, _ := json.Marshal(struct { // nothing of this fails
		ID    int64  `json:"id"`
		Error string `json:"error"`
	}{id, err.Error()})
	p.report.picture(line, fmt.Sprintf("%6d  %v", id, err), false)
}
