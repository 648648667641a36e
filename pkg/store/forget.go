package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

// StrangerLimits say how long people without a name are kept.
type StrangerLimits struct {
	Most int64         // that there may be; 0: none are kept
	Age  time.Duration // since the last picture of them was posted; 0: any
}

const (
	// Nobody whom a hand ever touched. Those who were joined with them point to them directly.
	selectForgettable = `
		SELECT p.id
		FROM person p
		WHERE p.name IS NULL
			AND p.merged_into IS NULL
			AND p.removed_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM change_people c WHERE c.person_id = p.id)`

	// Those seen once go first, but for those that nobody counted yet.
	seenLeastFirst = `
		ORDER BY
			p.created_at > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE,
			p.pictures,
			p.id
		LIMIT ?`

	// Of whom a ping counted no picture: their faces are others' since.
	inNoPicture = `
			AND p.pictures = 0
			AND p.created_at < UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE`

	beganBefore = `
			AND p.created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND`

	countStrangers = `
		SELECT COUNT(*)
		FROM person
		WHERE name IS NULL
			AND merged_into IS NULL
			AND removed_at IS NULL`

	updateStrangerCount = `
		UPDATE gallery
		SET strangers = (` + countStrangers + `)
		WHERE id = 1`

	updatePhotosDropped = `
		UPDATE person_images
		SET removed_at = UTC_TIMESTAMP(6)
		WHERE id IN `

	updateForgotten = `
		UPDATE person
		SET removed_at = UTC_TIMESTAMP(6)
		WHERE id IN `

	selectPhotosOfPeople = `
		SELECT id
		FROM person_images
		WHERE removed_at IS NULL
			AND person_id IN `
)

// Of these ids those who have photos, or were seen since; those joined with them count. By id, and not
// as a condition of selectForgettable: databases would read all photos and faces for that.
var (
	selectWithPhotos = ofJoined("person_images", "faces f ON f.id = t.face_id",
		"t.state = '"+string(PhotoUsable)+"' AND t.removed_at IS NULL")
	selectInAPicture = ofJoined("faces", "images i ON i.id = t.image_id", "TRUE")
	selectSeenSince  = ofJoined("faces", "images i ON i.id = t.image_id",
		"i.created_at >= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND")
)

// ofJoined selects of persons, which %[1]s lists, those who have a row of the table that is so.
func ofJoined(table, with, where string) string {
	return `
		SELECT t.person_id
		FROM ` + table + ` t
		JOIN ` + with + `
		WHERE t.person_id IN %[1]s
			AND ` + where + `
		UNION
		SELECT m.merged_into
		FROM person m
		STRAIGHT_JOIN ` + table + ` t ON t.person_id = m.id
		JOIN ` + with + `
		WHERE m.merged_into IN %[1]s
			AND ` + where + `
		ORDER BY 1`
}

// examinedAtOnce is of how many strangers one statement looks at all photos and faces, so that
// none comes near the time that a statement has.
const examinedAtOnce = 500

// forgottenAtOnce is how many strangers one transaction forgets.
const forgottenAtOnce = 100

// TidyStrangers forgets people without a name: more than there may be, those not seen for
// long, and those of whom no picture, or none with a photo, is left. Whom a hand ever touched,
// stays. Their faces become nobody's. Pings call it, after Recount. It tells how many it
// forgot.
func (s *Store) TidyStrangers(ctx context.Context, l StrangerLimits) (forgotten int, err error) {
	if err := s.removeForgotten(ctx); err != nil {
		return 0, err
	}
	var ids []int64
	err = s.do(ctx, "find strangers to be forgotten", func() error {
		ids, err = s.toForget(ctx, l)
		return err
	})
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(distinctIDs(ids), forgottenAtOnce) {
		var n int
		err := s.transact(ctx, "forget strangers", func(tx *sql.Tx) (err error) {
			n, err = forget(ctx, tx, chunk)
			return err
		})
		if err != nil {
			return forgotten, err
		}
		forgotten += n
	}
	_, err = s.exec(ctx, "count strangers", updateStrangerCount)
	return forgotten, err
}

// toForget gives whom the limits are against.
func (s *Store) toForget(ctx context.Context, l StrangerLimits) (ids []int64, err error) {
	if l.Most == 0 {
		return query(ctx, s.db, scanID, selectForgettable)
	}
	all, err := query(ctx, s.db, scanID, selectForgettable)
	if err == nil {
		ids, err = s.notAmong(ctx, all, selectWithPhotos)
	}
	var old []int64
	if err == nil {
		all, err = query(ctx, s.db, scanID, selectForgettable+inNoPicture)
	}
	if err == nil {
		old, err = s.notAmong(ctx, all, selectInAPicture)
		ids = append(ids, old...)
	}
	if age := l.Age.Microseconds(); err == nil && age > 0 {
		if all, err = query(ctx, s.db, scanID, selectForgettable+beganBefore, age); err == nil {
			old, err = s.notAmong(ctx, all, selectSeenSince, age)
		}
		ids = append(ids, old...)
	}
	if err != nil {
		return nil, err
	}
	counts, err := query(ctx, s.db, scanID, countStrangers)
	if err != nil || counts[0] < l.Most {
		return ids, err
	}
	// Room for a tenth, as until the next ping no more can begin.
	more, err := query(ctx, s.db, scanID, selectForgettable+seenLeastFirst, counts[0]-l.Most+max(1, l.Most/10))
	return append(ids, more...), err
}

// InNoPicture gives those of the people of whom no face is left: theirs are somebody else's since.
func (s *Store) InNoPicture(ctx context.Context, people []int64) (ids []int64, err error) {
	err = s.do(ctx, "find who is in no picture", func() error {
		ids, err = s.notAmong(ctx, distinctIDs(people), selectInAPicture)
		return err
	})
	return ids, err
}

// notAmong gives those of the ids that the statement does not select of them, which has them
// twice, each time with more behind.
func (s *Store) notAmong(ctx context.Context, ids []int64, statement string, more ...any) (rest []int64, err error) {
	for chunk := range slices.Chunk(ids, examinedAtOnce) {
		list, args := placeholders(chunk)
		args = append(args, more...)
		among, err := query(ctx, s.db, scanID, fmt.Sprintf(statement, list), slices.Repeat(args, 2)...)
		if err != nil {
			return nil, err
		}
		for _, id := range chunk {
			if _, is := slices.BinarySearch(among, id); !is {
				rest = append(rest, id)
			}
		}
	}
	return rest, nil
}

// forget makes strangers, with all who were joined with them, nobody.
func forget(ctx context.Context, tx *sql.Tx, ids []int64) (forgotten int, err error) {
	family, err := families(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	stays, err := lockFamilies(ctx, tx, family)
	if err != nil {
		return 0, err
	}
	all := slices.DeleteFunc(slices.Collect(maps.Keys(family)), func(id int64) bool { return stays[family[id]] })
	if len(all) == 0 {
		return 0, nil
	}
	people, args := placeholders(all)
	photos, err := query(ctx, tx, scanID, selectPhotosOfPeople+people+" ORDER BY id FOR UPDATE", args...)
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(photos, maxValues) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, updatePhotosDropped+list, args...); err != nil {
			return 0, err
		}
	}
	if _, err := tx.ExecContext(ctx, updateForgotten+people, args...); err != nil {
		return 0, err
	}
	for _, id := range ids {
		if !stays[id] {
			forgotten++
		}
	}
	_, err = bumpStrangers(ctx, tx, -int64(forgotten), all, photos)
	return forgotten, err
}

// lockFamilies holds the people that family has, and tells of which strangers the family
// stays: somebody in it was named, merged or touched by a hand meanwhile.
func lockFamilies(ctx context.Context, tx *sql.Tx, family map[int64]int64) (stays map[int64]bool, err error) {
	rows, err := lockPeople(ctx, tx, slices.Collect(maps.Keys(family))...)
	if err != nil {
		return nil, err
	}
	stays = map[int64]bool{}
	for _, row := range rows {
		head := family[row.ID]
		touched, err := touchedByHand(ctx, tx, []int64{row.ID})
		if err != nil {
			return nil, err
		}
		if touched || row.Name != "" || row.removed || row.into.Valid == (head == row.ID) {
			stays[head] = true
		}
	}
	return stays, nil
}

const (
	// The face servers have read by then that they are gone.
	selectForgotten = `
		SELECT p.id
		FROM person p
		WHERE p.name IS NULL
			AND p.removed_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
			AND p.erased_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM change_people c WHERE c.person_id = p.id)
		ORDER BY p.id
		LIMIT ?`

	selectPicturesOf = `
		SELECT DISTINCT image_id
		FROM faces
		WHERE person_id IN %s
		ORDER BY image_id
		LIMIT ?`
)

// forgottenFor is how long rows of forgotten strangers stay for face servers to read.
const forgottenFor = 30 * time.Second

// removeForgotten makes the faces of forgotten strangers nobody's and removes their rows.
func (s *Store) removeForgotten(ctx context.Context) error {
	for {
		var ids []int64
		err := s.do(ctx, "find forgotten strangers", func() (err error) {
			ids, err = query(ctx, s.db, scanID, selectForgotten, forgottenFor.Microseconds(), maxValues)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.freeFaces(ctx, ids); err != nil {
			return err
		}
		for _, table := range []string{"DELETE FROM person_images WHERE person_id IN ", "DELETE FROM person WHERE id IN "} {
			if err := s.execIn(ctx, "remove forgotten strangers", table, ids); err != nil {
				return err
			}
		}
	}
}

// freeFaces makes the faces of forgotten strangers nobody's, a batch of pictures at a time.
func (s *Store) freeFaces(ctx context.Context, strangers []int64) error {
	people, args := placeholders(strangers)
	statement, args := fmt.Sprintf(selectPicturesOf, people), append(args, rematchChunk)
	for more := true; more; {
		err := s.transact(ctx, "make faces of forgotten strangers nobody's", func(tx *sql.Tx) error {
			pictures, err := query(ctx, tx, scanID, statement, args...)
			if err != nil {
				return err
			}
			more = len(pictures) == rematchChunk
			held, err := lockPictures(ctx, tx, pictures)
			if err != nil {
				return err
			}
			_, err = redecide(ctx, tx, held, false)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const selectTouched = `
		SELECT 1
		FROM change_people
		WHERE person_id IN %s
		LIMIT 1`

// touchedByHand tells whether any change that a hand made is about one of these people.
func touchedByHand(ctx context.Context, q querier, people []int64) (bool, error) {
	list, args := placeholders(people)
	found, err := query(ctx, q, scanID, fmt.Sprintf(selectTouched, list), args...)
	return len(found) > 0, err
}
