//go:build !amd64

package search

func differences(to []uint16, signs, query []uint64) { differencesPlain(to, 0, signs, query) }

func within(masks []uint64, distances []uint16, low, high uint16) {
	withinPlain(masks, distances, low, high)
}

func product(query []float32, vector, _ []half) float32 { return productPlain(query, vector) }
