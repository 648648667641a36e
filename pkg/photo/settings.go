package photo

import "errors"

// RootsSettings say where pictures lie, for a program to embed in its own.
type RootsSettings struct {
	ImagesURL string `envconfig:"IMAGES_URL" desc:"picture roots, folders or bucket URLs, separated by commas; uploads go to the first"`
}

// Check refuses none.
func (s RootsSettings) Check() error {
	if s.ImagesURL == "" {
		return errors.New("IMAGES_URL is not set: name the folders or buckets where pictures lie")
	}
	return nil
}

// GallerySettings say where the photos of known people lie, for a program to embed
// in its own.
type GallerySettings struct {
	KnownPeople string `envconfig:"KNOWN_PEOPLE" desc:"the gallery, a folder or a bucket URL: photos of known people"`
}

// Check refuses none.
func (s GallerySettings) Check() error {
	if s.KnownPeople == "" {
		return errors.New("KNOWN_PEOPLE is not set: name the folder or bucket where photos of known people lie")
	}
	return nil
}

// Limits of a picture, for a program to embed in its own settings.
type Limits struct {
	MaxPicture int64 `envconfig:"MAX_PICTURE" default:"20971520" min:"1" desc:"largest picture or photo, in bytes"`
}
