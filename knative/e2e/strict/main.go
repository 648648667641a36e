// Command strict is a sink that speaks TLS alone and takes an event only from who shows
// a token for it, of which it asks the cluster. On a port without TLS it shows what it took.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

const (
	// account is where Kubernetes puts what a pod needs to ask the cluster.
	account = "/var/run/secrets/kubernetes.io/serviceaccount/"
	// reviews is the cluster's answer to whose a token is
	// (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/).
	reviews = "https://kubernetes.default.svc/apis/authentication.k8s.io/v1/tokenreviews"

	patience  = 10 * time.Second
	bodyBytes = 1 << 20 // of a request are read
)

type settings struct {
	serve.Web        // of the port without TLS
	TLSPort   int    `envconfig:"TLS_PORT" default:"8443" min:"1" max:"65535" desc:"port for events"`
	Folder    string `envconfig:"TLS_FOLDER" default:"/tls" form:"any" desc:"folder of tls.crt and tls.key"`
	Audience  string `envconfig:"AUDIENCE" default:"strict" form:"any" desc:"whom a token has to be for"`
}

// defaults are the settings that have no default in their tags.
func defaults() settings { return settings{Web: serve.Web{Listen: serve.Listen{Port: 8080}}} }

func main() {
	s := defaults()
	serve.Settings("strict", "takes events over TLS from who shows a token", &s)
	serve.Main("strict", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		asker, err := newAsker()
		if err != nil {
			return err
		}
		k := &sink{asker: asker, audience: s.Audience, log: log}
		events := http.Server{Addr: fmt.Sprintf(":%d", s.TLSPort), Handler: http.HandlerFunc(k.take), ReadHeaderTimeout: patience}
		defer events.Close()
		go func() {
			err := events.ListenAndServeTLS(s.Folder+"/tls.crt", s.Folder+"/tls.key")
			if !errors.Is(err, http.ErrServerClosed) {
				log.Error("strict cannot go on", "error", err)
				os.Exit(1)
			}
		}()
		return serve.HTTP(ctx, s.Web, log, http.HandlerFunc(k.show), nil)
	})
}

// Taken is an event and whose token came with it.
type Taken struct {
	User  string
	Event cloudevents.Event
}

// sink keeps what it took in memory.
type sink struct {
	asker    *http.Client // trusts the cluster
	audience string
	log      *slog.Logger
	mu       sync.Mutex
	taken    []Taken
}

// take answers 401 where nobody known shows a token, 202 without a body else.
func (k *sink) take(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, err := k.userOf(r.Context(), token)
	if err != nil {
		k.log.Warn("refused", "error", err)
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyBytes)
	events, err := event.Read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range events {
		k.taken = append(k.taken, Taken{user, e.Event})
	}
	w.WriteHeader(http.StatusAccepted)
}

func (k *sink) show(w http.ResponseWriter, _ *http.Request) {
	k.mu.Lock()
	taken := append([]Taken{}, k.taken...)
	k.mu.Unlock()
	serve.JSON(w, http.StatusOK, taken)
}

// userOf asks the cluster whose a token is, and whether it is for this sink.
func (k *sink) userOf(ctx context.Context, token string) (string, error) {
	if token == "" {
		return "", errors.New("no token: send Authorization: Bearer")
	}
	var review struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Token     string   `json:"token"`
			Audiences []string `json:"audiences"`
		} `json:"spec"`
		Status struct {
			Authenticated bool   `json:"authenticated"`
			Error         string `json:"error"`
			User          struct {
				Username string `json:"username"`
			} `json:"user"`
		} `json:"status,omitzero"`
	}
	review.APIVersion, review.Kind = "authentication.k8s.io/v1", "TokenReview"
	review.Spec.Token, review.Spec.Audiences = token, []string{k.audience}
	body, err := json.Marshal(review)
	if err != nil {
		return "", err
	}
	own, err := os.ReadFile(account + "token")
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, reviews, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(own)))
	response, err := k.asker.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&review); err != nil || response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the cluster cannot say whose the token is: %s: %w", response.Status, err)
	}
	if !review.Status.Authenticated {
		return "", fmt.Errorf("the token is not good for %q: %s", k.audience, review.Status.Error)
	}
	return review.Status.User.Username, nil
}

func newAsker() (*http.Client, error) {
	ca, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, fmt.Errorf("the cluster's CA: %w; mount the service account's token", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the cluster's CA is no certificate in PEM")
	}
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}, nil
}
