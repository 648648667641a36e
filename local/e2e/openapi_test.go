package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"lineup.dev/lineup/docs"
	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// TestAClientMadeOfTheDocument makes a TypeScript client of docs/openapi.yaml, compiles a
// program against it, and runs that with the real system.
func TestAClientMadeOfTheDocument(t *testing.T) {
	t.Parallel()
	program := compiled(t)
	folder := deptest.Samples(t)
	c := start(t, filepath.Join(folder, "pictures"))
	status, served := c.do(http.MethodGet, c.At.View+"/openapi.yaml", nil)
	if status != http.StatusOK || string(served) != string(docs.OpenAPI) {
		t.Errorf("view serves another document, with status %d", status)
	}

	dana := samples.People[slices.IndexFunc(samples.People, func(p samples.Person) bool { return p.Name == "Dana" })]
	printed := c.node(program, c.At.View, dana.Name, filepath.Join(folder, "people", dana.Photos[0]), filepath.Join(folder, "pictures", "dana.jpg"))
	var did struct{ Person, Image, Face int64 }
	if err := json.Unmarshal(printed, &did); err != nil {
		t.Fatalf("the client printed %q: %v", printed, err)
	}
	status, answer := c.do(http.MethodGet, c.At.View+"/api/v1/people/"+strconv.FormatInt(did.Person, 10), nil)
	var person lineup.Person
	if err := json.Unmarshal(answer, &person); err != nil || status != http.StatusOK || string(person.Name) != dana.Name {
		t.Errorf("the client enrolled %d %s, want %s", status, answer, dana.Name)
	}
	wantKnown(t, c.image(did.Image), dana.Name)
}

// compiled gives client.ts as JavaScript, beside what it uses. That it compiles tells that the
// document has the types that it relies on.
func compiled(t *testing.T) (program string) {
	t.Helper()
	modules := deptest.Packages(t, "client")
	dir := t.TempDir()
	testkit.Succeed(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	for name, content := range map[string][]byte{
		"package.json":  read(t, "client/package.json"),
		"tsconfig.json": read(t, "client/tsconfig.json"),
		"client.ts":     read(t, "client/client.ts"),
		"openapi.yaml":  docs.OpenAPI,
	} {
		testkit.Succeed(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	for _, args := range [][]string{
		{"node_modules/openapi-typescript/bin/cli.js", "openapi.yaml", "--output", "schema.d.ts"},
		{"node_modules/typescript/bin/tsc", "--project", "."},
	} {
		cmd := exec.Command("node", args...)
		cmd.Dir = dir
		if err := child.Run(t.Context(), cmd); err != nil {
			t.Fatalf("the client that docs/openapi.yaml describes does not compile: %v", err)
		}
	}
	return filepath.Join(dir, "built", "client.js")
}

// node runs a program and gives what it prints.
func (c client) node(args ...string) (printed []byte) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "node", args...)
	cmd.Stderr = c.t.Output()
	printed, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("the client failed: %v, after %s", err, printed)
	}
	return printed
}
