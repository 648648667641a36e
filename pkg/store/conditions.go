package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// page is the SELECT of a page's ids, the highest first. Without a statement nothing
// passes the filter.
type page struct {
	statement string
	args      []any
}

// condition is one on a picture's row, which statements call i.
type condition struct {
	where string
	args  []any
}

// fewer tells whether there are fewer rows than that.
func fewer(ctx context.Context, q querier, from string, than int, args ...any) (bool, error) {
	number, err := countUpTo(ctx, q, than, from, args...)
	return number < int64(than), err
}

// byIndex reads the page by an index of images.
func byIndex(index string, all []condition, limit int) page {
	where, args := join(all)
	return page{
		fmt.Sprintf("SELECT i.id FROM images i FORCE INDEX (%s) WHERE %s ORDER BY i.id DESC LIMIT ?", index, where),
		append(args, limit),
	}
}

// join is that all conditions are true.
func join(all []condition) (string, []any) {
	where, args := []string{"TRUE"}, []any{}
	for _, c := range all {
		where, args = append(where, c.where), append(args, c.args...)
	}
	return strings.Join(where, " AND "), args
}

// conditions are what the filter asks of a picture's row, but for the id.
func (f Filter) conditions() (all []condition) {
	if f.Status != "" {
		all = append(all, condition{"i.status = ?", []any{f.Status}})
	} else {
		all = append(all, condition{"i.status <> '" + deleted + "'", nil})
	}
	switch {
	case f.Person == 0:
	case f.waits():
		all = append(all, condition{"i.answered = 1", nil})
	default:
		all = append(all, condition{"(i.status IN (" + finalStatuses() + ") OR i.answered = 1)", nil})
	}
	if f.Path != "" {
		all = append(all, pathBegins(f.Path))
	}
	if f.FileName != "" {
		all = append(all, nameBegins(f.FileName))
	}
	if !f.Since.IsZero() {
		all = append(all, condition{"i.created_at >= ?", []any{asColumn(f.Since)}})
	}
	if !f.Until.IsZero() {
		all = append(all, condition{"i.created_at < ?", []any{asColumn(f.Until)}})
	}
	return all
}

// asColumn is the time as precisely as the columns have it: of one more precise no server
// looks for the place in an index.
func asColumn(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// pathBegins compares bytes: a path need not be text.
func pathBegins(beginning string) condition {
	c := condition{"i.path >= ?", []any{[]byte(beginning)}}
	end := []byte(beginning)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) > 0 {
		end[len(end)-1]++
		c.where, c.args = c.where+" AND i.path < ?", append(c.args, end)
	}
	return c
}

func nameBegins(beginning string) condition {
	return condition{"i.shown_name LIKE ?", []any{likeEscaper.Replace(beginning) + "%"}}
}

// waits tells whether pictures without a result are asked for.
func (f Filter) waits() bool { return f.Status != "" && !f.Status.Final() }
