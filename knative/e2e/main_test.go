// Package e2e checks Lineup on a real Knative: the cluster of KUBECONFIG, with make,
// kubectl and ko on PATH and KO_DOCKER_REPO set. `make e2e-knative` runs it; other
// runs of the tests leave it out, and say so.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
)

// namespace is that of kustomization.yaml here.
const namespace = "lineup-e2e"

// sampleFolder holds the sample people and pictures.
var sampleFolder string

func TestMain(m *testing.M) {
	switch {
	case os.Getenv("E2E_KNATIVE") == "":
		fmt.Println("knative/e2e is left out: `make e2e-knative` runs it on the cluster of KUBECONFIG")
		return
	case os.Getenv("KUBECONFIG") == "" || os.Getenv("KO_DOCKER_REPO") == "":
		fmt.Println("knative/e2e is left out: set KUBECONFIG to a cluster with Knative, and KO_DOCKER_REPO to a registry that it reads from")
		return
	}
	os.Exit(runDeployed(m))
}

// runDeployed deploys Lineup for the tests, and takes it away after them unless KEEP is set.
func runDeployed(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := prepare(ctx)
	if os.Getenv("KEEP") == "" {
		defer run(context.WithoutCancel(ctx), "make", "-s", "undeploy", "OVERLAY=../e2e")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return m.Run()
}

// prepare fetches the samples and deploys.
func prepare(ctx context.Context) error {
	cache, err := parts.OpenCache(func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	if err != nil {
		return err
	}
	if sampleFolder, err = samples.Folder(ctx, cache); err != nil {
		return err
	}
	if err := run(ctx, "make", "-s", "deploy", "OVERLAY=../e2e"); err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	return run(ctx, "kubectl", "wait", "-n", namespace, "--for=condition=Ready", "ksvc,trigger", "--all", "--timeout=3m")
}

// deployTime is how long it may take to build, deploy or remove everything.
const deployTime = 20 * time.Minute

// run runs a command at the module's root and shows what it prints when it fails.
func run(ctx context.Context, name string, args ...string) error {
	root, err := parts.ModuleRoot()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deployTime)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", command.Args, err, output)
	}
	return nil
}

// picture reads a sample picture.
func picture(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(sampleFolder, name))
	testkit.Succeed(t, err)
	return body
}

var copies int

// another makes a picture of the same pixels that was never posted: what follows the
// end of a JPEG means nothing.
func another(jpeg []byte) []byte {
	copies++
	return fmt.Appendf(jpeg[:len(jpeg):len(jpeg)], "copy %d of %d", copies, os.Getpid())
}
