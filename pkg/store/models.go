package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ModelState is what a model is to the database.
type ModelState string

// A model that no change was ever made to or from has no row.
const (
	ModelDescribing ModelState = "describing" // what is there is described by it, another answers
	ModelCurrent    ModelState = "current"    // faces are compared by it
	ModelFormer     ModelState = "former"
	ModelRemoving   ModelState = "removing" // it was taken back before the switch; its descriptors go
)

// ModelProgress is how far a change of the model has come. The numbers are those of a ping.
type ModelProgress struct {
	Name       string     `json:"name"`
	State      ModelState `json:"state"`
	BeganAt    time.Time  `json:"began_at"`
	SwitchedAt *time.Time `json:"switched_at"` // when faces were first compared by it, nil for not yet
	CountedAt  *time.Time `json:"counted_at"`
	Photos     Described  `json:"photos"` // that are files and usable
	Faces      Described  `json:"faces"`  // of pictures
}

// Described is how many of all have a descriptor of the model, and how many it gave none for:
// it sees nothing there, or the file is gone.
type Described struct {
	Of        int64 `json:"of"`
	Described int64 `json:"described"`
	LeftOut   int64 `json:"left_out"`
}

// enough tells whether this share has a descriptor, and with all that nothing is left to try.
func (d Described) enough(share float64, all bool) bool {
	return float64(d.Described) >= share*float64(d.Of) && (!all || d.Described+d.LeftOut >= d.Of)
}

// ModelChange is the model that is to be the next one, empty for none, and which shares of
// photos and faces must have a descriptor of it before it is.
type ModelChange struct {
	Next          string
	Photos, Faces float64
}

const (
	selectModelRows = `
		SELECT
			name,
			state,
			began_at,
			switched_at,
			counted_at,
			photos,
			photos_described,
			photos_left_out,
			faces,
			faces_described,
			faces_left_out
		FROM models
		ORDER BY
			began_at DESC,
			name`

	insertModel = `
		INSERT INTO models (name, state, began_at, used)
		VALUES (?, '` + string(ModelDescribing) + `', UTC_TIMESTAMP(6), EXISTS (SELECT 1 FROM descriptors WHERE model = ?))
		ON DUPLICATE KEY UPDATE
			began_at = IF(state IN ('` + string(ModelFormer) + `', '` + string(ModelRemoving) + `'), UTC_TIMESTAMP(6), began_at),
			state = IF(state = '` + string(ModelCurrent) + `', state, VALUES(state))`

	// One whose descriptors were there before keeps them.
	updateModelsTakenBack = `
		UPDATE models
		SET state = IF(used, '` + string(ModelFormer) + `', '` + string(ModelRemoving) + `')
		WHERE state = '` + string(ModelDescribing) + `'
			AND name <> ?`
)

// CurrentModel is the model that faces are compared by since the last change of it; empty
// where there was none.
func (s *Store) CurrentModel(ctx context.Context) (name string, err error) {
	err = s.do(ctx, "read which model is the current one", func() error {
		name, err = currentModel(ctx, s.db)
		return err
	})
	return name, err
}

// ChangeModel goes on with the change to another model: it plans what is to be described,
// counts, switches once enough is, and takes back what is no longer wanted. Pings call it.
// It tells whether it switched.
func (s *Store) ChangeModel(ctx context.Context, c ModelChange) (switched bool, err error) {
	err = s.transact(ctx, "begin or take back a change of the model", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, updateModelsTakenBack, c.Next); err != nil || c.Next == "" {
			return err
		}
		_, err := tx.ExecContext(ctx, insertModel, c.Next, c.Next)
		return err
	})
	if err != nil {
		return false, err
	}
	models, err := s.Models(ctx)
	if err != nil {
		return false, err
	}
	for _, m := range models {
		switch m.State {
		case ModelRemoving:
			err = s.removeModel(ctx, m.Name)
		case ModelDescribing, ModelCurrent:
			var done bool
			done, err = s.advance(ctx, m, c)
			switched = switched || done
		case ModelFormer:
		}
		if err != nil {
			return switched, err
		}
	}
	return switched, nil
}

// Models are those that there was a change to, the latest first.
func (s *Store) Models(ctx context.Context) (models []ModelProgress, err error) {
	err = s.do(ctx, "read the models", func() error {
		models, err = readModels(ctx, s.db)
		return err
	})
	return models, err
}

func readModels(ctx context.Context, q querier) ([]ModelProgress, error) {
	return query(ctx, q, func(rows *sql.Rows) (m ModelProgress, err error) {
		err = rows.Scan(&m.Name, &m.State, &m.BeganAt, &m.SwitchedAt, &m.CountedAt,
			&m.Photos.Of, &m.Photos.Described, &m.Photos.LeftOut, &m.Faces.Of, &m.Faces.Described, &m.Faces.LeftOut)
		return m, err
	}, selectModelRows)
}

const (
	countPhotosDescribed = `
		SELECT
			COUNT(*),
			COUNT(d.photo_id),
			COUNT(IF(d.photo_id IS NULL AND u.settled, 1, NULL))` + fromPhotosOfFiles

	countFacesDescribed = `
		SELECT
			COUNT(*),
			COUNT(IF(f.model = ? OR d.descriptor IS NOT NULL, 1, NULL)),
			COUNT(IF(f.model <> ? AND d.descriptor IS NULL AND d.settled, 1, NULL))
		FROM faces f
		LEFT JOIN face_descriptors d ON d.model = ? AND d.face_id = f.id AND d.beside = CRC32(f.embedding)
		WHERE f.model <> ''`

	updateModelCounts = `
		UPDATE models
		SET counted_at = UTC_TIMESTAMP(6),
			photos = ?,
			photos_described = ?,
			photos_left_out = ?,
			faces = ?,
			faces_described = ?,
			faces_left_out = ?
		WHERE name = ?`
)

// advance plans and counts for one model, and switches to it once enough is described.
func (s *Store) advance(ctx context.Context, m ModelProgress, c ModelChange) (switched bool, err error) {
	planned, err := s.planDescribing(ctx, m.Name)
	counted := m.CountedAt != nil && m.Photos.enough(0, true) && m.Faces.enough(0, true)
	if err != nil || m.State == ModelCurrent && planned == 0 && counted { // then only what looks under way at the switch wrote is left
		return false, err
	}
	what := fmt.Sprintf("count what model %s described", m.Name)
	err = s.do(ctx, what, func() error {
		if err := s.db.QueryRowContext(ctx, countPhotosDescribed, m.Name, m.Name).Scan(&m.Photos.Of, &m.Photos.Described, &m.Photos.LeftOut); err != nil {
			return err
		}
		return s.db.QueryRowContext(ctx, countFacesDescribed, m.Name, m.Name, m.Name).Scan(&m.Faces.Of, &m.Faces.Described, &m.Faces.LeftOut)
	})
	if err != nil {
		return false, err
	}
	if _, err := s.exec(ctx, what, updateModelCounts, m.Photos.Of, m.Photos.Described, m.Photos.LeftOut,
		m.Faces.Of, m.Faces.Described, m.Faces.LeftOut, m.Name); err != nil {
		return false, err
	}
	if m.State != ModelDescribing || m.Name != c.Next || !m.Photos.enough(c.Photos, true) || !m.Faces.enough(c.Faces, false) {
		return false, nil
	}
	return s.switchModel(ctx, m.Name)
}

const (
	selectDescribing = `
		SELECT COUNT(*)
		FROM rematches
		WHERE describe_by = ?
			AND finished_at IS NULL`

	selectToDescribe = `
		SELECT DISTINCT f.image_id - f.image_id MOD ?
		FROM faces f
		LEFT JOIN face_descriptors d ON d.model = ? AND d.face_id = f.id AND d.beside = CRC32(f.embedding)
		WHERE f.model <> ''
			AND f.model <> ?
			AND d.settled IS NOT TRUE
		UNION
		SELECT DISTINCT i.id - i.id MOD ?` + fromPhotosOfFiles + `
			AND d.photo_id IS NULL
			AND u.settled IS NOT TRUE`

	insertDescribing = `
		INSERT INTO rematches (first_image, gallery_state, describe_by)
		VALUES `

	// The columns are set after the last that asks for them.
	raiseDescribing = `
		ON DUPLICATE KEY UPDATE
			queued_at = IF(finished_at IS NULL, queued_at, NULL),
			finished_at = NULL,
			describe_by = VALUES(describe_by)`

	fromPhotosOfFiles = `
		FROM person_images i
		LEFT JOIN descriptors d ON d.photo_id = i.id AND d.model = ?
		LEFT JOIN undescribed_photos u ON u.photo_id = i.id AND u.model = ?
		WHERE i.state = '` + string(PhotoUsable) + `'
			AND i.removed_at IS NULL
			AND i.face_id IS NULL`
)

// planDescribing plans what the model did not describe yet, in the ranges of re-matching: of
// pictures and of photos with the same ids. While some are planned it looks for no more. It tells how many are.
func (s *Store) planDescribing(ctx context.Context, model string) (planned int, err error) {
	var first []int64
	err = s.do(ctx, "find what is to be described by model "+model, func() error {
		err := s.db.QueryRowContext(ctx, selectDescribing, model).Scan(&planned)
		if err != nil || planned > 0 {
			return err
		}
		first, err = query(ctx, s.db, scanID, selectToDescribe, RematchRange, model, model, RematchRange, model, model)
		return err
	})
	if err != nil {
		return 0, err
	}
	return planned + len(first), s.planRanges(ctx, first, insertDescribing, raiseDescribing, firstState, model)
}

// planRanges writes ranges of pictures, by the first of each, all with the same values.
func (s *Store) planRanges(ctx context.Context, first []int64, insert, raise string, values ...any) error {
	row := "(" + strings.Repeat("?, ", len(values)) + "?), "
	for chunk := range slices.Chunk(first, maxValues/(1+len(values))) {
		var args []any
		for _, image := range chunk {
			args = append(append(args, image), values...)
		}
		rows := strings.TrimSuffix(strings.Repeat(row, len(chunk)), ", ")
		if _, err := s.exec(ctx, fmt.Sprintf("plan %d ranges of pictures", len(chunk)), insert+rows+raise, args...); err != nil {
			return err
		}
	}
	return nil
}

const (
	updateFormerModel = `
		UPDATE models
		SET state = '` + string(ModelFormer) + `'
		WHERE state = '` + string(ModelCurrent) + `'
			AND name <> ?`

	updateModelSwitched = `
		UPDATE models
		SET state = '` + string(ModelCurrent) + `',
			switched_at = UTC_TIMESTAMP(6)
		WHERE name = ?
			AND state = '` + string(ModelDescribing) + `'`
)

// switchModel makes the model the one that faces are compared by. It is a change of the
// gallery that can move every answer, so that all faces are compared again.
func (s *Store) switchModel(ctx context.Context, model string) (switched bool, err error) {
	err = s.transact(ctx, "switch to model "+model, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, updateModelSwitched, model)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		if switched = rows > 0; err != nil || !switched { // it was taken back just now
			return err
		}
		if _, err := tx.ExecContext(ctx, updateFormerModel, model); err != nil {
			return err
		}
		_, err = bumpGallery(ctx, tx, nil, nil)
		return err
	})
	return switched, err
}

// removedAtOnce is how many descriptors one statement removes, so that none holds rows for long.
const removedAtOnce = 1000

// removeModel removes what a model described that was taken back, and the model last, so
// that an interrupted removal goes on at the next ping.
func (s *Store) removeModel(ctx context.Context, model string) error {
	what := "remove the descriptors of model " + model
	for _, statement := range []string{
		`DELETE FROM descriptors WHERE model = ? LIMIT ?`,
		`DELETE FROM face_descriptors WHERE model = ? LIMIT ?`,
		`DELETE FROM undescribed_photos WHERE model = ? LIMIT ?`,
	} {
		for removed := int64(removedAtOnce); removed == removedAtOnce; {
			var err error
			if removed, err = s.exec(ctx, what, statement, model, removedAtOnce); err != nil {
				return err
			}
		}
	}
	if _, err := s.exec(ctx, what, `UPDATE rematches SET describe_by = '' WHERE describe_by = ?`, model); err != nil {
		return err
	}
	_, err := s.exec(ctx, what, `DELETE FROM models WHERE name = ? AND state = '`+string(ModelRemoving)+`'`, model)
	return err
}
