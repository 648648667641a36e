// Package layout keeps the order of files in docs/architecture.md true.
package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "lineup.dev/lineup/"

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath string
	Dir        string
	Export     string // file of what it exports, for the type checker
	GoFiles    []string
}

// TestLayout checks each row of the table: it names every file of its package, and no
// file calls one that stands before it. A package of several files has a row. And no
// variable or parameter, of any package, has the name of a function of its package:
// a reader takes one for the other.
func TestLayout(t *testing.T) {
	all, orders := load(t), table(t)
	for folder := range orders {
		if len(all[module+folder].GoFiles) == 0 {
			t.Errorf("the table has a row for %s, which is no package", folder)
		}
	}
	for path, p := range all {
		folder, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		t.Run(folder, func(t *testing.T) {
			order, files := orders[folder], goFiles(t, p.Dir)
			if len(files) > 1 || order != nil {
				compare(t, files, order)
			}
			c := check(t, p, all)
			for _, fault := range append(c.upward(order), c.shadows()...) {
				t.Error(fault)
			}
		})
	}
}

// goFiles reads the folder itself: files for other systems count, and `go test` knows
// by that when its last answer does not hold any more. Generated files have no order.
func goFiles(t *testing.T, folder string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, ".pb.go") && name != "doc.go" {
			files = append(files, name)
		}
	}
	return files
}

func compare(t *testing.T, files, order []string) {
	t.Helper()
	for _, name := range files {
		if !slices.Contains(order, name) {
			t.Errorf("%s is missing in the table of docs/architecture.md", name)
		}
	}
	for _, name := range order {
		if !slices.Contains(files, name) {
			t.Errorf("%s is in the table of docs/architecture.md and not in the package", name)
		}
	}
}

var row = regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]+) \\|$")

// table reads the files of each package, in order, from docs/architecture.md.
func table(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := bytes.Cut(text, []byte("| package | files, top to bottom |\n|---|---|\n"))
	if !ok {
		t.Fatal("docs/architecture.md has no table of packages and files")
	}
	orders := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		cells := row.FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			break
		}
		for _, name := range strings.Split(cells[2], ", ") {
			orders[cells[1]] = append(orders[cells[1]], strings.TrimSpace(name)+".go")
		}
	}
	return orders
}

// load gives every package of the module and all that they import, compiled: after a
// build of the module that takes a second.
func load(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string]listed)
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// checked is a package with what every name in it stands for.
type checked struct {
	positions *token.FileSet
	files     []*ast.File
	types     *types.Package
	info      types.Info
}

func check(t *testing.T, p listed, all map[string]listed) checked {
	t.Helper()
	c := checked{positions: token.NewFileSet(), info: types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}}
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(c.positions, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		c.files = append(c.files, file)
	}
	config := types.Config{Importer: importer.ForCompiler(c.positions, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(all[path].Export)
	})}
	var err error
	if c.types, err = config.Check(p.ImportPath, c.positions, c.files, &c.info); err != nil {
		t.Fatal(err)
	}
	return c
}

// upward gives each reference from a file to a function or method of one before it.
func (c checked) upward(order []string) (arrows []string) {
	for name, object := range c.info.Uses {
		function, ok := object.(*types.Func)
		if !ok || function.Pkg() != c.types || ofInterface(function) {
			continue
		}
		from, to := c.file(name.Pos()), c.file(function.Origin().Pos())
		if slices.Index(order, from) > slices.Index(order, to) {
			arrows = append(arrows, fmt.Sprintf("%s uses %s of %s, which stands before it", c.place(name.Pos()), name.Name, to))
		}
	}
	slices.Sort(arrows)
	return arrows
}

// shadows gives each variable that has the name of a function of the package.
func (c checked) shadows() (found []string) {
	for name, object := range c.info.Defs {
		variable, ok := object.(*types.Var)
		if !ok || variable.IsField() || variable.Parent() == c.types.Scope() {
			continue
		}
		if function, ok := c.types.Scope().Lookup(name.Name).(*types.Func); ok {
			found = append(found, fmt.Sprintf("%s: the variable %s has the name of a function of %s", c.place(name.Pos()), name.Name, c.file(function.Pos())))
		}
	}
	slices.Sort(found)
	return found
}

// ofInterface tells whether a method is one of an interface: who calls it calls what it is given.
func ofInterface(function *types.Func) bool {
	receiver := function.Signature().Recv()
	return receiver != nil && types.IsInterface(receiver.Type())
}

func (c checked) file(at token.Pos) string { return filepath.Base(c.positions.Position(at).Filename) }

func (c checked) place(at token.Pos) string {
	p := c.positions.Position(at)
	folder, name := filepath.Split(p.Filename)
	return fmt.Sprintf("%s/%s:%d", filepath.Base(folder), name, p.Line)
}
