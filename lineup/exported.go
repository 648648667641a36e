package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// peopleFile is where an export has the people, beside where their photos are to be put.
const peopleFile = "people.json"

// facePhotos begins the names of photos that are faces of pictures, which have no file.
const facePhotos = "faces/"

// exportedPerson is a person as an export, and the API, tells them.
type exportedPerson struct {
	ID     int64           `json:"id"`
	Name   string          `json:"name"`
	Hidden bool            `json:"hidden"`
	Photos []exportedPhoto `json:"photos"`
}

type exportedPhoto struct {
	ImageName string             `json:"image_name"`
	State     string             `json:"state"`
	Faces     []lineup.PhotoFace `json:"faces"` // left to right
}

// readExported reads the people of an export; none where there is no file.
func readExported(file string) (all []exportedPerson, err error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w; next: export again, or remove it so that folders and names tell whose photos are", file, err)
	}
	return all, nil
}

// photosOf gives the photos by their names, each with what enrols it. Of two people of one
// name, which is which cannot be said to receive by a name.
func photosOf(exported []exportedPerson) map[string]enrolled {
	photos, called := map[string]enrolled{}, map[string]int64{}
	for _, person := range exported {
		if person.Name == "" {
			continue
		}
		other, several := called[person.Name]
		if !several {
			called[person.Name] = person.ID
		}
		for _, photo := range person.Photos {
			if strings.HasPrefix(photo.ImageName, facePhotos) {
				continue
			}
			one := enrolled{Name: person.Name, anyway: photo.State == "usable", face: faceUsed(photo.Faces)}
			if several {
				one.Outcome = outcomeConflict
				one.Reason = fmt.Sprintf("persons %d and %d of the export are both called so: enrol it by hand, with new=true", other, person.ID)
			}
			photos[photo.ImageName] = one
		}
	}
	return photos
}

// faceUsed is the number of the face that counts, where there are several.
func faceUsed(faces []lineup.PhotoFace) int {
	if len(faces) < 2 {
		return 0
	}
	return 1 + slices.IndexFunc(faces, func(f lineup.PhotoFace) bool { return f.Used })
}
