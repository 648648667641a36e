package main

import (
	"context"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// uploadWait is how long an upload waits for memory; its body's own time runs meanwhile.
const uploadWait = 10 * time.Second

// uploadMemory is the bytes of uploads that may be held at once.
type uploadMemory struct {
	all  int64
	free *semaphore.Weighted
}

func newUploadMemory(all int64) uploadMemory { return uploadMemory{all, semaphore.NewWeighted(all)} }

// reserve waits until the request's body, of no more bytes than most, may be held. Call
// release when it no longer is. Who waited first is first, and a body larger than all the
// memory is held alone.
func (m uploadMemory) reserve(request *http.Request, most int64) (release func(), err error) {
	size := most
	if request.ContentLength >= 0 {
		size = min(size, request.ContentLength)
	}
	size = min(size, m.all)
	ctx, cancel := context.WithTimeout(request.Context(), uploadWait)
	defer cancel()
	if err := m.free.Acquire(ctx, size); err != nil {
		return nil, unavailable("other uploads take all the memory that UPLOAD_MEMORY allows; nothing was saved, send the request again")
	}
	return func() { m.free.Release(size) }, nil
}

// readAll reads a body that says how many bytes it has into no more memory than that. A
// length below 0 is unknown.
func readAll(body io.Reader, length, limit int64) ([]byte, error) {
	if length <= 0 || length > limit {
		return io.ReadAll(body)
	}
	content := make([]byte, length)
	n, err := io.ReadFull(body, content)
	return content[:n], err
}
