package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/deptest"
	facerecog "lineup.dev/lineup/proto"
)

// TestNoPathMakesTheServerLookAtWhatLiesOutside puts a picture with a face outside
// the roots: a face in an answer would tell that it was opened.
func TestNoPathMakesTheServerLookAtWhatLiesOutside(t *testing.T) {
	face, err := os.ReadFile(filepath.Join(deptest.Samples(t), "pictures", "dana.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	traversal := deptest.NewTraversal(t, face)
	write(t, filepath.Join(traversal.Root, "a.jpg"), blank(t, 64, 48))
	s := forTests(t)
	s.ImagesURL, s.KnownPeople, s.MaxPixels = traversal.Root, traversal.Root, 4<<20
	connection := startReady(t, s)
	client, gallery := facerecog.NewIdentifyClient(connection), facerecog.NewGalleryClient(connection)
	for _, way := range traversal.Paths {
		for what, ask := range map[string]func(context.Context) (faces int, err error){
			"Identify": func(ctx context.Context) (int, error) {
				answer, err := client.Identify(ctx, &facerecog.IdentifyRequest{ImagePath: way})
				return len(answer.GetFaces()), err
			},
			"Check": func(ctx context.Context) (int, error) {
				answer, err := gallery.Check(ctx, &facerecog.IdentifyRequest{ImagePath: way})
				return len(answer.GetFaces()), err
			},
			"Describe": func(ctx context.Context) (int, error) {
				answer, err := gallery.Describe(ctx, &facerecog.DescribeRequest{ImageName: way})
				return len(answer.GetFaces()), err
			},
		} {
			switch faces, err := ask(t.Context()); status.Code(err) {
			case codes.OK:
				if faces > 0 {
					t.Errorf("%s(%q) looked at the picture outside", what, way)
				}
			case codes.InvalidArgument, codes.NotFound:
			case codes.Internal: // the client cannot send what is no UTF-8
				if valid := way == string([]rune(way)); valid {
					t.Errorf("%s(%q): %v", what, way, err)
				}
			default:
				t.Errorf("%s(%q): %v", what, way, err)
			}
		}
	}
	answer, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: face})
	if err != nil || len(answer.Faces) == 0 {
		t.Errorf("the picture outside has no face that could be found: %v, %v", answer, err)
	}
	traversal.Untouched(t)
}
