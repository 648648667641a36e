// Package docs holds the documents that programs read: what the HTTP API and the events are.
package docs

import _ "embed" // the documents

// OpenAPI describes the HTTP API (openapi.yaml).
//
//go:embed openapi.yaml
var OpenAPI []byte
