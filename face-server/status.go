package main

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
	facerecog "lineup.dev/lineup/proto"
)

// Refusals that are the server's own.
var (
	errBusy    = errors.New("every worker is busy")
	errEnding  = errors.New("this face server ends before it could look at the picture")
	errNothing = errors.New("no picture: neither image nor image_path is given")
)

// retryDelay is how long a client that found the server busy should wait. A worker
// needs some hundredths of a second for a picture.
const retryDelay = time.Second

// statusOf says what a client is told about err: a code that proto/face.proto
// documents, and words for a user, with nothing of the server's disk in them.
func statusOf(err error) *status.Status {
	answer := answerTo(err)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.content != "" && answer.Code() == codes.InvalidArgument {
		return detailed(answer.Code(), answer.Message(), &errdetails.ErrorInfo{
			Reason: facerecog.PictureRefused, Domain: domain, Metadata: map[string]string{facerecog.ContentKey: refused.content},
		})
	}
	return answer
}

func answerTo(err error) *status.Status {
	switch {
	// First: what the gallery cannot be read for may be any of the errors below.
	case errors.Is(err, gallery.ErrReading) && errors.Is(err, photo.ErrUnreachable):
		return unreachable("the gallery cannot be reached", photo.RetryAfter(err))
	case errors.Is(err, gallery.ErrReading):
		return busy(gallery.ErrReading.Error())
	case errors.Is(err, errBusy):
		return busy(errBusy.Error())
	case errors.Is(err, errEnding):
		return busy(errEnding.Error())

	// A store broke off, whatever of.
	case errors.Is(err, photo.ErrUnreachable):
		return unreachable(photo.ErrUnreachable.Error(), photo.RetryAfter(err))

	// The caller's own end, whatever it broke.
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the caller hung up")
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "there was not enough time")

	case errors.Is(err, errPhoto):
		return status.New(codes.NotFound, err.Error())
	case errors.Is(err, photo.ErrNotFound):
		return status.New(codes.NotFound, "no such picture")
	case errors.Is(err, photo.ErrNotFile):
		return status.New(codes.InvalidArgument, "no picture: "+err.Error())
	case errors.Is(err, photo.ErrDenied):
		return status.New(codes.InvalidArgument, "the picture cannot be read: "+err.Error())
	// The words of these errors are made for whoever sent the picture.
	case errors.Is(err, errNothing), errors.Is(err, errPage), errors.Is(err, picture.ErrNoPicture), errors.Is(err, picture.ErrTooLarge), errors.Is(err, picture.ErrOff),
		errors.Is(err, photo.ErrTooLarge), errors.Is(err, photo.ErrOutside), errors.Is(err, photo.ErrRefused):
		return status.New(codes.InvalidArgument, err.Error())
	}
	if wrong, ok := errors.AsType[*unfit](err); ok {
		return status.New(codes.InvalidArgument, wrong.words)
	}
	return status.New(codes.Internal, "the picture could not be looked at")
}

// unreachable says besides when the root will be asked again.
func unreachable(message string, wait time.Duration) *status.Status {
	return detailed(codes.Unavailable, message,
		&errdetails.ErrorInfo{Reason: facerecog.RootUnreachable, Domain: domain}, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
}

// domain is that of the reasons in details, as ErrorInfo wants one.
const domain = "lineup"

func busy(message string) *status.Status {
	return detailed(codes.ResourceExhausted, message, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryDelay)})
}

func detailed(code codes.Code, message string, details ...protoadapt.MessageV1) *status.Status {
	plain := status.New(code, message)
	if s, err := plain.WithDetails(details...); err == nil {
		return s
	}
	return plain // the details are fixed messages: they can always be packed
}
