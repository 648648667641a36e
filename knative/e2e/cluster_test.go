package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// commandTime is how long a command may take: a cluster that went away must hold nobody up.
const commandTime = 3 * time.Minute

// kubectl gives what a command prints.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return kubectlWith(t, "", args...)
}

func kubectlWith(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	command := exec.CommandContext(ctx, "kubectl", append([]string{"-n", namespace}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v: %s", args, err, failure.Bytes())
	}
	return string(output)
}

// pod is what is looked at here of a Pod.
type pod struct {
	Metadata struct {
		Name              string
		Labels            map[string]string
		DeletionTimestamp *time.Time
	}
	Status struct {
		Phase             string
		Conditions        []struct{ Type, Status string }
		ContainerStatuses []struct {
			Name         string
			RestartCount int
			LastState    struct{ Terminated *struct{ Reason string } }
			State        struct{ Running *struct{} }
		}
	}
}

// program is the function, Deployment or StatefulSet that the pod is of.
func (p pod) program() string {
	return cmp.Or(p.Metadata.Labels["serving.knative.dev/service"], p.Metadata.Labels["app"])
}

// is tells whether a condition is true.
func (p pod) is(condition string) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == condition {
			return c.Status == "True"
		}
	}
	return false
}

// allPods are the programs' pods, those that end too.
func allPods(t *testing.T) []pod {
	t.Helper()
	var list struct{ Items []pod }
	testkit.Succeed(t, json.Unmarshal([]byte(kubectl(t, "get", "pods", "-o", "json")), &list))
	return slices.DeleteFunc(list.Items, func(p pod) bool { return p.program() == "" })
}

// pods are those that run or are about to; not those that end.
func pods(t *testing.T) []pod {
	t.Helper()
	return slices.DeleteFunc(allPods(t), func(p pod) bool {
		return p.Metadata.DeletionTimestamp != nil || p.Status.Phase != "Running" && p.Status.Phase != "Pending"
	})
}

// count tells how many pods each program has.
func count(pods []pod) map[string]int {
	n := map[string]int{}
	for _, p := range pods {
		n[p.program()]++
	}
	return n
}

var functions = []string{"receive", "process", "face-server", "view"}

// awaitZero waits until no function has a pod, nor hello, and the last ones have ended:
// for the half minute in which a pod ends, the activator may go on asking it, in vain,
// and keep a request waiting that a new pod could answer.
func awaitZero(t *testing.T) {
	t.Helper()
	testkit.Poll(t, 4*time.Minute, time.Second, "everything is at zero", func() bool {
		n := count(allPods(t))
		return !slices.ContainsFunc(append(functions, "hello"), func(f string) bool { return n[f] > 0 })
	})
}

// wantNoRestarts looks for containers that were started again, by whatever it was.
func wantNoRestarts(t *testing.T) {
	t.Helper()
	for _, p := range pods(t) {
		for _, c := range p.Status.ContainerStatuses {
			if c.RestartCount > 0 && slices.Contains(append(functions, "bridge"), p.program()) {
				t.Errorf("%s/%s was restarted %d times, at last after %+v", p.Metadata.Name, c.Name, c.RestartCount, c.LastState.Terminated)
			}
		}
	}
}

// memory gives the working sets of the namespace's containers, in bytes, by program
// as the kubelet says.
func memory(t *testing.T) map[string]int64 {
	t.Helper()
	name := map[string]string{}
	for _, p := range pods(t) {
		name[p.Metadata.Name] = p.program()
	}
	used := map[string]int64{}
	for _, node := range strings.Fields(kubectl(t, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")) {
		var summary struct {
			Pods []struct {
				PodRef     struct{ Name, Namespace string }
				Containers []struct {
					Memory struct{ WorkingSetBytes int64 }
				}
			}
		}
		testkit.Succeed(t, json.Unmarshal([]byte(kubectl(t, "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")), &summary))
		for _, p := range summary.Pods {
			if p.PodRef.Namespace == namespace && name[p.PodRef.Name] != "" {
				for _, c := range p.Containers {
					used[name[p.PodRef.Name]] += c.Memory.WorkingSetBytes
				}
			}
		}
	}
	return used
}
