package main

import (
	"net/http"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// tellChanges tells which changes a request made; 0 is none.
func tellChanges(w http.ResponseWriter, changes ...int64) {
	var ids []string
	for _, id := range changes {
		if id != 0 {
			ids = append(ids, strconv.FormatInt(id, 10))
		}
	}
	if len(ids) > 0 {
		w.Header().Set(lineup.ChangeHeader, strings.Join(ids, ", "))
	}
}
