package bench

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// empty removes all pictures.
func (w *way) empty(ctx context.Context) error { return w.lab.empty(ctx, w.database) }

// fill posts pictures in batches.
func (w *way) fill(pictures int) error {
	r := w.lab.batchOf(min(pictures, 500), w.picture)
	send := sender(w.receive.address, r)
	for posted := 0; posted < pictures; posted += min(pictures, 500) {
		if _, err := send(); err != nil {
			return err
		}
	}
	return nil
}

// awaitAll waits until so many pictures are final.
func (w *way) awaitAll(ctx context.Context, pictures int) error {
	var final, failed int
	for until := time.Now().Add(20 * time.Minute); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		row := w.lab.admin.QueryRowContext(ctx, "SELECT COALESCE(SUM(status IN ('identified', 'unknown')), 0), COALESCE(SUM(status = 'failed'), 0) FROM "+w.database+".images") //nolint:gosec // a name of ours
		if err := row.Scan(&final, &failed); err != nil {
			return fmt.Errorf("count pictures: %w", err)
		}
		if failed > 0 {
			return fmt.Errorf("%d pictures failed", failed)
		}
		if final == pictures {
			return nil
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("of %d pictures %d are final after 20 minutes", pictures, final))
}

// awaitFinal asks for the status of the picture that an answer is about, until it is final.
func awaitFinal(ctx context.Context, status *sql.Stmt, answer []byte) error {
	id, err := idOf(answer)
	if err != nil {
		return err
	}
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(200 * time.Microsecond) {
		var now string
		if err := status.QueryRowContext(ctx, id).Scan(&now); err != nil {
			return fmt.Errorf("ask for a picture's status: %w", err)
		}
		switch now {
		case "identified", "unknown":
			return nil
		case "failed":
			return fmt.Errorf("picture %d failed", id)
		}
	}
	return fmt.Errorf("picture %d has no result after a minute", id)
}

// idOf reads the id from the original API's answer.
func idOf(answer []byte) (int64, error) {
	_, rest, _ := bytes.Cut(answer, []byte("saved with id: "))
	text, _, _ := bytes.Cut(rest, []byte("\n"))
	id, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the answer %.100q names no id", answer)
	}
	return id, nil
}

// request is that of one picture.
func (w *way) request() request {
	r := w.lab.single()
	if w.real {
		r.body = func(n int64) []byte { return fmt.Appendf(nil, `{"path":%q}`, w.lab.realPicture(n)) }
	}
	return r
}

// picture is the path of one: that of a real file where the face server reads it.
func (w *way) picture(n int64) string {
	if w.real {
		return w.lab.realPicture(n)
	}
	return w.lab.path(n)
}
