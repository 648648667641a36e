package main

import (
	"slices"
	"testing"
)

func TestAListOfIDsIsShortAndReadAgain(t *testing.T) {
	t.Parallel()
	for text, ids := range map[string][]int64{"": nil, "7": {7}, "3-5,9": {3, 4, 5, 9}, "1-2,4-6": {1, 2, 4, 5, 6}} {
		if got := idList(ids); got != text {
			t.Errorf("%v is %q, want %q", ids, got, text)
		}
		if got := readIDList(text); !slices.Equal(got, ids) {
			t.Errorf("%q is %v, want %v", text, got, ids)
		}
	}
	if got := idList([]int64{5, 3, 4, 4}); got != "3-5" {
		t.Errorf("unsorted: %q", got)
	}
	for _, text := range []string{"0", "-3", "5-3", "x", "1-", "1-10001", "1-9223372036854775807", "1-9000,1-9000"} {
		if got := readIDList(text); got != nil {
			t.Errorf("%q is %d ids", text, len(got))
		}
	}
}
