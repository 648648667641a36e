package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/local/samples"
	facerecog "lineup.dev/lineup/proto"
)

// facesGroups are the real face server's photos, by one client and by as many as there usually are cores.
func facesGroups() []group {
	name := "faces.photos"
	return []group{{name: name, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
		if err := l.realPictures(ctx); err != nil {
			return nil, err
		}
		var subjects []subject
		for _, b := range l.builds {
			database, err := l.images(ctx, b, 0)
			if err != nil {
				return nil, err
			}
			server, err := l.startFaceServer(ctx, b, database)
			if err != nil {
				return nil, err
			}
			for _, clients := range []int{1, 2} {
				s, err := l.identify(b.figure(fmt.Sprintf("%s.c%d", name, clients)), "photos/s", clients, server, l.realPicture)
				if err != nil {
					return nil, err
				}
				s.program = server
				if clients > 1 {
					s.beside = []string{name + ".c1"}
				}
				subjects = append(subjects, s)
			}
		}
		return subjects, nil
	}}}
}

// identify asks a face server for one picture after the other, by so many clients.
func (l *lab) identify(name, unit string, clients int, server *program, picture func(int64) string) (subject, error) {
	ask, err := asker(server, picture)
	if err != nil {
		return subject{}, err
	}
	return subject{name: name, unit: unit, measure: func(ctx context.Context) (sample, error) {
		s, err := hammer(ctx, clients, l.settings.round(), func(int) func() error {
			return func() error { return ask(ctx) }
		})
		if unit == "ms" {
			s.value = s.p50
		}
		return s, err
	}}, nil
}

// asker asks a face server for a picture each time, as process does: with the thumbnail and the crops.
func asker(server *program, picture func(int64) string) (func(context.Context) error, error) {
	connection, err := grpc.NewClient(server.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("reach the face server: %w", err)
	}
	faces := facerecog.NewIdentifyClient(connection)
	return func(ctx context.Context) error {
		_, err := faces.Identify(ctx, &facerecog.IdentifyRequest{ImagePath: picture(numbers.Add(1)), Derived: true}, grpc.WaitForReady(true))
		return err
	}, nil
}

// realFiles is how many files of one picture there are: a path that was looked at is not looked at again.
const realFiles = 4_000

// realPictures makes files that the real face server can read, all of them one file under many names.
func (l *lab) realPictures(ctx context.Context) error {
	folder := filepath.Join(l.dir, "pictures", "real")
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	from, err := samples.Folder(ctx, l.cache)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(from, "pictures", samplePicture))
	if err != nil {
		return fmt.Errorf("read a sample: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make pictures: %w", err)
	}
	for n := range int64(realFiles) {
		if n == 0 {
			err = os.WriteFile(l.realPicture(0), content, 0o644)
		} else {
			err = os.Link(l.realPicture(0), l.realPicture(n))
		}
		if err != nil {
			return fmt.Errorf("make pictures: %w", err)
		}
	}
	return nil
}

// realPicture is the path of one of these files.
func (l *lab) realPicture(n int64) string {
	return filepath.Join(l.dir, "pictures", "real", strconv.FormatInt(n%realFiles, 10)+".jpg")
}
