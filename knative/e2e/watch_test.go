package e2e

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// step is something that happened to a program's pod, when it was seen.
type step struct {
	at            time.Time
	program, what string
}

const podCreated = "pod created"

// podWatch collects the steps of the pods that are new.
type podWatch struct {
	t       *testing.T
	stop    func()
	mutex   sync.Mutex
	begin   time.Time
	old     map[string]bool // pods that were there before
	seen    map[string]bool
	steps   []step
	reading sync.WaitGroup
}

// watchPods begins to watch. The times in a Pod's status are whole seconds; what is
// taken is when a change is told.
func watchPods(t *testing.T) *podWatch {
	t.Helper()
	w := &podWatch{t: t, begin: time.Now(), old: map[string]bool{}, seen: map[string]bool{}}
	for _, p := range allPods(t) {
		w.old[p.Metadata.Name] = true
	}
	begun := make(chan struct{})
	command := exec.CommandContext(t.Context(), "kubectl", "-n", namespace, "get", "pods", "--watch", "-o", "json")
	output, err := command.StdoutPipe()
	testkit.Succeed(t, err)
	testkit.Succeed(t, command.Start())
	w.reading.Go(func() { w.read(output, begun) })
	w.stop = func() {
		command.Process.Kill()
		w.reading.Wait()
		command.Wait()
	}
	select {
	case <-begun:
	case <-time.After(10 * time.Second):
		t.Fatal("kubectl get pods --watch tells of no pod")
	}
	return w
}

// read looks at every pod that kubectl prints: first those that are there, which the
// stores always are, then every change.
func (w *podWatch) read(output io.Reader, begun chan<- struct{}) {
	first := sync.OnceFunc(func() { close(begun) })
	for changes := json.NewDecoder(output); ; first() {
		var p pod
		if changes.Decode(&p) != nil {
			return
		}
		if p.program() != "" && !w.old[p.Metadata.Name] {
			w.look(p)
		}
	}
}

func (w *podWatch) look(p pod) {
	name := p.Metadata.Name
	w.once(p, name+podCreated, podCreated)
	if p.is("PodScheduled") {
		w.once(p, name+"scheduled", "pod scheduled")
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.Name == "user-container" && c.State.Running != nil {
			w.once(p, name+"running", "container started")
		}
	}
	if p.is("Ready") {
		w.once(p, name+"ready", "pod ready")
	}
}

// once notes a step when it is seen for the first time.
func (w *podWatch) once(p pod, key, what string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	w.steps = append(w.steps, step{time.Now(), p.program(), what})
}

// note adds a step of the test's own.
func (w *podWatch) note(program, what string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.steps = append(w.steps, step{time.Now(), program, what})
}

// end ends the watch and gives the steps, and when the programs said that they listen.
func (w *podWatch) end() []step {
	w.t.Helper()
	w.stop()
	for _, function := range functions {
		logs := kubectl(w.t, "logs", "-l", "serving.knative.dev/service="+function, "-c", "user-container", "--tail=200",
			"--ignore-errors") // a pod that does not run yet has no log
		w.steps = append(w.steps, w.logged(function, logs)...)
	}
	slices.SortStableFunc(w.steps, func(a, b step) int { return a.at.Compare(b.at) })
	return w.steps
}

// logged reads a program's log from the watch's begin on.
func (w *podWatch) logged(program, logs string) (steps []step) {
	for line := range strings.Lines(logs) {
		var entry struct {
			Time      time.Time
			Msg       string
			Took      string
			ClaimTook string `json:"claim_took"`
		}
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Time.Before(w.begin) {
			continue
		}
		switch entry.Msg {
		case "listening", "gallery read", "accepted", "picture identified":
			steps = append(steps, step{entry.Time, program, "log: " + entry.Msg})
		case "looked at":
			steps = append(steps, step{entry.Time, program, "log: looked at, of which the claim, with the first connection to the database, took " + entry.ClaimTook + ", the face call " + entry.Took})
		}
	}
	return steps
}
