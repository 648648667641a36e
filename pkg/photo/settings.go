package photo

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// RootsSettings say where pictures lie, for a program to embed in its own.
type RootsSettings struct {
	ImagesURL string `envconfig:"IMAGES_URL" desc:"picture roots, folders or bucket URLs, separated by commas; uploads go to the first"`
	Patience
}

// Patience is how long roots are waited for.
type Patience struct {
	ReadTimeout time.Duration `envconfig:"READ_TIMEOUT" default:"10s" min:"1ms" max:"15m" desc:"how long a picture root may take to give a picture; to save one, or to list a folder, six times as long"`
	RootWait    time.Duration `envconfig:"ROOT_WAIT" default:"30s" min:"1s" max:"15m" desc:"longest pause before a picture root that did not answer is asked again; the first is 1s, and each doubles"`
}

// Check refuses no root at all, and one that is neither a folder nor a bucket. It looks
// at none of them.
func (s RootsSettings) Check() error {
	if s.ImagesURL == "" {
		return errors.New("IMAGES_URL is not set: name the folders or buckets where pictures lie")
	}
	return checkRoots("IMAGES_URL", s.ImagesURL)
}

// GallerySettings say where the photos of known people lie, for a program to embed
// in its own.
type GallerySettings struct {
	KnownPeople string `envconfig:"KNOWN_PEOPLE" desc:"the gallery, a folder or a bucket URL: photos of known people"`
}

// Check refuses no gallery at all, and one that is not a single folder or bucket. It
// does not look at it.
func (s GallerySettings) Check() error {
	if s.KnownPeople == "" {
		return errors.New("KNOWN_PEOPLE is not set: name the folder or bucket where photos of known people lie")
	}
	if strings.Contains(s.KnownPeople, ",") {
		return errors.New("KNOWN_PEOPLE names several places: the gallery is one folder or one bucket")
	}
	return checkRoots("KNOWN_PEOPLE", s.KnownPeople)
}

func checkRoots(key, urls string) error {
	roots, errs := openRoots(urls, Patience{})
	for i, err := range errs {
		errs[i] = fmt.Errorf("%s: %w", key, err)
	}
	return errors.Join(append(errs, roots.Close())...)
}

// Limits of a picture, for a program to embed in its own settings.
type Limits struct {
	// Below the least there is hardly a picture: a JPEG of one pixel has 600 bytes, most of them tables.
	MaxPicture int64 `envconfig:"MAX_PICTURE" default:"67108864" min:"1024" max:"1073741824" desc:"largest picture or photo, in bytes"`
}
