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

// awaitAll waits until so many pictures are final. While it waits it only asks whether any is not, of an index, and
// seldom: counting them all, or asking all the time, would take a good part of the processor from what is measured.
func (w *way) awaitAll(ctx context.Context, pictures int) error {
	for until := time.Now().Add(20 * time.Minute); time.Now().Before(until); {
		var id int64
		err := w.lab.admin.QueryRowContext(ctx, "SELECT id FROM "+w.database+".images WHERE status IN ('pending', 'processing') ORDER BY id DESC LIMIT 1").Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return fmt.Errorf("ask whether a picture waits: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	var final, failed int
	row := w.lab.admin.QueryRowContext(ctx, "SELECT COALESCE(SUM(status IN ('identified', 'unknown')), 0), COALESCE(SUM(status = 'failed'), 0) FROM "+w.database+".images") //nolint:gosec // a name of ours
	if err := row.Scan(&final, &failed); err != nil {
		return fmt.Errorf("count pictures: %w", err)
	}
	if final != pictures {
		return fmt.Errorf("of %d pictures %d are final and %d failed after 20 minutes at most", pictures, final, failed)
	}
	return nil
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
