package accuracy

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

func folderOf(names ...string) fstest.MapFS {
	dir := fstest.MapFS{}
	for _, name := range names {
		dir[name] = &fstest.MapFile{}
	}
	return dir
}

func TestPhotos(t *testing.T) {
	both := func(file, person string) Photo {
		return Photo{File: file, People: []string{person}, Enrolled: true, Asked: true}
	}
	known := func(file, person string) Photo {
		return Photo{File: file, People: []string{person}, Enrolled: true}
	}
	asked := func(file string, people ...string) Photo { return Photo{File: file, People: people, Asked: true} }
	group := func(file string, people ...string) Photo {
		return Photo{File: file, People: people, Group: true, Asked: true}
	}
	for name, c := range map[string]struct {
		dir  fstest.MapFS
		want []Photo
	}{
		"a folder for each person, whatever the photos are called": {
			folderOf("Ann/b.JPG", "Ann/a.png", "Ben Z/1.webp", "Ben Z/2.gif"),
			[]Photo{both("Ann/a.png", "Ann"), both("Ann/b.JPG", "Ann"), both("Ben Z/1.webp", "Ben Z"), both("Ben Z/2.gif", "Ben Z")},
		},
		"what is no photo, hidden, or elsewhere counts for nothing": {
			folderOf("Ann/a.jpg", "Ann/.b.jpg", "Ann/notes.txt", "Ann/old/c.jpg", ".git/d.jpg", "e.jpg", "README.md"),
			[]Photo{both("Ann/a.jpg", "Ann")},
		},
		"known and unknown: people by the photos' names": {
			folderOf("known_people/ann_1.jpg", "known_people/ann_12.jpg", "known_people/ben.jpg", "unknown/ann_2.jpg", "unknown/carl_1.jpg", "Dora/1.jpg"),
			[]Photo{known("known_people/ann_1.jpg", "ann"), known("known_people/ann_12.jpg", "ann"), known("known_people/ben.jpg", "ben"),
				asked("unknown/ann_2.jpg", "ann"), asked("unknown/carl_1.jpg", "carl")},
		},
		"a group shows the known people whose names begin like it": {
			folderOf("known_people/smith_ann_1.jpg", "known_people/smith_ann_2.jpg", "known_people/smith_1.jpg", "known_people/smithers_1.jpg",
				"unknown/group_smith.jpg", "unknown/group_smith_2.jpg", "unknown/group_others.jpg"),
			[]Photo{known("known_people/smith_1.jpg", "smith"), known("known_people/smith_ann_1.jpg", "smith_ann"), known("known_people/smith_ann_2.jpg", "smith_ann"), known("known_people/smithers_1.jpg", "smithers"),
				group("unknown/group_others.jpg"), group("unknown/group_smith.jpg", "smith", "smith_ann"), group("unknown/group_smith_2.jpg", "smith", "smith_ann")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Photos(c.dir)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, error %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestPhotosSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		dir  fstest.MapFS
		want string
	}{
		"an empty folder":                  {folderOf(), "no photos in folders here"},
		"photos of nobody in particular":   {folderOf("a.jpg", "b.jpg"), "no photos in folders here"},
		"a gallery, and nobody to ask for": {folderOf("known_people/ann_1.jpg"), "read the folder unknown"},
		"nobody enrolled":                  {folderOf("known_people/README", "unknown/ann_1.jpg"), "0 photos in known_people, 1 in unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Photos(c.dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "give a folder") {
				t.Errorf("error is %v, want one that says %q and what to do", err, c.want)
			}
		})
	}
}
