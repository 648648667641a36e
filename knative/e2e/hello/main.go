// Command hello is the least that a function can be: what its start costs, the
// cluster costs.
package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	server := http.Server{
		Addr:              ":" + cmp.Or(os.Getenv("PORT"), "8080"),
		ReadHeaderTimeout: 10 * time.Second,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") }),
	}
	err := server.ListenAndServe()
	fmt.Fprintln(os.Stderr, "hello:", err)
	os.Exit(1)
}
