package lineup_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

// Tests of other packages go through Statuses: one that is not there is known to nobody.
func TestStatusesHasEveryStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "lineup.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []lineup.Status
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Status" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, lineup.Status(text))
			}
		}
		return true
	})
	if len(declared) == 0 || !slices.Equal(declared, lineup.Statuses) {
		t.Errorf("Statuses are %v, declared are %v", lineup.Statuses, declared)
	}
	for _, status := range lineup.Statuses {
		if status.IsFailure() && !status.Final() {
			t.Errorf("%s is a failure and not final", status)
		}
	}
}
