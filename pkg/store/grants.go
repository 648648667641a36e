package store

import (
	_ "embed"
	"strings"
)

//go:embed grants.sql
var grants string

// Grants are the statements that give a program's account its rights on the
// database lineup, and no more; none when the program needs no database.
func Grants(program string) (statements []string) {
	for line := range strings.Lines(grants) {
		statement, ended := strings.CutSuffix(strings.TrimSpace(line), ";")
		rights, account, found := strings.Cut(statement, " TO ")
		if ended && found && strings.Trim(account, "'") == program {
			statements = append(statements, rights+" TO "+program)
		}
	}
	return statements
}
