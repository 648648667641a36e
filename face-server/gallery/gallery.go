// Package gallery keeps the faces of the known people in memory: those of the database,
// or of a folder or bucket that holds their photos.
package gallery

import (
	"context"
	"errors"
)

// ErrReading says that the gallery was not read to the end yet.
var ErrReading = errors.New("the gallery is being read")

// Gallery is who is known. It is safe for concurrent use, but only one goroutine may Read
// or Follow.
type Gallery interface {
	// Candidates gives for each face at most count persons, the most similar first; of what
	// is equally similar, the first by the photo's name. All of a person's photos count. To
	// ask for many faces at once takes less time.
	Candidates(embeddings [][]float32, count int) [][]Candidate
	// Strangers gives the same of people who have no name, where there can be any.
	Strangers(embeddings [][]float32, count int) [][]Candidate
	// State is a number: every change of the gallery with one up to this is seen by whoever
	// asks for candidates afterwards. 0 where changes have none.
	State() int64
	// Size is how many photos faces are compared with: of people with a name, and of strangers.
	Size() (named, strangers int)
	// List gives up to count photos in the order of their names, from the first after the
	// name after, and whether more follow. With onlyProblems it gives those that something
	// is wrong with.
	List(ctx context.Context, after string, count int, onlyProblems bool) (photos []Photo, more bool, err error)
	reading
}

// Photo tells about a photo.
type Photo struct {
	Name     string
	Person   string // whose it is, in a folder
	Usable   bool   // whether faces are compared with it
	Problems []Problem
	// Failure is why it is Unreadable.
	Failure error
	// Advice says in words what else is wrong, of a photo's file say that is damaged.
	Advice string
}
