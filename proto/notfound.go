// Package facerecog is the contract with the face server: face.proto, what is
// generated from it, and what it cannot say in code.
package facerecog

// NotFound is the image_name of a face, or a picture, that is like no gallery photo.
const NotFound = "not_found"
