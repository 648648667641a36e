package main

import (
	"errors"
	"fmt"
	"net/http"

	"lineup.dev/lineup/pkg/store"
)

// erasurePage is the receipt of an erasing.
type erasurePage struct {
	store.Erasure
}

// Percent is how far the pictures were searched for what else names the person.
func (p erasurePage) Percent() int64 {
	if p.Progress.Of == 0 || p.Finished != nil {
		return 100
	}
	return 100 * p.Progress.Searched / p.Progress.Of
}

func (v *view) erasure(r *http.Request) (page, error) {
	id, ok := pathID(r)
	if !ok {
		return page{}, notFound("A receipt's id is a whole number.")
	}
	receipt, err := v.db.Erasure(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return page{}, notFound(fmt.Sprintf("There is no receipt with the id %d. The people are at /people.", id))
	}
	return page{template: "erasure", title: fmt.Sprintf("Person %d erased", receipt.Person), content: erasurePage{receipt}}, err
}
