package main

import (
	"encoding/json"
	"net/http"
	"slices"
)

// enrolled is what became of one photo, as a line of JSON.
type enrolled struct {
	File     string `json:"file"`
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	PersonID int64  `json:"person_id,omitempty"`
	Reason   string `json:"reason,omitempty"`

	face   int  // which of its faces is the person's, from 1; 0: it shows one
	anyway bool // also if it is like another person
}

// The outcomes of enrolling a photo.
const (
	outcomeEnrolled = "enrolled"
	outcomeThere    = "already there"
	outcomePending  = "pending" // it waits to be looked at
	outcomeUnusable = "unusable"
	outcomeConflict = "conflict" // another person has the name or the face
	outcomeRefused  = "refused"  // it cannot be read, or receive takes no such file
	outcomeLeftOut  = "left out" // the export beside it does not know it
	outcomePlanned  = "planned"  // with -dry-run
)

// good tells whether nothing is left to be done for the photo.
func (e enrolled) good() bool {
	return slices.Contains([]string{outcomeEnrolled, outcomeThere, outcomePending, outcomeLeftOut, outcomePlanned}, e.Outcome)
}

// outcomeOf is what receive's answer to an enrolment says of its one photo.
func (e enrolled) outcomeOf(status int, body []byte, err error) enrolled {
	var person struct{ ID int64 }
	if json.Unmarshal(body, &person) == nil {
		e.PersonID = person.ID
	}
	switch status {
	case http.StatusOK:
		e.Outcome = outcomeThere
	case http.StatusCreated:
		e.Outcome = outcomeEnrolled
	case http.StatusAccepted:
		e.Outcome = outcomePending
	case http.StatusConflict:
		e.Outcome, e.Reason = outcomeConflict, err.Error()
	case http.StatusUnprocessableEntity:
		e.Outcome, e.Reason = outcomeUnusable, err.Error()
	default:
		e.Outcome, e.Reason = outcomeRefused, err.Error()
	}
	return e
}
