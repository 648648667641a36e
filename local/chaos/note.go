package chaos

import "fmt"

// note adds a finding.
func note(to *[]string, format string, args ...any) { *to = append(*to, fmt.Sprintf(format, args...)) }
