package serve_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
)

func TestProfilesAreShownWhereASettingSaysSo(t *testing.T) {
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	address := listener.Addr().String()
	listener.Close()
	s := start(t, http.NotFoundHandler(), nil, func(w *serve.Web) { w.ProfileAddress = address })
	<-s.lines // that they are shown: they are by then
	for path, want := range map[string]string{"allocs": "\x1f\x8b", "profile?seconds=1": "\x1f\x8b", "goroutine?debug=1": "goroutine profile"} {
		response := testkit.Must(http.Get("http://" + address + "/debug/pprof/" + path))(t)
		body := testkit.Must(io.ReadAll(response.Body))(t)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %s, %.20q; want what begins with %q", path, response.Status, body, want)
		}
	}
	s.end()
	if err := <-s.ended; err != nil {
		t.Fatal(err)
	}
	if response, err := http.Get("http://" + address + "/debug/pprof/allocs"); err == nil {
		response.Body.Close()
		t.Error("profiles are shown after the end")
	}
}

// They would be seen by whoever reaches the program.
func TestProfilesAreNotShownWherePicturesAreTaken(t *testing.T) {
	s := start(t, http.NotFoundHandler(), nil)
	response := testkit.Must(http.Get("http://" + s.address + "/debug/pprof/"))(t)
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("status %s, want 404", response.Status)
	}
}

func TestAProfileAddressThatIsTakenEndsTheProgram(t *testing.T) {
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	s := start(t, http.NotFoundHandler(), nil, func(w *serve.Web) { w.ProfileAddress = listener.Addr().String() })
	if err := <-s.ended; err == nil || !strings.Contains(err.Error(), "PROFILE_ADDRESS") {
		t.Errorf("error %v, want one that names PROFILE_ADDRESS", err)
	}
}

func TestWhatIsAnsweredBesideIsWaitedFor(t *testing.T) {
	began := make(chan struct{})
	var ended atomic.Bool
	address, stop, err := serve.Beside(t.Context(), "127.0.0.1:0", "PROFILE_ADDRESS", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		time.Sleep(50 * time.Millisecond) // it takes a while to end
		ended.Store(true)
	}))
	testkit.Succeed(t, err)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if response, err := http.Get("http://" + address); err == nil {
			response.Body.Close()
		}
	}()
	<-began
	stop()
	if !ended.Load() {
		t.Error("an answer was under way after the end")
	}
	<-asked
}
