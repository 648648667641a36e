package lineup

import (
	"fmt"
	"time"
)

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

// ChangeHeader tells of an answer under APIPrefix the ids of the changes that the request made, with a
// comma between them. It is absent where it changed nothing that could be undone.
const ChangeHeader = "Lineup-Change"

// ParseTime reads a time as the API takes it: RFC 3339, or a day, from its beginning in UTC.
// The database compares with years from 1000 to 9999; another is an error.
func ParseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if at = at.UTC(); err == nil && (at.Year() < 1000 || at.Year() > 9999) {
		err = fmt.Errorf("%q is not of the years 1000 to 9999", text)
	}
	return at, err
}
