package accuracy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// The folders of a layout with a gallery.
const (
	knownFolder   = "known_people"
	unknownFolder = "unknown"
)

// Photo is a photo whose people are known.
type Photo struct {
	File string // path below the folder
	// People are who is in it: one, of whom the largest face is; or, in a group
	// photo, those of the known people that it shows, beside whom there may be
	// strangers.
	People []string
	Group  bool
	// Enrolled and Asked tell what the photo is for: to be in the gallery, to be
	// asked about, or both.
	Enrolled, Asked bool
}

// errLayout ends with what to do.
var errLayout = errors.New("give a folder with a folder of photos for each person, or one with known_people/ and unknown/, or a .csv of pairs")

// Photos reads which photos a folder has and who is in them. With a folder
// known_people, that is the gallery and unknown is what is asked about. Photos
// there are called PERSON_1.jpg, PERSON_2.jpg and so on ([lineup.PersonOf]); one in
// unknown that is called group_NAME shows the known people whose names are NAME or begin with NAME_,
// and perhaps strangers. Without
// known_people, each folder is a person, and each photo in it is enrolled and asked
// about. Other files, and names that begin with a point, count for nothing.
func Photos(dir fs.FS) ([]Photo, error) {
	folders, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	if slices.ContainsFunc(folders, func(e fs.DirEntry) bool { return e.Name() == knownFolder }) {
		return knownAndUnknown(dir)
	}
	var photos []Photo
	for _, folder := range folders {
		person := folder.Name()
		// Stat follows a link, which may stand for a folder.
		if info, err := fs.Stat(dir, person); err != nil || !info.IsDir() || hidden(person) {
			continue
		}
		files, err := photosIn(dir, person)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			photos = append(photos, Photo{File: file, People: []string{person}, Enrolled: true, Asked: true})
		}
	}
	if len(photos) == 0 {
		return nil, fmt.Errorf("no photos in folders here: %w", errLayout)
	}
	return photos, nil
}

func knownAndUnknown(dir fs.FS) ([]Photo, error) {
	known, err := photosIn(dir, knownFolder)
	if err != nil {
		return nil, err
	}
	unknown, err := photosIn(dir, unknownFolder)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 || len(unknown) == 0 {
		return nil, fmt.Errorf("%d photos in %s, %d in %s: %w", len(known), knownFolder, len(unknown), unknownFolder, errLayout)
	}
	var photos []Photo
	var people []string
	for _, file := range known {
		person := lineup.PersonOf(path.Base(file))
		people = append(people, person)
		photos = append(photos, Photo{File: file, People: []string{person}, Enrolled: true})
	}
	slices.Sort(people)
	people = slices.Compact(people)
	for _, file := range unknown {
		person := lineup.PersonOf(path.Base(file))
		photo := Photo{File: file, People: []string{person}, Asked: true}
		if name, ok := strings.CutPrefix(person, "group_"); ok {
			photo.Group, photo.People = true, nil
			for _, p := range people {
				if p == name || strings.HasPrefix(p, name+"_") {
					photo.People = append(photo.People, p)
				}
			}
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

// photosIn gives the paths of the photos in a folder, sorted.
func photosIn(dir fs.FS, folder string) ([]string, error) {
	entries, err := fs.ReadDir(dir, folder)
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w; %w", folder, err, errLayout)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && !hidden(e.Name()) && isPhoto(e.Name()) {
			files = append(files, path.Join(folder, e.Name()))
		}
	}
	return files, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func isPhoto(name string) bool {
	_, is := photo.FormatByName(name)
	return is
}

var yearInName = regexp.MustCompile(`(?:^|\D)((?:19|20)\d\d)(?:\D|$)`)

// yearOf is the year that the last part of a photo's path names, as in Ann/2014-05.jpg;
// 0 where it names none.
func yearOf(file string) int {
	found := yearInName.FindAllStringSubmatch(file, -1)
	if len(found) == 0 {
		return 0
	}
	year, _ := strconv.Atoi(found[len(found)-1][1])
	return year
}
