package main

import (
	"context"
	"image"
	"slices"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/match"
)

// madeHarder asks about the photos once more in every condition. The gallery stays as it is.
func madeHarder(ctx context.Context, e *engine, workers int, read reader, photos []accuracy.Described, rule match.Rule, bar *progress) ([]accuracy.Group, error) {
	bar.begin("photos made harder")
	conditions := accuracy.Conditions()
	asked := make([][]accuracy.Described, len(conditions))
	for i := range asked {
		asked[i] = slices.Clone(photos)
		for j := range asked[i] {
			asked[i][j].Faces, asked[i][j].Width = nil, 0
		}
	}
	err := eachPhoto(ctx, workers, len(photos), bar, func(ctx context.Context, i int) {
		if !photos[i].Asked || len(photos[i].Faces) == 0 {
			return
		}
		body, err := read(photos[i].File)
		if err == nil {
			err = e.workers.process(ctx, nil, body, func(r *face.Recogniser, p *picture.Picture) error {
				return describeHarder(ctx, r, p, conditions, func(condition int) *accuracy.Described { return &asked[condition][i] })
			})
		}
		for condition := range asked {
			asked[condition][i].Err = err
		}
	})
	if err != nil {
		return nil, err
	}
	var groups []accuracy.Group
	for i, condition := range conditions {
		outcome, err := accuracy.Ask(ctx, photos, asked[i], rule)
		if err != nil {
			return nil, err
		}
		groups = append(groups, accuracy.Group{Name: condition.Name, Trials: outcome.Trials})
	}
	return groups, nil
}

// describeHarder describes a picture as it looks in every condition.
func describeHarder(ctx context.Context, r *face.Recogniser, p *picture.Picture, conditions []accuracy.Condition, to func(condition int) *accuracy.Described) error {
	plain, err := r.Faces(ctx, p)
	if err != nil || len(plain) == 0 {
		return err
	}
	slices.SortStableFunc(plain, byArea)
	at, width, height := plain[0].Box, float64(p.Width), float64(p.Height)
	around := image.Rect(int(at.X*width), int(at.Y*height), int((at.X+at.Width)*width), int((at.Y+at.Height)*height))
	img := drawn(p)
	for i, condition := range conditions {
		harder := picture.New(condition.Draw(img, around))
		found, err := r.Faces(ctx, harder)
		if err != nil {
			return err
		}
		describeFaces(to(i), found, harder.Width)
	}
	return nil
}

// drawn is a picture as an image.
func drawn(p *picture.Picture) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	n := p.Width * p.Height
	values := make([]float32, 3*n)
	p.RGB(values[:n], values[n:2*n], values[2*n:], p.Width, picture.Scale(1, 1, 0, 0))
	for i := range n {
		for channel := range 3 {
			img.Pix[4*i+channel] = uint8(values[channel*n+i] + .5)
		}
		img.Pix[4*i+3] = 255
	}
	return img
}
