package main

import (
	"errors"
	"strings"
	"time"
	"unicode"
)

// settings say where the programs are. The defaults are where `make run` has them.
type settings struct {
	ReceiveURL string        `envconfig:"RECEIVE_URL" default:"http://127.0.0.1:8000" form:"url" desc:"address of receive, where pictures are posted, http or https; SSL_CERT_FILE names the certificates of a CA of your own"`
	ViewURL    string        `envconfig:"VIEW_URL" default:"http://127.0.0.1:8080" form:"url" desc:"address of view, which tells the results"`
	APIKey     string        `envconfig:"API_KEY" secret:"true" form:"any" desc:"the API key, where receive and view ask for one"`
	AtOnce     int           `envconfig:"AT_ONCE" default:"4" min:"1" max:"64" desc:"requests at once"`
	RetryFor   time.Duration `envconfig:"RETRY_FOR" default:"1m" min:"0" max:"24h" desc:"how long a request is tried again while it gets 429, 502, 503, 504 or no answer, after what Retry-After says; 0: not at all"`
}

// Check refuses a key that no header can carry, without showing it.
func (s settings) Check() error {
	if strings.ContainsFunc(s.APIKey, unicode.IsControl) {
		return errors.New("API_KEY has a line break or another control character in it: set it to the key alone")
	}
	return nil
}
