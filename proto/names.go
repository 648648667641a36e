// Package facerecog is the contract between functions/process and any face server, face.proto, as Go code.
package facerecog

// NotFound is the image_name of a face, or a picture, that is like no gallery photo.
const NotFound = "not_found"

// ImageKey is the key of the call's metadata under which a face server is told the
// caller's id of the picture, for its log.
const ImageKey = "image"

// PictureRefused is the reason of the google.rpc.ErrorInfo of an INVALID_ARGUMENT about a
// file; ContentKey is the key of its metadata that tells which content the file has.
const (
	PictureRefused = "PICTURE_REFUSED"
	ContentKey     = "content"
)

// RootUnreachable is the reason of the google.rpc.ErrorInfo of an UNAVAILABLE that is
// about the place where the picture lies, not about the face server.
const RootUnreachable = "ROOT_UNREACHABLE"
