package lineup

import (
	"encoding/json"
	"strings"
)

// Derived names a picture that was made of another one; empty where there is none. In JSON
// it is the path of its URL, or null.
type Derived string

// derivedPath is where derived pictures are served.
const derivedPath = "/derived/"

// URL is the path at which it is served; empty where there is none.
func (d Derived) URL() string {
	if d == "" {
		return ""
	}
	return derivedPath + string(d)
}

// MarshalJSON gives the URL or null.
func (d Derived) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return json.Marshal(d.URL())
}

// UnmarshalJSON reads what MarshalJSON gives.
func (d *Derived) UnmarshalJSON(body []byte) error {
	var url *string
	if err := json.Unmarshal(body, &url); err != nil {
		return err
	}
	*d = ""
	if url != nil {
		*d = Derived(strings.TrimPrefix(*url, derivedPath))
	}
	return nil
}
