package telemetry

import (
	"net/http"
	"sync/atomic"
)

var (
	// on tells whether anything is exported.
	on atomic.Bool
	// scraped answers a scrape; nil where there is none.
	scraped atomic.Pointer[http.Handler]
)

// On tells whether spans and metrics are wanted.
func On() bool { return on.Load() }
