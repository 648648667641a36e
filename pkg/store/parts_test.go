package store_test

import (
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestPartsAreToldWithTheTimeOfTheirState(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	if parts := testkit.Must(db.Stats(t.Context()))(t).Parts; parts == nil || len(parts) > 0 {
		t.Errorf("before anybody told there are %v, want an empty list", parts)
	}
	told := func(parts ...store.Part) map[string]store.Part {
		t.Helper()
		testkit.Succeed(t, db.TellParts(t.Context(), parts...))
		db.exec(t, "UPDATE parts SET since = since - INTERVAL 1 HOUR, told_at = told_at - INTERVAL 1 MINUTE")
		all := map[string]store.Part{}
		for _, part := range testkit.Must(db.Stats(t.Context()))(t).Parts {
			all[part.Name] = part
		}
		return all
	}
	first := told(store.Part{Name: "circuit", State: "closed"}, store.Part{Name: "root a\u00e4", State: "reachable"})
	if len(first) != 2 || first["circuit"].Next != nil || first["root a\u00e4"].State != "reachable" {
		t.Fatalf("told are %+v", first)
	}
	again := told(store.Part{Name: "circuit", State: "closed"})["circuit"]
	if !again.At.After(first["circuit"].At) || !again.Since.Equal(first["circuit"].Since.Add(-time.Hour)) {
		t.Errorf("told again it is %+v, before %+v", again, first["circuit"])
	}
	opened := told(store.Part{Name: "circuit", State: "open", Detail: strings.Repeat("d", 2*store.PartDetailWidth), Wait: time.Minute})["circuit"]
	if opened.State != "open" || !opened.Since.After(again.Since) || opened.Next == nil || len(opened.Detail) < store.PartDetailWidth {
		t.Errorf("opened it is %+v", opened)
	}
}

func TestTheAccountsMayTellOfParts(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, program := range []string{"receive", "process", "view"} {
		as := open(t, store.Settings{Database: store.Database{DSN: deptest.Account(t, db.dsn, program)}, Connections: 1})
		if program != "view" {
			testkit.Succeed(t, as.TellParts(t.Context(), store.Part{Name: program, State: "ready"}))
			testkit.Succeed(t, as.TellParts(t.Context(), store.Part{Name: program, State: "away"}))
			continue
		}
		if parts := testkit.Must(as.Stats(t.Context()))(t).Parts; len(parts) != 2 || parts[0].State != "away" {
			t.Errorf("view reads %+v", parts)
		}
	}
}
