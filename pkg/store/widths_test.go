package store_test

import (
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

func TestWidthsAreTheSchemas(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for column, want := range map[[2]string]int{
		{"person", "name"}:              store.PersonNameWidth,
		{"person", "spelling"}:          store.SpellingWidth,
		{"changes", "made_by"}:          store.ChangeByWidth,
		{"person_images", "image_name"}: store.ImageNameWidth,
		{"faces", "image_name"}:         store.ImageNameWidth,
		{"faces", "model"}:              store.ModelWidth,
		{"images", "reason"}:            store.ReasonWidth,
		{"folders", "problem"}:          store.ReasonWidth,
		{"person_images", "warning"}:    store.WarningWidth,
		{"images", "warning"}:           store.WarningWidth,
		{"images", "file_name"}:         store.FileNameWidth,
		{"images", "shown_name"}:        store.FileNameWidth,
		{"parts", "name"}:               store.PartNameWidth,
		{"parts", "detail"}:             store.PartDetailWidth,
		{"images", "path"}:              photo.MaxPath,
		{"images", "content"}:           store.ContentBytes,
	} {
		if width := db.width(t, column[0], column[1]); width != want {
			t.Errorf("%s.%s holds %d, the constant says %d", column[0], column[1], width, want)
		}
	}
	if photo.MarkBytes > store.ContentBytes {
		t.Errorf("a mark of %d bytes does not fit into %d", photo.MarkBytes, store.ContentBytes)
	}
	for _, status := range lineup.Statuses {
		if width := db.width(t, "images", "status"); len(status) > width {
			t.Errorf("status %s has %d characters, the column holds %d", status, len(status), width)
		}
	}
}

// width is how many characters a column holds, of a binary one how many bytes.
func (d database) width(t *testing.T, table, column string) (width int) {
	t.Helper()
	if err := d.sql.QueryRowContext(t.Context(), `
		SELECT character_maximum_length
		FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?`, table, column).Scan(&width); err != nil {
		t.Fatalf("%s.%s: %v", table, column, err)
	}
	return width
}
