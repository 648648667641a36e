package gallery

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

var samples = []record{
	{"dad.jpg", stamp{100, 1 << 60}, description{content: content{1, 2}, faces: 3, second: 0.25, quality: Quality{80, 0.5, 0.1}, embedding: []float32{0.6, -0.8}}},
	{"nobody.jpg", stamp{7, -5}, description{content: content{3}}},
	{"broken.jpg", stamp{}, description{content: content{4}, unreadable: noPicture("no picture: cut short")}},
}

func TestSegmentsComeBackAsTheyWere(t *testing.T) {
	for count := range len(samples) + 1 {
		got, err := decode(encode(samples[:count], 2), 2)
		if err != nil || len(got) != count || count > 0 && !reflect.DeepEqual(got, samples[:count]) {
			t.Errorf("%d records: got %+v, %v", count, got, err)
		}
	}
	got, err := decode(encode(samples, 2), 2)
	if err != nil || !errors.Is(got[2].unreadable, picture.ErrNoPicture) {
		t.Errorf("what is no picture is %v, %v", got[2].unreadable, err)
	}
}

func TestDamagedSegmentsAreRefused(t *testing.T) {
	good := encode(samples, 2)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if _, err := decode(bad, 2); !errors.Is(err, errSegment) {
			t.Fatalf("byte %d changed: error is %v", i, err)
		}
		if _, err := decode(good[:i], 2); !errors.Is(err, errSegment) {
			t.Fatalf("cut to %d bytes: error is %v", i, err)
		}
	}
	if _, err := decode(good, 3); !errors.Is(err, errSegment) {
		t.Errorf("embeddings of another length: error is %v", err)
	}
}

// Whatever a file holds, even with a right checksum, it is read or refused.
func FuzzDecode(f *testing.F) {
	f.Add(encode(samples, 2)[len(segmentMagic):], uint8(2))
	f.Add([]byte{255, 255, 255, 255}, uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, length uint8) {
		file := append([]byte(segmentMagic), body...)
		records, err := decode(sealed(file), int(length))
		if err != nil && !errors.Is(err, errSegment) {
			t.Errorf("error is %v", err)
		}
		for _, r := range records {
			if r.faces > 0 && len(r.embedding) != int(length) {
				t.Errorf("%d numbers, want %d", len(r.embedding), length)
			}
		}
	})
}
