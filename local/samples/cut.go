package samples

import (
	"context"
	"fmt"
	"hash/fnv"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/local/parts"
)

// Folder gives the cached folder of the samples: people/ with the photos of People, pictures/ with Pictures,
// try/ with Try.
func Folder(ctx context.Context, c parts.Cache) (string, error) {
	return folder(ctx, c, "samples", cuts)
}

// folder gives the cached folder of the parts cut from photos. Its name changes with what is cut.
func folder(ctx context.Context, c parts.Cache, name string, cuts []cut) (string, error) {
	version := fnv.New32()
	fmt.Fprint(version, cuts)
	return c.Folder(ctx, fmt.Sprintf("%s-%x", name, version.Sum32()), func(dir string) error {
		photos := make(map[string]image.Image)
		for _, cut := range cuts {
			photo, ok := photos[cut.from]
			if !ok {
				var err error
				if photo, err = open(ctx, c, cut.from); err != nil {
					return err
				}
				photos[cut.from] = photo
			}
			if err := cut.write(photo, filepath.Join(dir, cut.to)); err != nil {
				return fmt.Errorf("cut %s: %w", cut.to, err)
			}
		}
		return nil
	})
}

func open(ctx context.Context, c parts.Cache, name string) (image.Image, error) {
	path, err := c.Photo(ctx, name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a sample photo: %w", err)
	}
	defer f.Close()
	photo, err := jpeg.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read the sample photo %s: %w", path, err)
	}
	return photo, nil
}

func (c cut) write(photo image.Image, to string) error {
	if !c.part.In(photo.Bounds()) {
		return fmt.Errorf("%v is not within %s, which is %v", c.part, c.from, photo.Bounds())
	}
	picture := image.NewRGBA(image.Rectangle{Max: c.part.Size().Mul(c.times)})
	draw.CatmullRom.Scale(picture, picture.Bounds(), photo, c.part, draw.Src, nil)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := jpeg.Encode(f, picture, &jpeg.Options{Quality: 88}); err != nil {
		return err
	}
	return f.Close()
}
