// Package docs holds the documents that programs read: what the HTTP API and the events are.
package docs

import (
	_ "embed" // the documents
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"lineup.dev/lineup/pkg/event"
)

// OpenAPI describes the HTTP API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// AsyncAPI describes the events.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte

// Schemas are the JSON Schemas of events' data, whole in themselves, by the events' types.
var Schemas = sync.OnceValues(func() (map[string][]byte, error) {
	var api, events document
	if err := yaml.Unmarshal(OpenAPI, &api); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if err := yaml.Unmarshal(AsyncAPI, &events); err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	all := api.Components.Schemas
	for name, schema := range events.Components.Schemas {
		all[name] = schema
	}
	schemas := map[string][]byte{}
	for kind, message := range events.Components.Messages {
		payload, described := message.Payload.(map[string]any)
		if !described {
			continue
		}
		definitions := map[string]any{}
		schema := bundle(payload, all, definitions).(map[string]any)
		schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		schema["$id"] = event.SchemaURN(kind)
		schema["title"] = message.Title
		schema["$defs"] = definitions
		text, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("asyncapi.yaml: %s: %w", kind, err)
		}
		schemas[kind] = text
	}
	return schemas, nil
})

// document is what is read of either.
type document struct {
	Components struct {
		Schemas  map[string]any
		Messages map[string]struct {
			Title   string
			Payload any
		}
	}
}

// bundle gives part of a schema with references to what it adds to definitions.
func bundle(part any, all, definitions map[string]any) any {
	switch part := part.(type) {
	case map[string]any:
		copied := make(map[string]any, len(part))
		for key, value := range part {
			reference, is := value.(string)
			if key != "$ref" || !is {
				copied[key] = bundle(value, all, definitions)
				continue
			}
			name := reference[strings.LastIndex(reference, "/")+1:]
			copied[key] = "#/$defs/" + name
			if _, there := definitions[name]; !there {
				definitions[name] = nil // it may refer to itself
				definitions[name] = bundle(all[name], all, definitions)
			}
		}
		return copied
	case []any:
		copied := make([]any, len(part))
		for i, value := range part {
			copied[i] = bundle(value, all, definitions)
		}
		return copied
	}
	return part
}
