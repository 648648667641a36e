package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// setting is what a change set, or relies on: what it was before, and after.
type setting struct {
	subject       string
	kind, field   string
	id            int64
	before, after json.RawMessage
}

// sets tells that the change set it, and does not only rely on it.
func (s setting) sets() bool { return string(s.before) != string(s.after) }

func scanSetting(rows *sql.Rows) (s setting, err error) {
	var before, after string
	if err := rows.Scan(&s.subject, &before, &after); err != nil {
		return s, err
	}
	return parseSetting(s.subject, before, after)
}

func parseSetting(of, before, after string) (s setting, err error) {
	s.subject = of
	s.before, s.after = json.RawMessage(before), json.RawMessage(after)
	parts := strings.Split(s.subject, "/")
	if len(parts) != 3 {
		return s, fmt.Errorf("a change is about %q, which is nothing known", s.subject)
	}
	s.kind, s.field = parts[0], parts[2]
	s.id, err = strconv.ParseInt(parts[1], 10, 64)
	return s, err
}
