package main

import (
	"context"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
)

// examine is look, and tells how well each face can be seen.
func (w *workers) examine(ctx context.Context, body []byte) ([]gallery.Face, error) {
	var seen []gallery.Face
	err := w.work(ctx, body, func(r *face.Recogniser, p *picture.Picture) error {
		found, err := r.Faces(ctx, p)
		for _, f := range found {
			seen = append(seen, gallery.Face{Face: f, Quality: gallery.Measure(p, f.Box)})
		}
		return err
	})
	return seen, err
}
