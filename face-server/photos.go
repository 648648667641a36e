package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/telemetry"
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

// unfit is what is wrong with descriptors, in words for a user.
type unfit struct{ words string }

func (u *unfit) Error() string { return u.words }

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
	listed, more, err := p.gallery.List(ctx, string(after), count, request.WithProblems)
	if err != nil {
		return nil, p.refuse(ctx, "photos not listed", err)
	}
	response := new(facerecog.ListResponse)
	for _, one := range listed {
		response.Photos = append(response.Photos, photoMessage(one))
	}
	if more {
		response.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(listed[len(listed)-1].Name))
	}
	return response, nil
}

// Describe tells what a photo of the gallery shows. Who enrols somebody waits for that: it
// does not queue behind pictures.
func (p *photos) Describe(ctx context.Context, request *facerecog.DescribeRequest) (*facerecog.Photo, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	var response *facerecog.Photo
	err := p.alone(ctx, p.enrolling, func() error {
		photos := p.server.photos
		made := derivedFor(request)
		photos.Extract = func(ctx context.Context, body []byte) ([]gallery.Face, string, error) {
			return p.workers.measure(ctx, p.workers.urgent, body, made) // before all pictures that wait
		}
		one, faces, err := photos.Describe(ctx, request.ImageName)
		if p.rows == nil {
			one.Person = lineup.PersonOf(one.Name)
		}
		response = p.shown(one, faces)
		if made != nil {
			response.Thumbnail = made.thumbnail
		}
		return err
	})
	if errors.Is(err, photo.ErrNotFound) {
		err = errPhoto
	}
	if err != nil {
		return nil, p.refuse(ctx, "gallery photo not described", err)
	}
	return response, nil
}

// Check tells what a photo shows that might be enrolled.
func (p *photos) Check(ctx context.Context, request *facerecog.IdentifyRequest) (*facerecog.Photo, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	var response *facerecog.Photo
	err := p.admit(ctx, request, func(ctx context.Context) error {
		body, _, err := p.body(ctx, request)
		if err != nil {
			return err
		}
		one, faces, err := p.server.photos.Check(ctx, body)
		response = p.shown(one, faces)
		return err
	})
	if err != nil {
		return nil, p.refuse(ctx, "photo not checked", err)
	}
	return response, nil
}

// Match says whose faces are that were described before.
func (p *photos) Match(ctx context.Context, request *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	response := new(facerecog.MatchResponse)
	err := p.checkDescriptors(request)
	if err == nil {
		err = p.alone(ctx, p.matching, func() error {
			response.Comparison = p.comparison()
			for some := range slices.Chunk(request.Descriptors, matchedTogether) {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				response.Faces = append(response.Faces, p.match(some)...)
			}
			return nil
		})
	}
	if err != nil {
		return nil, p.refuse(ctx, "descriptors not compared", err)
	}
	return response, nil
}

// matchedTogether is how many descriptors are compared before it is looked whether anybody
// still waits for the answer, and whether the gallery's people changed.
const matchedTogether = 16

func (p *photos) match(descriptors []*facerecog.Descriptor) (faces []*facerecog.Face) {
	vectors := make([][]float32, len(descriptors))
	for i, one := range descriptors {
		vectors[i] = one.Values
	}
	strangers, rule := p.tellStrangers(vectors), p.rule(p.compared())
	for i, looked := range p.look(vectors, p.gallery.Candidates) {
		looked.Occluded = descriptors[i].Occluded
		face := p.face(match.Decide(rule, []match.Face[gallery.Person]{looked})[0], looked.Occluded)
		face.Strangers = strangers[i]
		faces = append(faces, face)
	}
	return faces
}

// checkDescriptors refuses what cannot be compared with the gallery.
func (p *photos) checkDescriptors(request *facerecog.MatchRequest) error {
	switch length := p.models.Embedder.Length; {
	case request.Model != p.models.Name:
		return &unfit{fmt.Sprintf("the descriptors are of the model %q, this server compares those of %q: describe the faces again", request.Model, p.models.Name)}
	case len(request.Descriptors) > p.matchBatch:
		return &unfit{fmt.Sprintf("%d descriptors, MATCH_BATCH allows %d: send fewer at a time", len(request.Descriptors), p.matchBatch)}
	default:
		for i, one := range request.Descriptors {
			if len(one.Values) != length || !gallery.IsUnit(one.Values) {
				return &unfit{fmt.Sprintf("descriptor %d is not one of %d numbers and of length 1", i, length)}
			}
		}
	}
	return nil
}

// shown is a photo as clients see it, with whom its faces are like.
func (p *photos) shown(one gallery.Photo, faces []gallery.Face) *facerecog.Photo {
	response := photoMessage(one)
	if len(faces) == 0 {
		return response
	}
	response.Comparison = p.comparison()
	for i, f := range p.faces(faces, p.gallery.Candidates, p.describer) {
		q := faces[i].Quality
		response.Faces = append(response.Faces, &facerecog.PhotoFace{Face: f, Width: float32(q.Width), Light: float32(q.Light), Sharpness: float32(q.Sharpness)})
	}
	return response
}

func (p *photos) refuse(ctx context.Context, what string, err error) error {
	refusal := statusOf(err)
	telemetry.Log(ctx, p.log).Log(ctx, levelOf(refusal.Code()), what, "code", refusal.Code().String(), "error", err)
	return refusal.Err()
}

// photoMessage is a photo as clients see it, without its faces.
func photoMessage(one gallery.Photo) *facerecog.Photo {
	p := &facerecog.Photo{ImageName: one.Name, Person: one.Person, Usable: one.Usable, Problems: problemsOf(one.Problems)}
	var advice []string
	for _, problem := range one.Problems {
		if problem == gallery.Unreadable && one.Failure != nil {
			advice = append(advice, statusOf(one.Failure).Message())
		}
		advice = append(advice, problem.Advice())
	}
	if one.Advice != "" {
		advice = append(advice, one.Advice)
	}
	p.Advice = strings.Join(advice, "; ")
	return p
}

var problems = map[gallery.Problem]facerecog.Problem{
	gallery.Unreadable:   facerecog.Problem_UNREADABLE,
	gallery.NoFace:       facerecog.Problem_NO_FACE,
	gallery.SeveralFaces: facerecog.Problem_SEVERAL_FACES,
	gallery.TooSmall:     facerecog.Problem_TOO_SMALL,
	gallery.TooDark:      facerecog.Problem_TOO_DARK,
	gallery.Blurred:      facerecog.Problem_BLURRED,
	gallery.Occluded:     facerecog.Problem_OCCLUDED,
}
