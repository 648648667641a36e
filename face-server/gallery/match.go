package gallery

import (
	"maps"
	"slices"
)

// Match is the photo of the gallery whose face is nearest to another face.
type Match struct {
	ImageName  string
	Similarity float32 // cosine, -1 to 1
}

// faces is the gallery as it was at one moment.
type faces struct {
	names      []string
	embeddings [][]float32
}

// publish lets Nearest see what is known now.
func (g *Gallery) publish() {
	now := new(faces)
	for _, name := range slices.Sorted(maps.Keys(g.photos)) {
		if embedding := g.photos[name].embedding; embedding != nil {
			now.names = append(now.names, name)
			now.embeddings = append(now.embeddings, embedding)
		}
	}
	if g.faces.Swap(now) == nil {
		close(g.loaded)
	}
	g.stale = false
	g.log.Info("gallery read", "photos", len(g.photos), "faces", len(now.names))
}

// Nearest compares a face's embedding with all of the gallery. Of two photos
// equally near, the first by name is it. ok is false when there are none.
func (g *Gallery) Nearest(embedding []float32) (nearest Match, ok bool) {
	now := g.faces.Load()
	if now == nil {
		return Match{}, false
	}
	for i, other := range now.embeddings {
		if similarity := dot(embedding, other); !ok || similarity > nearest.Similarity {
			nearest, ok = Match{now.names[i], similarity}, true
		}
	}
	return nearest, ok
}

// dot is the cosine of two vectors of length 1.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var sum float32
	for i, x := range a {
		sum += x * b[i]
	}
	return min(max(sum, -1), 1)
}
