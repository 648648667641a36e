package facerecog

// NotFound is the image_name of a face, or a picture, that is like no gallery photo.
const NotFound = "not_found"
