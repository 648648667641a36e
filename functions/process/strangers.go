package main

import "lineup.dev/lineup/pkg/store"

// StrangerSettings say what becomes of faces that are like nobody. Receive has the same.
type StrangerSettings struct {
	Strangers    string `envconfig:"STRANGERS" default:"on" oneof:"on off" desc:"on: faces that are like nobody with a name and like each other are a person without a name; the same in receive"`
	MaxStrangers int64  `envconfig:"STRANGERS_MAX" default:"10000" min:"1" max:"10000000" desc:"people without a name that there may be: a face begins no other beyond that; the same in receive, which makes room at pings"`
}

// allow is the comparison without strangers where there are to be none.
func (s StrangerSettings) allow(c store.Comparison) store.Comparison {
	if s.Strangers != "on" {
		c.Rule.StrangerThreshold = 0
	}
	return c
}
