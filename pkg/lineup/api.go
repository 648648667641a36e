package lineup

import "time"

// APIPrefix begins the addresses for programs.
const APIPrefix = "/api/v1"

// APIWrites are the methods and addresses under APIPrefix that change something: receive
// answers them, and view hands them on.
var APIWrites = []string{
	"POST /images",
	"POST /images/look",
	"DELETE /images/{id}",
	"POST /images/{id}/look",
	"POST /images/{id}/faces",
	"PATCH /faces/{id}",
	"POST /people",
	"PATCH /people/{id}",
	"DELETE /people/{id}",
	"POST /people/{id}/photos",
	"DELETE /people/{id}/photos/{photo}",
	"POST /people/{id}/merge",
	"POST /people/{id}/different",
	"POST /changes/{id}/undo",
}

// ParseTime reads a time as the API takes it: RFC 3339, or a day, from its beginning in UTC.
func ParseTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}
