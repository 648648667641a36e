package serve

import (
	"fmt"
	"net/http"

	"lineup.dev/lineup/pkg/telemetry"
)

// Routed serves the mux's routes, and has refuse answer what goes to none of them: 404,
// and 405 with the methods that are allowed.
func Routed(mux *http.ServeMux, refuse func(http.ResponseWriter, *http.Request, Problem)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			telemetry.Route(r.Context(), pattern)
			mux.ServeHTTP(w, r)
			return
		}
		answer := statusOnly{header: http.Header{}}
		h.ServeHTTP(&answer, r)
		if answer.status == http.StatusMethodNotAllowed {
			allowed := answer.header.Get("Allow")
			w.Header().Set("Allow", allowed)
			refuse(w, r, Problem{Status: answer.status, Detail: fmt.Sprintf("%s is not allowed at this address, %s is", r.Method, allowed)})
			return
		}
		refuse(w, r, Problem{Status: http.StatusNotFound, Detail: "nothing is at this address"})
	})
}

// statusOnly takes an answer of which the body does not matter.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
