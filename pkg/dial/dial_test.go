package dial

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

func TestTransportKeepsConnections(t *testing.T) {
	t.Parallel()
	connections := make(map[string]bool)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { connections[r.RemoteAddr] = true }))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: Transport(1)}
	t.Cleanup(client.CloseIdleConnections)
	for range 3 {
		get(t, client, server.URL)
	}
	if len(connections) != 1 {
		t.Errorf("3 requests took %d connections", len(connections))
	}
}

func TestAnIdleConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	short := standard
	short.idle = 10 * time.Millisecond
	client := &http.Client{Transport: short.transport(1)}
	t.Cleanup(client.CloseIdleConnections)
	get(t, client, server.URL)
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Error("the connection is kept")
	}
}

// The machine between the two still acknowledges what is sent, so that only pings find that nothing comes out.
func TestASilentHTTP2ConnectionEnds(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it came over %s, want HTTP/2", r.Proto)
		}
		if r.URL.Path == "/wait" {
			asked <- struct{}{}
			<-r.Context().Done()
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	hop := testkit.NewHop(t, server.Listener.Addr().String())
	short := standard
	short.probeAfter, short.probeEvery = 50*time.Millisecond, 5*time.Second // time to answer, on a busy machine
	transport := short.transport(1)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	transport.ForceAttemptHTTP2 = true
	client := &http.Client{Transport: transport}
	t.Cleanup(client.CloseIdleConnections)
	ended := make(chan error, 1)
	go func() {
		response, err := client.Get("https://" + hop.Address + "/wait")
		if err == nil {
			response.Body.Close()
		}
		ended <- err
	}()
	<-asked
	hop.Swallow()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it was answered")
		}
	case <-time.After(time.Minute):
		t.Fatal("it is waited for an answer that cannot come")
	}
	get(t, client, "https://"+hop.Address)
}

func get(t *testing.T, client *http.Client, url string) {
	t.Helper()
	response := testkit.Must(client.Get(url))(t)
	defer response.Body.Close()
	testkit.Must(io.Copy(io.Discard, response.Body))(t) // a connection is kept only when the answer was read
}
