package main

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/telemetry"
	facerecog "lineup.dev/lineup/proto"
)

// pictures is where pictures are read from by their path.
type pictures interface {
	Read(ctx context.Context, path string, limit int64) ([]byte, photo.Entry, error)
}

// server answers the services of proto/face.proto.
type server struct {
	facerecog.UnimplementedIdentifyServer
	facerecog.UnimplementedHealthCheckServer

	*engine
	pictures    pictures
	admitted    chan struct{} // one for each call that is processed or waits
	slots       *photo.Gate   // for the calls whose picture is read, or was
	enrolling   chan struct{} // for the one gallery photo that is described beside them
	matching    chan struct{} // for the one batch of descriptors that is compared beside them
	matchBatch  int           // descriptors of it at most
	maxPicture  int64         // bytes
	regions     bool          // whether it tells those that metadata has
	mostRegions int
	timeout     time.Duration   // of calls without a deadline
	readTime    time.Duration   // READ_TIMEOUT
	hurried     sync.Once       // a call came with less time
	overdue     context.Context // ends when this server does and calls in flight have had their time
	log         *slog.Logger
}

func newServer(config settings, e *engine, pictures *photo.Roots, log *slog.Logger) *server {
	return &server{
		engine:      e,
		pictures:    pictures,
		admitted:    make(chan struct{}, config.Workers+config.Queue),
		slots:       pictures.Gate(2 * config.Workers),
		enrolling:   make(chan struct{}, 1),
		matching:    make(chan struct{}, 1),
		matchBatch:  config.MatchBatch,
		maxPicture:  config.MaxPicture,
		regions:     config.ImportRegions == "on",
		mostRegions: config.MaxRegions,
		timeout:     config.CallTimeout,
		readTime:    config.ReadTimeout,
		overdue:     context.Background(),
		log:         log,
	}
}

// Identify finds the faces in a picture and names the known ones.
func (s *server) Identify(ctx context.Context, request *facerecog.IdentifyRequest) (*facerecog.IdentifyResponse, error) {
	ctx, cancel := s.withDeadline(ctx)
	defer cancel()
	start := time.Now()
	response, err := s.who(ctx, request)
	log := telemetry.Log(ctx, s.log).With("image", imageOf(ctx), "path", request.ImagePath[:min(len(request.ImagePath), photo.MaxPath)], "ms", time.Since(start).Milliseconds())
	if err != nil {
		if errors.Is(context.Cause(ctx), errEnding) {
			err = errEnding
		}
		answer := statusOf(err)
		log.Log(ctx, levelOf(answer.Code()), "picture not identified", "code", answer.Code().String(), "error", err)
		return nil, answer.Err()
	}
	log.Info("picture identified", "faces", len(response.Faces))
	return response, nil
}

// imageOf is the id by which the caller knows the picture, 0 when it does not say.
func imageOf(ctx context.Context) (id int64) {
	if ids := metadata.ValueFromIncomingContext(ctx, facerecog.ImageKey); len(ids) > 0 {
		id, _ = strconv.ParseInt(ids[0], 10, 64)
	}
	return id
}

func (s *server) who(ctx context.Context, request *facerecog.IdentifyRequest) (response *facerecog.IdentifyResponse, err error) {
	err = s.admit(ctx, request, func(ctx context.Context) error {
		body, content, err := s.body(ctx, request)
		if err == nil {
			response, err = s.identify(ctx, body, derivedFor(request))
		}
		if err == nil {
			stored := picture.LayoutOf(body)
			response.Layout = &facerecog.Layout{Width: int32(stored.Width), Height: int32(stored.Height), Orientation: int32(stored.Orientation)} //nolint:gosec // a header's numbers
			if s.regions {
				err = s.addRegions(ctx, response, request.GetImagePath(), body, stored)
			}
		}
		if err != nil {
			return &refusal{err, content}
		}
		response.Content = content
		return nil
	})
	return response, err
}

// withDeadline gives a call without a deadline one, and ends it when it is overdue.
func (s *server) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := s.timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = time.Until(deadline)
		if timeout <= s.readTime {
			s.hurried.Do(func() {
				s.log.Warn("a call left less time than READ_TIMEOUT: set that below process's FACE_TIMEOUT, or pauses of a slow picture root do not grow", "call", timeout.String(), "READ_TIMEOUT", s.readTime.String())
			})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.overdue, func() { end(errEnding) })
	return ctx, func() { stop(); end(nil); cancel() }
}

// admit does something that needs a worker, if no more calls wait for one than may. For
// each worker two pictures are held: one that it looks at and one that is read meanwhile. A
// picture of a root that is known not to answer is refused at once.
func (s *server) admit(ctx context.Context, request *facerecog.IdentifyRequest, do func(ctx context.Context) error) error {
	if err := s.gallery.Ready(); err != nil {
		return err
	}
	select {
	case s.admitted <- struct{}{}:
		defer func() { <-s.admitted }()
	default:
		return errBusy
	}
	path := request.GetImagePath()
	if len(request.GetImage()) > 0 {
		path = ""
	}
	ctx, leave, err := s.slots.Enter(ctx, path)
	if err != nil {
		return err
	}
	defer leave()
	return do(ctx)
}

// alone does something when nobody else does it in this slot. It waits for no picture.
func (s *server) alone(ctx context.Context, slot chan struct{}, do func() error) error {
	if err := s.gallery.Ready(); err != nil {
		return err
	}
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return do()
}

// refusal is an error with the mark of the file that it is about, empty for none.
type refusal struct {
	error
	content string
}

func (r *refusal) Unwrap() error { return r.error }

// body is the picture's bytes and, if it is a file, its mark, which tells the file also of
// one that is refused.
func (s *server) body(ctx context.Context, request *facerecog.IdentifyRequest) (body []byte, content string, err error) {
	switch size := int64(len(request.Image)); {
	case size > s.maxPicture:
		return nil, "", photo.TooLarge(request.Image, "%d bytes, MAX_PICTURE allows %d", size, s.maxPicture)
	case size > 0:
		return request.Image, "", nil
	case request.ImagePath == "":
		return nil, "", errNothing
	}
	ctx, end := readInTime.Time(ctx, "read the picture")
	body, file, err := s.pictures.Read(ctx, request.ImagePath, s.maxPicture)
	end(err)
	if file.Name != "" {
		content = file.Mark()
	}
	return body, content, err
}

// levelOf is the log level of a refusal: mistakes of the caller are routine.
func levelOf(code codes.Code) slog.Level {
	switch code {
	case codes.Internal:
		return slog.LevelError
	case codes.Unavailable:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// HealthCheck tells whether the gallery is there to compare with.
func (s *server) HealthCheck(context.Context, *facerecog.Empty) (*facerecog.HealthCheckResponse, error) {
	return &facerecog.HealthCheckResponse{Ready: s.gallery.Ready() == nil}, nil
}
