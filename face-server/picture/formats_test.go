package picture

import (
	"testing"

	"lineup.dev/lineup/pkg/photo"
)

func TestEveryFormatHasADecoder(t *testing.T) {
	for _, f := range photo.Formats {
		if d := decoders[f.MediaType]; d.open == nil && (d.config == nil || d.decode == nil) {
			t.Errorf("%s has no decoder", f.Name)
		}
	}
	if len(decoders) != len(photo.Formats) {
		t.Errorf("there are %d decoders of %d formats", len(decoders), len(photo.Formats))
	}
}
