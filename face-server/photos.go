package main

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/pkg/photo"
	facerecog "lineup.dev/lineup/proto"
)

// photos answers the service Gallery of proto/face.proto.
type photos struct {
	facerecog.UnimplementedGalleryServer
	*server
	page int // photos of a page at most
}

// errPage and errPhoto are what only these calls can be refused for.
var (
	errPage  = errors.New("page_token is none that this server gave, or page_size is below 0: begin with the first page")
	errPhoto = errors.New("the gallery has no such photo")
)

// List gives a page of the gallery's photos.
func (p *photos) List(ctx context.Context, request *facerecog.ListRequest) (*facerecog.ListResponse, error) {
	// A token is the last name of the page before: photos may come and go meanwhile.
	after, err := base64.RawURLEncoding.DecodeString(request.PageToken)
	if err != nil || request.PageSize < 0 {
		return nil, statusOf(errPage).Err()
	}
	if err := p.gallery.Ready(); err != nil {
		return nil, p.refuse(ctx, "photos not listed", err)
	}
	count := p.page
	if request.PageSize > 0 {
		count = min(count, int(request.PageSize))
	}
	listed, more := p.gallery.List(string(after), count, request.WithProblems)
	response := new(facerecog.ListResponse)
	for _, one := range listed {
		response.Photos = append(response.Photos, photoMessage(one, nil))
	}
	if more {
		response.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(listed[len(listed)-1].Name))
	}
	return response, nil
}

// Describe tells what a photo of the gallery shows.
func (p *photos) Describe(ctx context.Context, request *facerecog.DescribeRequest) (*facerecog.Photo, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	var one gallery.Photo
	var faces []gallery.Face
	err := p.admit(ctx, nil, func(ctx context.Context) (err error) {
		one, faces, err = p.gallery.Describe(ctx, request.ImageName)
		return err
	})
	if errors.Is(err, photo.ErrNotFound) {
		err = errPhoto
	}
	if err != nil {
		return nil, p.refuse(ctx, "gallery photo not described", err)
	}
	response := photoMessage(one, faces)
	for i, f := range faces {
		response.Faces[i].Face = p.matcher.face(f.Face, nil, p.models.Name)
		response.Faces[i].Face.Refusal = facerecog.Refusal_NONE // it was compared with nobody
	}
	return response, nil
}

// Check tells what a photo shows that might be enrolled.
func (p *photos) Check(ctx context.Context, request *facerecog.IdentifyRequest) (*facerecog.Photo, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	var one gallery.Photo
	var faces []gallery.Face
	err := p.admit(ctx, request, func(ctx context.Context) error {
		body, _, err := p.body(ctx, request)
		if err == nil {
			one, faces, err = p.gallery.Check(ctx, body)
		}
		return err
	})
	if err != nil {
		return nil, p.refuse(ctx, "photo not checked", err)
	}
	response := photoMessage(one, faces)
	for i, f := range faces {
		response.Faces[i].Face = p.matcher.face(f.Face, p.gallery.Candidates(f.Embedding, max(p.candidates, 2)), p.models.Name)
	}
	return response, nil
}

func (p *photos) refuse(ctx context.Context, what string, err error) error {
	refusal := statusOf(err)
	p.log.Log(ctx, levelOf(refusal.Code()), what, "code", refusal.Code().String(), "error", err)
	return refusal.Err()
}

// photoMessage is a photo as clients see it. Of the faces it leaves out who they are.
func photoMessage(one gallery.Photo, faces []gallery.Face) *facerecog.Photo {
	p := &facerecog.Photo{ImageName: one.Name, Person: one.Person, Usable: one.Usable}
	var advice []string
	for _, problem := range one.Problems {
		p.Problems = append(p.Problems, problems[problem])
		if problem == gallery.Unreadable && one.Failure != nil {
			advice = append(advice, statusOf(one.Failure).Message())
		}
		advice = append(advice, problem.Advice())
	}
	if one.Warning != "" {
		advice = append(advice, one.Warning)
	}
	p.Advice = strings.Join(advice, "; ")
	for _, f := range faces {
		p.Faces = append(p.Faces, &facerecog.PhotoFace{Width: float32(f.Width), Light: float32(f.Light), Sharpness: float32(f.Sharpness)})
	}
	return p
}

var problems = map[gallery.Problem]facerecog.Problem{
	gallery.Unreadable:   facerecog.Problem_UNREADABLE,
	gallery.NoFace:       facerecog.Problem_NO_FACE,
	gallery.SeveralFaces: facerecog.Problem_SEVERAL_FACES,
	gallery.TooSmall:     facerecog.Problem_TOO_SMALL,
	gallery.TooDark:      facerecog.Problem_TOO_DARK,
	gallery.Blurred:      facerecog.Problem_BLURRED,
}
