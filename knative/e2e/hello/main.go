// Command hello is the least that a function can be: what its start costs, the
// cluster costs.
package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
)

func main() {
	err := http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8080"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	}))
	fmt.Fprintln(os.Stderr, "hello:", err)
	os.Exit(1)
}
