// Package facerecog is the contract between functions/process and any face server, face.proto, as Go code.
package facerecog

// NotFound is the image_name of a face, or a picture, that is like no gallery photo.
const NotFound = "not_found"
