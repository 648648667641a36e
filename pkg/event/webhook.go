package event

import "net/http"

// Handshake agrees to be sent events, whoever asks and as many as they like: an API key
// or who can reach the address decides that (HTTP 1.1 Web Hooks for Event Delivery,
// section 4.1, https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md).
func Handshake(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "OPTIONS, POST")
	if origin := r.Header.Get("WebHook-Request-Origin"); origin != "" {
		w.Header().Set("WebHook-Allowed-Origin", origin)
		w.Header().Set("WebHook-Allowed-Rate", "*")
	}
}
