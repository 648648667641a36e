package main

import (
	"net/http"
	"strings"

	"lineup.dev/lineup/docs"
)

// document answers with one of the documents that programs read.
func (v *view) document(content []byte) http.Handler {
	return v.timed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/yaml") // RFC 9512
		sendWithTag(w, r, content)
	}))
}

// schema answers with the JSON Schema of the data of an event type.
func (v *view) schema(w http.ResponseWriter, r *http.Request) {
	schemas, err := docs.Schemas()
	if err != nil {
		v.refuse(w, r, v.report(r, problemOf(err), err))
		return
	}
	kind, isJSON := strings.CutSuffix(r.PathValue("name"), ".json")
	content, described := schemas[kind]
	if !isJSON || !described {
		v.refuse(w, r, *notFound("There is no such schema. Those that there are have the name of an event's type and .json; /asyncapi.yaml lists the types."))
		return
	}
	w.Header().Set("Content-Type", "application/schema+json")
	sendWithTag(w, r, content)
}
