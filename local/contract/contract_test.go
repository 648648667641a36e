package contract

import "testing"

func TestTheDocument(t *testing.T) {
	if _, err := documented(); err != nil {
		t.Fatal(err)
	}
}
