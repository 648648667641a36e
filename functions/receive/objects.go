package main

import (
	"errors"
	"fmt"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
)

// picturesOfObjects are the pictures that an object store tells have arrived. What else
// happened to objects, and what a walk of the bucket would pass over, is left out: the
// store tells of everything in the bucket, and cannot know better.
func (r *receiver) picturesOfObjects(objects []event.StoredObject, trace event.Trace) (pictures []picture) {
	for _, object := range objects {
		log := r.log.With("bucket", object.Bucket, "key", object.Key, "event", object.Kind)
		if !object.Created {
			log.Info("storage event ignored: no object arrived")
			continue
		}
		path, err := r.roots.ObjectPath(object.Bucket, object.Key)
		switch {
		case errors.Is(err, photo.ErrPassedOver):
			log.Info("storage event ignored", "reason", err)
		case err != nil:
			log.Warn("storage event refused", "error", err)
			pictures = append(pictures, refusedPicture(fmt.Errorf("bucket %q is none of the picture roots that IMAGES_URL names", object.Bucket)))
		default:
			pictures = append(pictures, newPicture(path, trace))
		}
	}
	return pictures
}
