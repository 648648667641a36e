package main

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// writeCSV answers with the pictures as a table, for spreadsheets.
func writeCSV(w http.ResponseWriter, images []lineup.Image) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="pictures.csv"`)
	rows := [][]string{{"id", "path", "file_name", "status", "reason", "people", "created_at", "updated_at"}}
	for _, image := range images {
		var names []string
		for _, person := range known(image) {
			names = append(names, string(person.Name))
		}
		rows = append(rows, []string{
			strconv.FormatInt(image.ID, 10),
			lineup.SpreadsheetText(image.Path), lineup.SpreadsheetText(image.FileName), string(image.Status), lineup.SpreadsheetText(image.Reason), lineup.SpreadsheetText(strings.Join(names, "; ")),
			image.CreatedAt.UTC().Format(time.RFC3339), image.UpdatedAt.UTC().Format(time.RFC3339),
		})
	}
	csv.NewWriter(w).WriteAll(rows) //nolint:errcheck // whoever went away has no error to be told
}
