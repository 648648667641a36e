package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

func TestStatusOf(t *testing.T) {
	disk := errors.New("open /srv/secret: permission denied")
	for name, c := range map[string]struct {
		err     error
		code    codes.Code
		message string
	}{
		"nothing given":                      {errNothing, codes.InvalidArgument, "no picture: neither image nor image_path is given"},
		"no picture":                         {fmt.Errorf("%w: broken JPEG: short", picture.ErrNoPicture), codes.InvalidArgument, "no picture: broken JPEG: short"},
		"too many pixels":                    {fmt.Errorf("%w: 9×9 pixels", picture.ErrTooLarge), codes.InvalidArgument, "too large: 9×9 pixels"},
		"too many bytes":                     {fmt.Errorf("%w: 9 bytes", photo.ErrTooLarge), codes.InvalidArgument, "too large: 9 bytes"},
		"a path outside":                     {photo.ErrOutside, codes.InvalidArgument, "outside the picture roots"},
		"a path that makes no sense":         {fmt.Errorf("%w: it holds a NUL byte", photo.ErrRefused), codes.InvalidArgument, "path refused: it holds a NUL byte"},
		"a folder":                           {fmt.Errorf("%w but a folder", photo.ErrNotFile), codes.InvalidArgument, "no picture: not a file but a folder"},
		"not there":                          {photo.ErrNotFound, codes.NotFound, "no such picture"},
		"no photo of the gallery":            {errPhoto, codes.NotFound, "the gallery has no such photo"},
		"a page that makes no sense":         {errPage, codes.InvalidArgument, errPage.Error()},
		"a root that is away":                {fmt.Errorf("%w: %w", photo.ErrUnreachable, disk), codes.Unavailable, "picture root cannot be reached"},
		"a gallery that is away":             {fmt.Errorf("%w: %w", gallery.ErrReading, photo.ErrUnreachable), codes.Unavailable, "the gallery cannot be reached"},
		"a gallery that is being read":       {gallery.ErrReading, codes.ResourceExhausted, "the gallery is being read"},
		"a gallery whose list took too long": {fmt.Errorf("%w: %w", gallery.ErrReading, context.DeadlineExceeded), codes.ResourceExhausted, "the gallery is being read"},
		"no worker free":                     {errBusy, codes.ResourceExhausted, "every worker is busy"},
		"the caller hung up":                 {fmt.Errorf("read: %w", context.Canceled), codes.Canceled, "the caller hung up"},
		"the time ran out":                   {fmt.Errorf("read: %w", context.DeadlineExceeded), codes.DeadlineExceeded, "there was not enough time"},
		"a root's time ran out":              {fmt.Errorf("%w: %w", photo.ErrUnreachable, context.DeadlineExceeded), codes.Unavailable, "picture root cannot be reached"},
		"a picture that its store refuses":   {fmt.Errorf("%w: it is archived", photo.ErrDenied), codes.InvalidArgument, "the picture cannot be read: the store refuses it: it is archived"},
		"anything else stays inside":         {disk, codes.Internal, "the picture could not be looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			s := statusOf(c.err)
			if s.Code() != c.code || s.Message() != c.message {
				t.Errorf("status is %v %q, want %v %q", s.Code(), s.Message(), c.code, c.message)
			}
			info, hasInfo := detailOf[*errdetails.ErrorInfo](s)
			if hasInfo != (c.code == codes.Unavailable) || hasInfo && (info.Reason != "ROOT_UNREACHABLE" || info.Domain != "lineup") {
				t.Errorf("ErrorInfo is %v", info)
			}
			retry, hasRetry := detailOf[*errdetails.RetryInfo](s)
			if hasRetry != (c.code == codes.ResourceExhausted || c.code == codes.Unavailable) || hasRetry && retry.RetryDelay.AsDuration() != retryDelay {
				t.Errorf("RetryInfo is %v", retry)
			}
		})
	}
}

// detailOf is the status's detail of type T.
func detailOf[T any](s *status.Status) (found T, ok bool) {
	for _, d := range s.Details() {
		if found, ok = d.(T); ok {
			return found, true
		}
	}
	return found, false
}
