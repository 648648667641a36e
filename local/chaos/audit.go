package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/lineup"
)

// audit looks into the database past every proxy. A trigger of its own writes down
// every change of a row, so that a result that was written over is seen although
// nothing is left of it.
type audit struct {
	db    *sql.DB
	after int64 // pictures with ids up to this are not of this run
	// changesAfter is the same of what hands did.
	changesAfter int64
}

// change is one that the trigger wrote down.
type change struct {
	image                int64
	roundBefore, round   int64
	revisionBefore       int64
	revision             int64
	statusBefore, status lineup.Status
	early                bool // a claim taken over before its lease ran out
	at                   time.Time
}

// row is what the database says of a picture in the end.
type row struct {
	path      string
	status    lineup.Status
	reason    string
	round     int64
	revision  int64
	announced bool
	created   time.Time
	faces     []face
}

type face struct {
	box    string // its place, as text
	person string // empty for a stranger
}

func newAudit(ctx context.Context, dsn string) (*audit, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	config.ParseTime = true
	config.Logger = &mysql.NopLogger{}
	config.Timeout, config.ReadTimeout = 2*time.Second, 30*time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	a := &audit{db: sql.OpenDB(connector)}
	a.db.SetMaxIdleConns(1)
	for _, statement := range []string{
		`CREATE TABLE chaos_changes (n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, image BIGINT NOT NULL,
			round_before BIGINT NOT NULL, round BIGINT NOT NULL,
			revision_before BIGINT NOT NULL, revision BIGINT NOT NULL, status_before VARCHAR(16) NOT NULL, status VARCHAR(16) NOT NULL,
			claim_before VARCHAR(36), claim VARCHAR(36), early BOOLEAN NOT NULL, at DATETIME(6) NOT NULL)`,
		fmt.Sprintf(`CREATE TRIGGER chaos_watches AFTER UPDATE ON images FOR EACH ROW
			INSERT INTO chaos_changes (image, round_before, round, revision_before, revision, status_before, status, claim_before, claim, early, at)
			SELECT NEW.id, OLD.round, NEW.round, OLD.revision, NEW.revision, OLD.status, NEW.status, OLD.claim, NEW.claim,
				COALESCE(OLD.status='%[1]s' AND NEW.status='%[1]s' AND OLD.lease_until > UTC_TIMESTAMP(6), FALSE), UTC_TIMESTAMP(6)
			FROM DUAL WHERE NOT (OLD.status <=> NEW.status AND OLD.claim <=> NEW.claim AND OLD.round <=> NEW.round AND OLD.revision <=> NEW.revision
				AND OLD.updated_at <=> NEW.updated_at)`, lineup.Processing),
	} {
		if _, err := a.db.ExecContext(ctx, statement); err != nil {
			a.db.Close()
			return nil, fmt.Errorf("watch the database: %w", err)
		}
	}
	err = a.db.QueryRowContext(ctx, "SELECT COALESCE((SELECT MAX(id) FROM images), 0), COALESCE((SELECT MAX(id) FROM changes), 0)").Scan(&a.after, &a.changesAfter)
	return a, err
}

func (a *audit) close() { a.db.Close() }

// work is a picture in one of its rounds.
type work struct{ image, round int64 }

// unfinished gives what is not looked at yet.
func (a *audit) unfinished(ctx context.Context) (map[work]bool, error) {
	waiting := make(map[work]bool)
	err := a.each(ctx, func(rows *sql.Rows) error {
		var w work
		err := rows.Scan(&w.image, &w.round)
		waiting[w] = true
		return err
	}, "SELECT id, round FROM images WHERE status IN ("+notFinal()+")")
	return waiting, err
}

// notFinal lists the statuses that are not final, as SQL spells a list.
func notFinal() string {
	var list []string
	for _, status := range lineup.Statuses {
		if !status.Final() {
			list = append(list, "'"+string(status)+"'")
		}
	}
	return strings.Join(list, ", ")
}

// walked tells of every folder whether its walk came to its end, by id.
func (a *audit) walked(ctx context.Context) (map[int64]bool, error) {
	all := make(map[int64]bool)
	err := a.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var finished bool
		err := rows.Scan(&id, &finished)
		all[id] = finished
		return err
	}, "SELECT id, finished_at IS NOT NULL FROM folders")
	return all, err
}

// unannounced tells how many results no sink took yet.
func (a *audit) unannounced(ctx context.Context) (n int, err error) {
	err = a.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM images WHERE announced_at IS NULL AND id>?", a.after).Scan(&n)
	return n, err
}

// behind counts what waits for the gallery.
func (a *audit) behind(ctx context.Context) (n int, err error) {
	err = a.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM rematches WHERE finished_at IS NULL)
		+ (SELECT COUNT(*) FROM faces WHERE gallery_state < (SELECT state FROM gallery))
		+ (SELECT COUNT(*) FROM erasures WHERE finished_at IS NULL)
		+ (SELECT COUNT(*) FROM person_images WHERE state='pending' AND removed_at IS NULL)`).Scan(&n)
	return n, err
}

// changes gives everything that happened to the rows of this run, in order.
func (a *audit) changes(ctx context.Context) (all []change, err error) {
	err = a.each(ctx, func(rows *sql.Rows) error {
		var c change
		err := rows.Scan(&c.image, &c.roundBefore, &c.round, &c.revisionBefore, &c.revision, &c.statusBefore, &c.status, &c.early, &c.at)
		all = append(all, c)
		return err
	}, "SELECT image, round_before, round, revision_before, revision, status_before, status, early, at FROM chaos_changes WHERE image>? ORDER BY n", a.after)
	return all, err
}

// rows gives every row of this run.
func (a *audit) rows(ctx context.Context) (map[int64]*row, error) {
	all := make(map[int64]*row)
	err := a.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var r row
		err := rows.Scan(&id, &r.path, &r.status, &r.reason, &r.round, &r.revision, &r.announced, &r.created)
		all[id] = &r
		return err
	}, "SELECT id, path, status, COALESCE(reason, ''), round, revision, announced_at IS NOT NULL, created_at FROM images WHERE id>?", a.after)
	if err != nil {
		return nil, err
	}
	err = a.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var f face
		err := rows.Scan(&id, &f.box, &f.person)
		if all[id] != nil {
			all[id].faces = append(all[id].faces, f)
		}
		return err
	}, `SELECT f.image_id, COALESCE(CONCAT_WS(' ', f.box_x, f.box_y, f.box_width, f.box_height), ''), COALESCE(p.name, '')
		FROM faces f LEFT JOIN person p ON p.id=f.person_id WHERE f.image_id>? ORDER BY f.id`, a.after)
	return all, err
}
