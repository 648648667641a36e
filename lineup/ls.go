package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// list prints the newest pictures.
func list(ctx context.Context, p *program, args []string) error {
	var (
		status, person string
		limit          int
	)
	names, err := p.parse("ls", args, func(f *flag.FlagSet) {
		f.StringVar(&status, "status", "", "only pictures with this status: "+statuses())
		f.StringVar(&person, "person", "", "only pictures in which this person was found: an id or a name")
		f.IntVar(&limit, "limit", 50, "list this many at most; 0: all")
	})
	if err != nil {
		return err
	}
	switch {
	case len(names) > 0:
		return p.usage("lineup ls takes no names, %q is one", names[0])
	case status != "" && !slices.Contains(lineup.Statuses, lineup.Status(status)):
		return p.usage("-status=%s is none of %s", status, statuses())
	case limit < 0:
		return p.usage("-limit must not be less than 0")
	}
	id, err := p.person(ctx, person)
	if err != nil {
		return err
	}
	p.report.live = false // how far it is, the list itself shows
	printed := 0
	for line, err := range p.client.images(ctx, lineup.Status(status), id) {
		if err != nil {
			return err
		}
		var image shown
		if err := json.Unmarshal(line, &image); err != nil {
			return fmt.Errorf("read view's answer: %w", err)
		}
		p.report.picture(line, image.text(), true)
		if printed++; printed == limit {
			break
		}
	}
	return nil
}

// person is the id of the person called so. A number is an id; 0 means anybody.
func (p *program) person(ctx context.Context, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		if id < 1 {
			return 0, p.usage("-person=%s is not the id of a person, a whole number above 0", name)
		}
		return id, nil
	}
	for line, err := range p.client.people(ctx) {
		if err != nil {
			return 0, err
		}
		var one lineup.Person
		if err := json.Unmarshal(line, &one); err != nil {
			return 0, fmt.Errorf("read view's answer: %w", err)
		}
		if string(one.Name) == name {
			return one.ID, nil
		}
	}
	return 0, fmt.Errorf("nobody is called %q: %s/people shows who is known", name, p.settings.ViewURL)
}

func statuses() string {
	var names []string
	for _, status := range lineup.Statuses {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}
