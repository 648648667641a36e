package chaos

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/pkg/lineup"
)

// kind is what is to be seen in a picture.
type kind string

const (
	known    kind = "known"
	stranger kind = "stranger"
	faceless kind = "no face"
	broken   kind = "broken"
	missing  kind = "missing"
	outside  kind = "outside the roots"
)

// kinds holds every kind, in the table's order, and of 100 new pictures how many are of it.
var kinds = []struct {
	kind  kind
	share int
}{{known, 45}, {stranger, 20}, {faceless, 15}, {broken, 10}, {missing, 7}, {outside, 3}}

// picture is one to be posted, and the truth about it.
type picture struct {
	kind   kind
	path   string // as posted; empty for an upload
	upload []byte // the picture itself instead
	want   lineup.Status
	known  []string // who is to be recognised
	faces  int

	file        string // the sample whose link it is; empty for none
	overwritten bool   // it was another picture before
}

// becomes makes it a picture of a sample.
func (p *picture) becomes(k kind, from sample) {
	p.kind, p.file, p.known, p.faces = k, from.file, from.Known, from.Faces
	switch k {
	case known:
		p.want = lineup.Identified
	case broken:
		p.want = lineup.Failed
	default:
		p.want = lineup.Unknown
	}
}

// stock makes pictures: each lies at a path of its own, most are hard links to
// one of a few samples. It is used by one goroutine.
type stock struct {
	root    string // the first picture root
	rng     *rand.Rand
	samples map[kind][]sample
	made    int
}

type sample struct {
	samples.Picture
	file    string // path in the root's file system
	content []byte
}

// newStock takes those samples that show at most one face: they are quick to look at.
func newStock(root, samplesFolder string, rng *rand.Rand) (*stock, error) {
	s := &stock{root: root, rng: rng, samples: make(map[kind][]sample)}
	if err := os.MkdirAll(filepath.Join(root, "chaos"), 0o755); err != nil {
		return nil, err
	}
	add := func(k kind, p samples.Picture, content []byte) error {
		file := filepath.Join(root, "chaos", "of-"+p.File)
		s.samples[k] = append(s.samples[k], sample{p, file, content})
		return os.WriteFile(file, content, 0o644)
	}
	for _, p := range samples.Pictures {
		if p.Faces > 1 {
			continue
		}
		content, err := os.ReadFile(filepath.Join(samplesFolder, "pictures", p.File))
		if err != nil {
			return nil, err
		}
		k := faceless
		switch {
		case len(p.Known) > 0:
			k = known
		case p.Faces > 0:
			k = stranger
		}
		if err := add(k, p, content); err != nil {
			return nil, err
		}
	}
	// What breaks off before its pixels, and what never was a picture.
	for name, content := range map[string][]byte{
		"cut.jpg":  s.samples[known][0].content[:300],
		"text.jpg": []byte("this is no picture"),
	} {
		if err := add(broken, samples.Picture{File: name}, content); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(s.samples[broken], func(a, b sample) int { return len(a.content) - len(b.content) })
	return s, nil
}

// picture makes a new picture of a kind by chance.
func (s *stock) picture() (*picture, error) {
	n := s.rng.IntN(100)
	for _, k := range kinds {
		if n -= k.share; n < 0 {
			return s.of(k.kind, "chaos/")
		}
	}
	panic("the shares are less than 100")
}

// within makes a new picture that lies in a folder.
func (s *stock) within(folder string) (*picture, error) {
	if err := os.MkdirAll(filepath.Join(s.root, folder), 0o755); err != nil {
		return nil, err
	}
	return s.of(s.lying(), folder)
}

// lying is a kind, by chance, of which there are files.
func (s *stock) lying() kind { return []kind{known, stranger, faceless, broken}[s.rng.IntN(4)] }

// overwrite puts another sample at the picture's path, at once, as a program does
// that writes beside a file and renames.
func (s *stock) overwrite(p *picture) error {
	var k kind
	from := sample{file: p.file}
	for from.file == p.file {
		k = s.lying()
		from = s.samples[k][s.rng.IntN(len(s.samples[k]))]
	}
	file := filepath.Join(s.root, p.path)
	if err := os.Link(from.file, file+".new"); err != nil {
		return err
	}
	p.becomes(k, from)
	p.overwritten = true
	return os.Rename(file+".new", file)
}

func (s *stock) of(k kind, folder string) (*picture, error) {
	s.made++
	name := fmt.Sprintf("%s%06d.jpg", folder, s.made)
	switch k {
	case missing:
		return &picture{kind: k, path: name, want: lineup.Failed}, nil
	case outside:
		return &picture{kind: k, path: "/nowhere/" + name, want: lineup.Failed}, nil
	}
	from := s.samples[k][s.rng.IntN(len(s.samples[k]))]
	p := &picture{path: name}
	p.becomes(k, from)
	return p, os.Link(from.file, filepath.Join(s.root, name))
}

// uploaded makes a new picture that is posted itself, not by its path: a sample with
// a JPEG comment (marker FFFE) that makes it another picture of the same pixels.
func (s *stock) uploaded() *picture {
	s.made++
	from := s.samples[known][s.rng.IntN(len(s.samples[known]))]
	comment := fmt.Appendf(nil, "chaos %d", s.made)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(2+len(comment))) //nolint:gosec // a number has few digits
	body := slices.Concat(from.content[:2], segment, comment, from.content[2:])
	return &picture{kind: known, upload: body, want: lineup.Identified, known: from.Known, faces: from.Faces}
}
