package photo

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MarkBytes is how long a mark can be.
const MarkBytes = 128

// Mark tells the content of a file without reading it, for Is to find out whether a file
// is still the one: the size, and the ETag or, without one, the time of the last change.
// No file's is empty.
func (e Entry) Mark() string {
	if etag := e.strongETag(); etag != "" {
		return fmt.Sprintf("%d %s", e.Size, etag)
	}
	return fmt.Sprintf("%d %s", e.Size, e.ModTime.UTC().Format(time.RFC3339Nano))
}

// Is tells whether the file is the one that had the mark. A change that leaves size and
// time, or the ETag, as they were is not seen. Of times, one of which has whole seconds
// only, the seconds count: so archives and some file systems keep them. A file that was
// overwritten while it was read is none that had any mark.
func (e Entry) Is(mark string) bool {
	switch {
	case e.strongETag() != "":
		return mark == e.Mark()
	case e.ModTime.IsZero():
		return false
	case mark == e.Mark():
		return true
	}
	size, stamp, _ := strings.Cut(mark, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	return err == nil && size == strconv.FormatInt(e.Size, 10) &&
		(at.Nanosecond() == 0 || e.ModTime.Nanosecond() == 0) && at.Unix() == e.ModTime.Unix()
}

// strongETag is the ETag in a form that fits into a mark; empty for a weak one, which
// files of other content may share (RFC 9110, 8.8.1).
func (e Entry) strongETag() string {
	unprintable := func(c rune) bool { return c < ' ' || c > '~' }
	switch {
	case strings.HasPrefix(e.ETag, "W/"):
		return ""
	case len(e.ETag) > MarkBytes-len("9223372036854775807 ") || strings.ContainsFunc(e.ETag, unprintable):
		return fmt.Sprintf("%x", sha256.Sum256([]byte(e.ETag)))
	}
	return e.ETag
}
