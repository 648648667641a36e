package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

const (
	eventing   = "knative-eventing"
	binding    = "process-to-broker" // whose sink the test exchanges
	strictHost = "strict." + namespace + ".svc"
)

// sink is where a SinkBinding sends
// (https://knative.dev/docs/eventing/custom-event-source/sinkbinding/reference/).
type sink struct {
	URI      string `json:"uri"`
	Audience string `json:"audience"`
	CACerts  string `json:"CACerts,omitempty"`
}

// TestASinkWithTLSThatChecksTokens binds process to a sink that speaks TLS, with a
// certificate of a CA that nobody knows, and takes events only with a token that the
// cluster says is for it. Its CA comes in both ways that Knative has. The feature that
// gives senders tokens is switched on for the cluster while the test runs.
func TestASinkWithTLSThatChecksTokens(t *testing.T) {
	known(t)
	ca := testcerts.New(t)
	certificates := testkit.Must(os.ReadFile(ca.File))(t)
	defer startStrict(t, ca)()
	before := kubectl(t, "get", "sinkbinding", binding, "-o", "jsonpath={.spec.sink}")
	defer func() { bind(t, json.RawMessage(before), "/"+namespace+"/default") }()
	to := sink{URI: "https://" + strictHost, Audience: "strict"}
	// Before the feature: a token that is there already would stay that for the Broker until it expires.
	bind(t, to, strictHost)
	defer switchOn(t, "authentication-oidc")()

	t.Run("a post without a token is refused", func(t *testing.T) {
		path := fmt.Sprintf("/api/v1/namespaces/%s/services/https:strict:443/proxy/", namespace)
		ctx, cancel := context.WithTimeout(t.Context(), commandTime)
		defer cancel()
		post := exec.CommandContext(ctx, "kubectl", "create", "--raw", path, "-f", "-")
		post.Stdin = strings.NewReader("{}")
		if output, err := post.CombinedOutput(); err == nil || !strings.Contains(string(output), "logged in") { // its words for 401
			t.Errorf("%v: %s, want 401", err, output)
		}
	})
	t.Run("a CA in the binding", func(t *testing.T) {
		with := to
		with.CACerts = string(certificates)
		bind(t, with, strictHost, "K_CA_CERTS", "oidc-token")
		wantTaken(t)
	})
	t.Run("a CA in a trust bundle", func(t *testing.T) {
		kubectl(t, "-n", eventing, "create", "configmap", "lineup-e2e-ca", "--from-file=ca.pem="+ca.File)
		defer kubectl(t, "-n", eventing, "delete", "configmap", "lineup-e2e-ca")
		kubectl(t, "-n", eventing, "label", "configmap", "lineup-e2e-ca", "networking.knative.dev/trust-bundle=true")
		bind(t, to, strictHost, "knative-custom-certs", "oidc-token")
		if template := kubectl(t, "get", "ksvc", "process", "-o", "jsonpath={.spec.template}"); strings.Contains(template, "K_CA_CERTS") {
			t.Error("the CA of before is still there, so the bundle proves nothing")
		}
		wantTaken(t)
	})
}

// startStrict gives the sink a certificate of the CA, and starts it.
func startStrict(t *testing.T, ca *testcerts.CA) (undo func()) {
	t.Helper()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	ca.IssueTo(t, certFile, keyFile, strictHost)
	kubectl(t, "create", "secret", "tls", "strict-tls", "--cert="+certFile, "--key="+keyFile)
	kubectl(t, "scale", "deployment/strict", "--replicas=1")
	kubectl(t, "rollout", "status", "deployment/strict", "--timeout=2m")
	return func() {
		kubectl(t, "scale", "deployment/strict", "--replicas=0")
		kubectl(t, "delete", "secret", "strict-tls")
	}
}

// switchOn enables a feature of Knative Eventing.
func switchOn(t *testing.T, feature string) (undo func()) {
	t.Helper()
	set := func(value string) {
		kubectl(t, "-n", eventing, "patch", "configmap", "config-features", "--type=merge", "-p", fmt.Sprintf(`{"data":{%q:%q}}`, feature, value))
	}
	before := kubectl(t, "-n", eventing, "get", "configmap", "config-features", "-o", fmt.Sprintf("jsonpath={.data.%s}", feature))
	if before == "" { // the default
		before = "disabled"
	}
	set("enabled")
	return func() { set(before) }
}

// bind gives process another sink, and waits until it runs with that: until its
// specification has what is wanted.
func bind(t *testing.T, sink any, want ...string) {
	t.Helper()
	patch := testkit.Must(json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/sink", "value": sink}}))(t)
	kubectl(t, "patch", "sinkbinding", binding, "--type=json", "-p", string(patch))
	testkit.Poll(t, 2*time.Minute, time.Second, fmt.Sprintf("process is ready, with %q", want), func() bool {
		var service struct {
			Metadata struct{ Generation int64 }
			Spec     struct{ Template json.RawMessage }
			Status   struct {
				ObservedGeneration                                 int64
				LatestReadyRevisionName, LatestCreatedRevisionName string
			}
		}
		testkit.Succeed(t, json.Unmarshal([]byte(kubectl(t, "get", "ksvc", "process", "-o", "json")), &service))
		for _, part := range want {
			if !strings.Contains(string(service.Spec.Template), part) {
				return false
			}
		}
		return service.Status.ObservedGeneration == service.Metadata.Generation &&
			service.Status.LatestReadyRevisionName == service.Status.LatestCreatedRevisionName
	})
}

// wantTaken posts a picture, and wants its result at the sink, from who the SinkBinding
// says is to be known there.
func wantTaken(t *testing.T) {
	t.Helper()
	account := kubectl(t, "get", "sinkbinding", binding, "-o", "jsonpath={.status.auth.serviceAccountName}")
	sender := fmt.Sprintf("system:serviceaccount:%s:%s", namespace, account)
	subject := fmt.Sprintf("images/%d", upload(t).ID)
	testkit.Poll(t, time.Minute, 500*time.Millisecond, "the sink has the result of "+subject, func() bool {
		var taken []struct {
			User  string
			Event cloudevents.Event
		}
		shown := kubectl(t, "get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/services/strict:8080/proxy/", namespace))
		testkit.Succeed(t, json.Unmarshal([]byte(shown), &taken))
		for _, one := range taken {
			if one.Event.Subject() != subject {
				continue
			}
			if one.User != sender || one.Event.Type() != event.TypeIdentified {
				t.Errorf("%s came with a token of %q, want %q and %s", one.Event, one.User, sender, event.TypeIdentified)
			}
			return true
		}
		return false
	})
}
