package store

import "strings"

// Widths of columns in characters, for programs that refuse or shorten what does
// not fit. A path's is photo.MaxPath, in bytes.
const (
	PersonNameWidth = 200   // person.name
	SpellingWidth   = 400   // person.spelling
	ChangeByWidth   = 100   // changes.made_by
	ImageNameWidth  = 255   // person_images.image_name, faces.image_name
	ModelWidth      = 100   // faces.model
	ReasonWidth     = 1000  // images.reason
	WarningWidth    = 1000  // images.warning
	FileNameWidth   = 255   // images.file_name, images.shown_name
	ShownBytes      = 65535 // person_images.shown, in bytes
	PartNameWidth   = 255   // parts.name
	PartDetailWidth = 1000  // parts.detail
	ContentBytes    = 128   // images.content, in bytes: photo.MarkBytes
)

// truncate keeps what a column of that width can hold.
func truncate(s string, width int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}
