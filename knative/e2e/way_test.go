package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

var enrolled bool

// known makes sure that the face server knows Dana.
func known(t *testing.T) {
	t.Helper()
	if enrolled {
		return
	}
	enrol(t)
	testkit.Poll(t, 2*time.Minute, time.Second, "the face server knows Dana", func() bool {
		id := upload(t).ID
		var image lineup.Image
		testkit.Poll(t, time.Minute, 300*time.Millisecond, fmt.Sprintf("image %d is looked at", id), func() bool {
			image = shown(t, id)
			return image.Status.Final()
		})
		return image.Status == lineup.Identified
	})
	enrolled = true
}

// TestAPictureComesInByEveryWay posts through the ingress, and wants to see the
// result in view and at a Trigger's subscriber.
func TestAPictureComesInByEveryWay(t *testing.T) {
	known(t)
	for name, way := range map[string]func(t *testing.T) posted{
		"an upload": upload,
		"JSON": func(t *testing.T) posted {
			image, _ := post(t, "/image/post", fmt.Appendf(nil, `{"path":%q}`, putPicture(t)))
			return image
		},
		"a CloudEvent": func(t *testing.T) posted {
			image, _ := post(t, "/", fmt.Appendf(nil, `{"path":%q}`, putPicture(t)), "Content-Type", "application/json",
				"Ce-Specversion", "1.0", "Ce-Type", event.TypeSubmitted, "Ce-Source", "/e2e", "Ce-Id", "1")
			return image
		},
	} {
		t.Run(name, func(t *testing.T) {
			image := way(t)
			if !image.Sent {
				t.Errorf("image %d was not sent to NSQ", image.ID)
			}
			wantDana(t, image.ID, time.Minute)
			testkit.Poll(t, time.Minute, 500*time.Millisecond, "the Trigger's subscriber has the result", func() bool {
				return len(announced(t, image.ID)) > 0
			})
			var result event.ResultData
			e := announced(t, image.ID)[0]
			testkit.Succeed(t, e.DataAs(&result))
			if e.Type() != event.TypeIdentified || len(result.Faces) != 1 || result.Faces[0].Person == nil || result.Faces[0].Person.Name != "Dana" {
				t.Errorf("the subscriber got %s", e)
			}
		})
	}
}

// TestOnlyTheTwoPublicFunctionsArePublic looks at the addresses.
func TestOnlyTheTwoPublicFunctionsArePublic(t *testing.T) {
	for function, public := range map[string]bool{"receive": true, "view": true, "process": false, "face-server": false} {
		if inside := strings.HasSuffix(url(t, function), ".svc.cluster.local"); inside == public {
			t.Errorf("%s is at %s", function, url(t, function))
		}
	}
}

// TestKnKnowsThem wants of kn what docs/knative.md shows.
func TestKnKnowsThem(t *testing.T) {
	if _, err := exec.LookPath("kn"); err != nil {
		t.Skip("no kn on PATH")
	}
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	output, err := exec.CommandContext(ctx, "kn", "service", "list", "-n", namespace, "-o", "json").Output()
	testkit.Succeed(t, err)
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	testkit.Succeed(t, json.Unmarshal(output, &list))
	ready := map[string]bool{}
	for _, service := range list.Items {
		for _, c := range service.Status.Conditions {
			if c.Type == "Ready" {
				ready[service.Metadata.Name] = c.Status == "True"
			}
		}
	}
	for _, function := range functions {
		if !ready[function] {
			t.Errorf("kn service list: %s is not Ready; it lists %v", function, ready)
		}
	}
}

// TestTheOriginalAPIsText posts as the first clients did.
func TestTheOriginalAPIsText(t *testing.T) {
	status, answer, _ := call(t, http.MethodPost, "receive", "/image/post", []byte(`{"path":"none/such.jpg"}`))
	if status != http.StatusAccepted || !strings.Contains(string(answer), "image sent to nsq\n") {
		t.Errorf("%d %s", status, answer)
	}
}

// TestTheClusterTakesEveryOverlay asks the API server, which answers a dry run with
// every objection and warning that it has.
func TestTheClusterTakesEveryOverlay(t *testing.T) {
	for _, overlay := range []string{"small", "production"} {
		t.Run(overlay, func(t *testing.T) {
			testkit.Succeed(t, run(t.Context(), "make", "-s", "manifests", "OVERLAY="+overlay))
			root, err := parts.ModuleRoot()
			testkit.Succeed(t, err)
			manifests, err := os.ReadFile(filepath.Join(root, "bin", overlay+".yaml"))
			testkit.Succeed(t, err)
			// Into the namespace here, which has the accounts: nothing can be tried in one that is not there.
			here := bytes.ReplaceAll(manifests, []byte("namespace: lineup\n"), []byte("namespace: "+namespace+"\n"))
			ctx, cancel := context.WithTimeout(t.Context(), commandTime)
			defer cancel()
			command := exec.CommandContext(ctx, "kubectl", "apply", "--dry-run=server", "-f", "-")
			command.Stdin = bytes.NewReader(here)
			output, err := command.CombinedOutput()
			if err != nil || bytes.Contains(output, []byte("Warning")) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}
