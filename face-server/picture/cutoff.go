package picture

import "fmt"

// cutOff is the warning for a file of which so many bytes, or pixels, of all are missing.
func cutOff(missing, all int64) string {
	return fmt.Sprintf("the file is cut off: %d %% of the picture is missing", max(100*missing/all, 1))
}

// cutOffAfter is the warning for a file of which nobody knows how much is missing.
func cutOffAfter(body []byte) string {
	return fmt.Sprintf("the file is cut off after %d bytes: parts of the picture are missing", len(body))
}
