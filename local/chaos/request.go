package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"lineup.dev/lineup/pkg/event"
)

// request is one to receive, as a client would send it.
type request struct {
	way      string // how the pictures are posted
	path     string
	headers  []string // names and values in turn
	body     []byte
	pictures []*picture
	folder   string // it posts this folder, in which the pictures lie; empty for none
	times    int    // it is sent: more than once where a client repeats an event
	refused  bool   // it is to be answered by 422 and to leave no row
}

// stream makes requests, one after the other. The same seed makes the same.
type stream struct {
	*stock
	rng     *rand.Rand
	posted  []*picture // by path
	over    []*picture // of these, whose files were overwritten
	folders []string   // posted
	events  int
}

// next makes a request: of 100, 12 repeat paths, 15 are batches, and so on.
func (s *stream) next() (request, error) {
	switch n := s.rng.IntN(100); {
	case n < 40:
		p, err := s.fresh()
		return jsonRequest("path", p), err
	case n < 43 && len(s.posted) > 0:
		return s.overwritten()
	case n < 55 && len(s.posted) > 0:
		return jsonRequest("repeated path", s.posted[s.rng.IntN(len(s.posted))]), nil
	case n < 65:
		batch, err := s.several()
		return jsonRequest("batch", batch...), err
	case n < 77:
		p, err := s.fresh()
		return s.event("event", 1, p), err
	case n < 87:
		p, err := s.fresh()
		return s.event("repeated event", 2, p), err
	case n < 90:
		batch, err := s.several()
		return s.eventBatch(batch), err
	case n < 92:
		return s.folder()
	case n < 98:
		p := s.uploaded()
		return request{way: "upload", path: "/images", headers: []string{"Content-Type", "image/jpeg"}, body: p.upload,
			pictures: []*picture{p}, times: 1}, nil
	default:
		bad := []string{"../../etc/passwd", "gopher://host/picture.jpg", "chaos/\x00.jpg"}[s.rng.IntN(3)]
		r := jsonRequest("refused path", &picture{path: bad})
		r.refused = true
		return r, nil
	}
}

func (s *stream) fresh() (*picture, error) {
	p, err := s.picture()
	s.posted = append(s.posted, p)
	return p, err
}

// overwritten puts another picture where one lies, and posts its path again.
func (s *stream) overwritten() (request, error) {
	p := s.posted[s.rng.IntN(len(s.posted))]
	if p.kind == outside {
		return jsonRequest("repeated path", p), nil
	}
	if !p.overwritten {
		s.over = append(s.over, p)
	}
	return jsonRequest("overwritten path", p), s.overwrite(p)
}

// atRest posts every overwritten path once more.
func (s *stream) atRest() (requests []request) {
	const many = 50 // so few that receive can compare their files within its second
	for batch := range slices.Chunk(s.over, many) {
		requests = append(requests, jsonRequest(atRest, batch...))
	}
	return requests
}

// atRest is the way of paths whose files were overwritten, when nothing else happens.
const atRest = "overwritten path at rest"

// several makes 2 to 8 pictures, at times with one that was posted before among them.
func (s *stream) several() (batch []*picture, err error) {
	for range 2 + s.rng.IntN(7) {
		p, err := s.fresh()
		if err != nil {
			return nil, err
		}
		batch = append(batch, p)
	}
	if s.rng.IntN(3) == 0 {
		batch[0] = s.posted[s.rng.IntN(len(s.posted))]
	}
	return batch, nil
}

// folder makes a folder with pictures, or puts more into one that was posted before, and
// posts it.
func (s *stream) folder() (request, error) {
	way, folder := "folder again", ""
	if n := len(s.folders); n > 0 && s.rng.IntN(3) == 0 {
		folder = s.folders[s.rng.IntN(n)]
	} else {
		way, folder = "folder", fmt.Sprintf("chaos/%03d/", n)
		s.folders = append(s.folders, folder)
	}
	r := jsonRequest(way, &picture{path: folder})
	r.folder, r.pictures = folder, nil
	for range 2 + s.rng.IntN(9) {
		p, err := s.within(folder)
		if err != nil {
			return request{}, err
		}
		r.pictures = append(r.pictures, p)
	}
	return r, nil
}

func jsonRequest(way string, pictures ...*picture) request {
	type path struct {
		Path string `json:"path"`
	}
	r := request{way: way, path: "/image/post", pictures: pictures, times: 1}
	if len(pictures) == 1 {
		r.body, _ = json.Marshal(path{pictures[0].path}) // a string can always be written
		return r
	}
	var paths struct {
		Paths []path `json:"paths"`
	}
	for _, p := range pictures {
		paths.Paths = append(paths.Paths, path{p.path})
	}
	r.path = "/images/post"
	r.body, _ = json.Marshal(paths)
	return r
}

// event makes a CloudEvent in HTTP's binary mode.
func (s *stream) event(way string, times int, p *picture) request {
	s.events++
	body, _ := json.Marshal(event.ImageData{Path: p.path})
	return request{way: way, path: "/", body: body, pictures: []*picture{p}, times: times, headers: []string{
		"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Type", event.TypeSubmitted,
		"Ce-Source", "/chaos", "Ce-Id", fmt.Sprint(s.events)}}
}

func (s *stream) eventBatch(pictures []*picture) request {
	var events []map[string]any
	for _, p := range pictures {
		s.events++
		events = append(events, map[string]any{"specversion": "1.0", "type": event.TypeSubmitted, "source": "/chaos", "id": fmt.Sprint(s.events),
			"datacontenttype": "application/json", "data": event.ImageData{Path: p.path}})
	}
	body, _ := json.Marshal(events)
	return request{way: "event batch", path: "/", body: body, pictures: pictures, times: 1,
		headers: []string{"Content-Type", "application/cloudevents-batch+json"}}
}
