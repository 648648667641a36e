package serve

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Problem is an answer that is an error, by RFC 9457.
type Problem struct {
	// Type tells kinds of problems apart, and stays what it is; empty: as the status says.
	Type   string `json:"type"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// RetryAfter, when above zero, becomes the header Retry-After in whole seconds.
	RetryAfter time.Duration `json:"-"`
}

// Error lets a handler return a Problem as its error.
func (p *Problem) Error() string { return fmt.Sprintf("%d: %s", p.Status, p.Detail) }

// ProblemType is the type of problems of that name.
func ProblemType(name string) string { return "urn:lineup:problem:" + name }

// Named is p with its title, and its type where it has none of its own.
func (p Problem) Named() Problem {
	p.Title = http.StatusText(p.Status)
	if p.Type == "" {
		p.Type = ProblemType(strings.ToLower(strings.ReplaceAll(p.Title, " ", "-")))
	}
	return p
}

// Write answers with p: problem JSON, or one line of text where text is true.
func (p Problem) Write(w http.ResponseWriter, text bool) {
	p = p.Named()
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", Seconds(p.RetryAfter))
	}
	if text {
		http.Error(w, strings.ReplaceAll(p.Detail, "\n", " "), p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	JSON(w, p.Status, p)
}

// Seconds is d as a Retry-After header: whole seconds, rounded up, at least 1.
func Seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// JSON answers with v, as application/json unless the header says otherwise
// already. HTML characters stay as they are: paths are to be read.
func JSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.Encode(v) //nolint:errcheck // the client went away, or has the status already
}

// WantsJSON tells whether the client named JSON among what it accepts.
func WantsJSON(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for accepted := range strings.SplitSeq(value, ",") {
			kind, parameters, _ := strings.Cut(strings.ToLower(accepted), ";")
			if strings.TrimSpace(kind) == "application/json" && !refused(parameters) {
				return true
			}
		}
	}
	return false
}

// refused tells whether the parameters of an accepted type hold q=0.
func refused(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		if weight, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
			q, err := strconv.ParseFloat(weight, 64)
			return err == nil && q == 0
		}
	}
	return false
}
