package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/lineup"
)

// ofPeople does what is about people: import alone, so far.
func ofPeople(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 || args[0] != "import" {
		return p.usage("say lineup people import DIR")
	}
	var dry, anyway bool
	folders, err := p.parse("people import", args[1:], func(f *flag.FlagSet) {
		f.BoolVar(&dry, "dry-run", false, "only tell whose each photo would be; whether it can be used, tells enrolling alone")
		f.BoolVar(&anyway, "anyway", false, "enrol photos also if they are like another named person")
	})
	if err != nil {
		return err
	}
	if len(folders) != 1 {
		return p.usage("say in which folder the people's photos lie: one")
	}
	photos, exported, err := p.findPhotos(folders[0])
	if err != nil {
		return err
	}
	p.report.total(len(photos))
	counts, err := p.enrol(ctx, photos, dry, anyway)
	if err == nil && !dry {
		err = p.hide(ctx, exported)
	}
	p.report.note("%s", counts)
	return p.posted(err)
}

// findPhotos finds the photos below a folder and whose they are: a folder is a person, and
// of a photo in none its name tells. Where an export lies beside them, that alone tells, and
// its photos have to be there.
func (p *program) findPhotos(folder string) (photos []enrolled, exported []exportedPerson, err error) {
	if exported, err = readExported(filepath.Join(folder, peopleFile)); err != nil {
		return nil, nil, err
	}
	known := photosOf(exported)
	for _, file := range p.filesBeside(exported, known, folder) {
		photo := enrolled{File: file}
		name, err := filepath.Rel(folder, file)
		if err != nil || !filepath.IsLocal(name) { // what was named is a file
			name = filepath.Base(file)
		}
		name = filepath.ToSlash(name)
		if of, there := known[name]; there {
			photo = of
			photo.File = file
			delete(known, name)
		} else if exported != nil {
			photo.Outcome, photo.Reason = outcomeLeftOut, "it is no photo of the export's people: it may have been removed from them"
		} else {
			photo.Name = lineup.PersonOfPath(name)
		}
		photos = append(photos, photo)
	}
	if len(known) > 0 {
		p.tell(posted{File: folder, Error: fmt.Sprintf("photos of the export are not in it: %d; next: copy what is in KNOWN_PEOPLE into it", len(known))})
	}
	return photos, exported, nil
}

// filesBeside are the pictures in the folder. There need be none of an export that knows of none.
func (p *program) filesBeside(exported []exportedPerson, known map[string]enrolled, folder string) []string {
	if exported == nil {
		return p.find([]string{folder})
	}
	files := p.walk(folder)
	if len(files) == 0 && len(known) == 0 {
		p.report.note("the export's people have no photos of their own: who is in which picture its sidecars tell, with IMPORT_REGIONS=on")
	}
	return files
}

// tally counts outcomes.
type tally map[string]int

func (t tally) String() string {
	var all []string
	for _, kind := range []string{outcomeEnrolled, outcomeThere, outcomePending, outcomeUnusable, outcomeConflict, outcomeRefused, outcomeLeftOut, outcomePlanned} {
		if n := t[kind]; n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, kind))
		}
	}
	return cmp.Or(strings.Join(all, ", "), "no photo")
}

// enrol posts photos, several at once, and tells what became of each.
func (p *program) enrol(ctx context.Context, photos []enrolled, dry, anyway bool) (tally, error) {
	results := make(chan enrolled)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(p.settings.AtOnce)
	counts, counted := tally{}, make(chan struct{})
	go func() {
		defer close(counted)
		for one := range results {
			counts[one.Outcome]++
			p.tellEnrolled(one)
		}
	}()
	for _, photo := range photos {
		if inner.Err() != nil {
			break
		}
		group.Go(func() (err error) {
			photo.anyway = photo.anyway || anyway
			switch {
			case photo.Outcome != "": // it is known before
			case dry:
				photo.Outcome = outcomePlanned
			default:
				photo, err = p.client.enrol(inner, photo)
			}
			if err == nil {
				results <- photo
			}
			return err
		})
	}
	err := cmp.Or(group.Wait(), ctx.Err())
	close(results)
	<-counted
	return counts, err
}

func (p *program) tellEnrolled(one enrolled) {
	line, _ := json.Marshal(one) // of these fields, nothing fails
	text := fmt.Sprintf("%-13s  %-24s  %s", one.Outcome, one.Name, one.File)
	if one.Reason != "" {
		text += ": " + one.Reason
	}
	p.report.picture(line, text, one.good())
}

// hide hides whom the export tells to be hidden.
func (p *program) hide(ctx context.Context, exported []exportedPerson) error {
	hidden := map[string]bool{}
	for _, person := range exported {
		if person.Hidden {
			hidden[person.Name] = true
		}
	}
	if len(hidden) == 0 {
		return nil
	}
	met := map[string]bool{}
	for line, err := range p.client.pages(ctx, lineup.APIPrefix+"/people", "items") {
		if err != nil {
			return err
		}
		var person exportedPerson
		if err := json.Unmarshal(line, &person); err != nil {
			return err
		}
		met[person.Name] = true
		if hidden[person.Name] && !person.Hidden {
			if err := p.client.hide(ctx, person.ID); err != nil {
				return err
			}
		}
	}
	for name := range hidden {
		if !met[name] {
			p.report.note("%q was hidden and is not there yet: say this again once the pictures have been looked at", name)
		}
	}
	return nil
}

// hide hides a person.
func (c *client) hide(ctx context.Context, id int64) error {
	_, err := c.ask(ctx, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPatch, c.receive(fmt.Sprintf("%s/people/%d", lineup.APIPrefix, id)), strings.NewReader(`{"hidden":true}`))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
		}
		return r, err
	})
	return err
}
