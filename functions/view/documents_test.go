package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"lineup.dev/lineup/docs"
	"lineup.dev/lineup/pkg/event"
)

func TestTheDocumentsAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, content := range map[string][]byte{"/openapi.yaml": docs.OpenAPI, "/asyncapi.yaml": docs.AsyncAPI} {
		got := s.get(t, path)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/yaml" || !bytes.Equal([]byte(got.body), content) {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
		if again := s.get(t, path, "If-None-Match", got.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again.status)
		}
	}
	var schema struct {
		ID string `json:"$id"`
	}
	got := s.get(t, "/schemas/"+event.TypeIdentified+".json")
	if err := json.Unmarshal([]byte(got.body), &schema); err != nil || got.header.Get("Content-Type") != "application/schema+json" || schema.ID != event.SchemaURN(event.TypeIdentified) {
		t.Errorf("the schema: %d %v %s, %v", got.status, got.header, got.body, err)
	}
	for _, path := range []string{"/schemas/dev.lineup.nothing.json", "/schemas/" + event.TypeIdentified} {
		if got := s.get(t, path, "Accept", "application/json"); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
