package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/xmp"
)

// The files of an export.
const (
	picturesFile  = "pictures.json"
	facesFile     = "faces.csv"
	peopleFolder  = "people"
	sidecarFolder = "sidecars"

	unfinished  = ".unfinished" // ends the name of what is being written
	longestName = 255           // bytes, of a file on Linux and macOS: NAME_MAX
)

// exported is what an export came to, as a line of JSON.
type exported struct {
	Folder   string `json:"folder"`
	Pictures int    `json:"pictures"`
	Sidecars int    `json:"sidecars"`
	People   int    `json:"people"`
}

// export writes all pictures, faces and people into a folder.
func export(ctx context.Context, p *program, args []string) error {
	folders, err := p.parse("export", args, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if len(folders) != 1 {
		return p.usage("say into which folder to export: one")
	}
	if err := os.MkdirAll(folders[0], 0o700); err != nil { // it tells who is in pictures
		return err
	}
	root, err := os.OpenRoot(folders[0])
	if err != nil {
		return err
	}
	defer root.Close()
	e := &exporter{program: p, root: root, names: map[int64]string{}, share: map[string]int{}, exported: exported{Folder: folders[0]}}
	if err := e.all(ctx); err != nil {
		return err
	}
	line, _ := json.Marshal(e.exported) // of these fields, nothing fails
	p.report.picture(line, fmt.Sprintf("%d pictures, %d sidecars and %d people in %s", e.Pictures, e.Sidecars, e.People, e.Folder), true)
	p.report.note("the people's photos stay in KNOWN_PEOPLE: copy what is in it into %s, where lineup people import finds whose they are", filepath.Join(folders[0], peopleFolder))
	return p.posted(nil)
}

// exporter is an export on its way. What it writes stays in its folder, whatever the
// pictures are called.
type exporter struct {
	*program
	exported
	root  *os.Root
	names map[int64]string // of people, by their ids
	share map[string]int   // how many have a name, in small letters
}

// all writes everything. The sidecars take the place of an earlier export's as a whole, so
// that none stays of a picture that was deleted, or of a person who was erased.
func (e *exporter) all(ctx context.Context) error {
	if err := e.root.RemoveAll(sidecarFolder + unfinished); err != nil { // of an export that was broken off
		return err
	}
	if err := e.root.Mkdir(sidecarFolder+unfinished, 0o700); err != nil {
		return err
	}
	if err := e.people(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(e.share)) {
		if !e.tells(name) && name != "" {
			e.report.note("%d people are called %q: no sidecar names them, as none could tell which; next: rename one and export again", e.share[name], name)
		}
	}
	if err := e.pictures(ctx); err != nil {
		return err
	}
	if err := e.root.RemoveAll(sidecarFolder); err != nil {
		return err
	}
	return e.root.Rename(sidecarFolder+unfinished, sidecarFolder)
}

// tells tells whether a name says who is meant.
func (e *exporter) tells(name string) bool { return name != "" && e.share[strings.ToLower(name)] < 2 }

// people writes the people, and keeps their names.
func (e *exporter) people(ctx context.Context) error {
	return e.write(path.Join(peopleFolder, peopleFile), func(w io.Writer) error {
		items := newJSONList(w)
		for _, hidden := range []string{"false", "true"} {
			for line, err := range e.client.pages(ctx, lineup.APIPrefix+"/people?hidden="+hidden, "items") {
				if err != nil {
					return err
				}
				var person exportedPerson
				if err := json.Unmarshal(line, &person); err != nil {
					return fmt.Errorf("read a person in view's answer: %w", err)
				}
				e.names[person.ID] = person.Name
				e.share[strings.ToLower(person.Name)]++
				e.People++
				items.add(line)
			}
		}
		return items.end()
	})
}

// pictures writes the pictures and their faces, and the sidecars.
func (e *exporter) pictures(ctx context.Context) error {
	return e.write(picturesFile, func(w io.Writer) error {
		return e.write(facesFile, func(faces io.Writer) error {
			items, table := newJSONList(w), csv.NewWriter(faces)
			table.Write([]string{"picture", "path", "file_name", "status", "face", "person_id", "person", "decided_by", "ignored", "similarity", "chance_wrong", "x", "y", "width", "height", "occluded"}) //nolint:errcheck // Flush tells
			for line, err := range e.client.pages(ctx, lineup.APIPrefix+"/images", "items") {
				if err != nil {
					return err
				}
				var image lineup.Image
				if err := json.Unmarshal(line, &image); err != nil {
					return fmt.Errorf("read a picture in view's answer: %w", err)
				}
				items.add(line)
				table.WriteAll(rowsOf(image)) //nolint:errcheck // Flush tells
				if err := e.sidecar(ctx, image); err != nil {
					return err
				}
				e.Pictures++
				e.report.tick()
			}
			table.Flush()
			return errors.Join(items.end(), table.Error())
		})
	})
}

// write writes a file of the export, whole or not at all.
func (e *exporter) write(name string, write func(io.Writer) error) error {
	if err := e.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	folder, file := path.Split(name)
	meanwhile := folder + file[:min(len(file), longestName-len(unfinished))] + unfinished
	f, err := e.root.OpenFile(meanwhile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := cmp.Or(write(f), f.Close()); err != nil {
		f.Close()                // it may be closed
		e.root.Remove(meanwhile) //nolint:errcheck // it is not finished anyway
		return fmt.Errorf("write %s: %w", name, err)
	}
	return e.root.Rename(meanwhile, name)
}

// rowsOf are a picture's rows of the table: one for each face, or one.
func rowsOf(image lineup.Image) (rows [][]string) {
	start := []string{strconv.FormatInt(image.ID, 10), lineup.SpreadsheetText(image.Path), lineup.SpreadsheetText(image.FileName), string(image.Status)}
	for _, face := range image.Faces {
		row := append(append([]string{}, start...), strconv.FormatInt(face.ID, 10), "", "", string(face.DecidedBy), strconv.FormatBool(face.Ignored), "", "", "", "", "", "", strconv.FormatBool(face.Occluded))
		if face.Person != nil {
			row[5], row[6] = strconv.FormatInt(face.Person.ID, 10), lineup.SpreadsheetText(string(face.Person.Name))
		}
		if face.Similarity != nil {
			row[9] = fmt.Sprintf("%.4f", *face.Similarity)
		}
		if face.ChanceWrong != nil {
			row[10] = fmt.Sprintf("%.3g", *face.ChanceWrong)
		}
		if box := face.Box; box != nil {
			for i, number := range []float64{box.X, box.Y, box.Width, box.Height} {
				row[11+i] = fmt.Sprintf("%.6f", number)
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		rows = append(rows, append(start, make([]string, 12)...))
	}
	return rows
}

// sidecar writes whose faces a picture shows, if anybody's are known or a hand said anything.
func (e *exporter) sidecar(ctx context.Context, image lineup.Image) error {
	var regions xmp.Regions
	if regions.Upright = image.Layout == nil; !regions.Upright {
		regions.Width, regions.Height = float64(image.Layout.Width), float64(image.Layout.Height)
	}
	for _, face := range image.Faces {
		region, ok, err := e.region(ctx, face)
		if err != nil {
			return err
		}
		if ok && image.Layout != nil { // other programs take boxes for those of the pixels as they are stored
			region.Box = image.Layout.Stored(region.Box)
		}
		if ok {
			regions.Faces = append(regions.Faces, region)
		}
	}
	if len(regions.Faces) == 0 {
		return nil
	}
	name := sidecarName(image.Path)
	if !filepath.IsLocal(name) {
		e.report.note("picture %d has no sidecar: its path %q is none below a folder", image.ID, image.Path)
		return nil
	}
	name = path.Join(sidecarFolder+unfinished, name)
	if len(path.Base(name)) > longestName {
		e.report.note("picture %d has no sidecar: with .xmp its name has more than %d bytes", image.ID, longestName)
		return nil
	}
	if _, err := e.root.Lstat(name); err == nil {
		e.report.note("picture %d has no sidecar: another picture has it, whose path differs from %q only by what it begins with", image.ID, image.Path)
		return nil
	}
	e.Sidecars++
	return e.write(name, func(w io.Writer) error {
		_, err := w.Write(xmp.Write(regions))
		return err
	})
}

// sidecarName is where a picture's sidecar lies: as the picture lies in its root. What is
// the root of a disk or a bucket's scheme is a folder.
func sidecarName(image string) string {
	return strings.TrimPrefix(strings.Replace(image, "://", "/", 1), "/") + ".xmp"
}

// region is what is known of a face; ok is false for nothing.
func (e *exporter) region(ctx context.Context, face lineup.Face) (r xmp.Region, ok bool, err error) {
	if face.Box == nil {
		return r, false, nil
	}
	r = xmp.Region{Box: *face.Box, Ignored: face.Ignored, Machine: face.DecidedBy != lineup.ByHand}
	if face.Person != nil && e.tells(string(face.Person.Name)) {
		r.Name = string(face.Person.Name)
		if face.ImageName == fmt.Sprint(facePhotos, face.ID) { // it is a photo of that person, and lies nowhere else
			r.Machine = false
		}
	}
	for _, id := range face.Not {
		name, err := e.nameOf(ctx, id)
		if err != nil {
			return r, false, err
		}
		if e.tells(name) {
			r.Not = append(r.Not, name)
		}
	}
	if len(r.Not) > 0 && r.Machine { // who it is not, a hand said; whose it is, the next machine may
		r.Name, r.Machine = "", false
	}
	return r, r.Name != "" || r.Ignored || len(r.Not) > 0, nil
}

// nameOf is who somebody is by now, also after being merged; empty for nobody.
func (e *exporter) nameOf(ctx context.Context, id int64) (string, error) {
	if name, known := e.names[id]; known {
		return name, nil
	}
	line, err := e.client.get(ctx, fmt.Sprintf("%s/people/%d", lineup.APIPrefix, id))
	var person exportedPerson
	if status, _ := refusal(err); err != nil && status != http.StatusNotFound {
		return "", err
	}
	if err == nil {
		if err := json.Unmarshal(line, &person); err != nil {
			return "", fmt.Errorf("read a person in view's answer: %w", err)
		}
	}
	e.names[id] = person.Name
	return person.Name, nil
}

// jsonList writes a list, an item a line.
type jsonList struct {
	w   io.Writer
	any bool
	err error
}

func newJSONList(w io.Writer) *jsonList { return &jsonList{w: w} }

func (l *jsonList) add(item json.RawMessage) {
	start := "[\n"
	if l.any {
		start = ",\n"
	}
	l.any = true
	l.print(start, item)
}

func (l *jsonList) end() error {
	if !l.any {
		l.print("[", nil)
	}
	l.print("\n]\n", nil)
	return l.err
}

func (l *jsonList) print(text string, item json.RawMessage) {
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.w, "%s%s", text, item)
	}
}
