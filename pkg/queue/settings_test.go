package queue

import (
	"testing"

	"github.com/kelseyhightower/envconfig"
)

func TestZeroStandsForTheDefault(t *testing.T) {
	var tags Settings
	if err := envconfig.Process("", &tags); err != nil {
		t.Fatal(err)
	}
	if got := withDefaults(Settings{Address: tags.Address, HTTPAddress: tags.HTTPAddress}); got != tags {
		t.Errorf("zero is filled with %+v, the tags say %+v", got, tags)
	}
}
