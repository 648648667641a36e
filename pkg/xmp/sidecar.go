package xmp

import (
	"path"
	"strings"
)

// Sidecars are where photo managers put the XMP of a picture: IMG.jpg.xmp and IMG.xmp.
func Sidecars(picture string) []string {
	if picture == "" {
		return nil
	}
	return []string{picture + ".xmp", strings.TrimSuffix(picture, path.Ext(picture)) + ".xmp"}
}
