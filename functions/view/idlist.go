package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// idsListed is how many ids one text lists at most.
const idsListed = 10_000

// idList is ids as a text of a URL: those that follow one another from the first to the last, so
// that a thousand changes of a form make no address that is too long for somebody on the way.
func idList(listed []int64) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(listed)))
	var ranges []string
	for i := 0; i < len(sorted); {
		last := i
		for last+1 < len(sorted) && sorted[last+1] == sorted[last]+1 {
			last++
		}
		text := strconv.FormatInt(sorted[i], 10)
		if last > i {
			text = fmt.Sprintf("%d-%d", sorted[i], sorted[last])
		}
		ranges, i = append(ranges, text), last+1
	}
	return strings.Join(ranges, ",")
}

// readIDList is what idList has written, and nothing where it is something else.
func readIDList(text string) (listed []int64) {
	for one := range strings.SplitSeq(text, ",") {
		from, to, is := strings.Cut(one, "-")
		if !is {
			to = from
		}
		first, err := strconv.ParseInt(from, 10, 64)
		last, errLast := strconv.ParseInt(to, 10, 64)
		if err != nil || errLast != nil || first < 1 || last < first || last-first >= int64(idsListed-len(listed)) {
			return nil
		}
		for id := first; id <= last; id++ {
			listed = append(listed, id)
		}
	}
	return listed
}
