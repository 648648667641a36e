package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// judge says why a photo that could be used is not: whom else it is like, or that the
// person has it. It is asked while the gallery's row is held.
func judge(ctx context.Context, tx *sql.Tx, photo Photo, o PhotoOutcome) (*Similar, string, error) {
	owner, err := survivorOf(ctx, tx, photo.PersonID)
	if errors.Is(err, ErrNotFound) { // enrolling the person was undone
		err = ErrClaimLost
	}
	if err != nil {
		return nil, "", err
	}
	same, err := samePhoto(ctx, tx, photo, owner, o)
	if err != nil || same != "" {
		return nil, same, err
	}
	if photo.Anyway {
		return nil, "", nil
	}
	like, err := alike(ctx, tx, photo, o)
	if err != nil {
		return nil, "", err
	}
	like = slices.DeleteFunc(like, func(s Similar) bool { return s.Person.ID == owner.ID })
	if len(like) == 0 {
		return nil, "", nil
	}
	return &like[0], likeAnother, nil
}

// alike gives the named persons whom the photo is like, those that nobody had looked at
// when the face server answered as well: each by each photo that is as near as the
// threshold, the nearest first.
func alike(ctx context.Context, tx *sql.Tx, photo Photo, o PhotoOutcome) (like []Similar, err error) {
	candidates, err := standing(ctx, tx, o.Candidates)
	if err != nil {
		return nil, err
	}
	newer, err := newerPhotos(ctx, tx, photo, o)
	if err != nil {
		return nil, err
	}
	candidates = append(candidates, newer...)
	var ids []int64
	for _, c := range candidates {
		ids = append(ids, c.PersonID)
	}
	people, err := survivors(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		person, there := people[c.PersonID]
		if there && !person.Removed && person.Name != "" && c.Similarity >= o.Threshold {
			like = append(like, Similar{person.Person, c.ImageName, c.Similarity, c.PhotoID})
		}
	}
	slices.SortStableFunc(like, func(a, b Similar) int { return cmp.Compare(b.Similarity, a.Similarity) })
	return like, nil
}

const (
	selectStanding = `
		SELECT
			id,
			person_id
		FROM person_images
		WHERE state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
			AND id IN `

	selectDescriptors = `
		SELECT
			i.person_id,
			i.id,
			i.image_name,
			d.descriptor
		FROM person_images i
		JOIN descriptors d ON d.photo_id = i.id AND d.model = ?
		WHERE i.state = '` + string(PhotoUsable) + `'
			AND i.removed_at IS NULL
			AND `

	selectChangedPeople = `
		SELECT id
		FROM person
		WHERE gallery_state > ?`
)

// standing gives the candidates whose photos still count, each with the person to whom
// the photo was given. One without an id is whoever has a photo of that name.
func standing(ctx context.Context, tx *sql.Tx, candidates []PhotoCandidate) ([]PhotoCandidate, error) {
	var names []lineup.Face
	var ids []int64
	for _, c := range candidates {
		if c.PhotoID != 0 {
			ids = append(ids, c.PhotoID)
		} else {
			names = append(names, lineup.Face{ImageName: c.ImageName})
		}
	}
	owners, err := ownersOf(ctx, tx, names)
	if err != nil {
		return nil, err
	}
	people := map[int64]int64{}
	for chunk := range slices.Chunk(distinctIDs(ids), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
			var person int64
			err = rows.Scan(&id, &person)
			people[id] = person
			return id, err
		}, selectStanding+list, args...)
		if err != nil {
			return nil, err
		}
	}
	var all []PhotoCandidate
	for _, c := range candidates {
		if c.PersonID = people[c.PhotoID]; c.PhotoID == 0 {
			c.PersonID = owners.byName[c.ImageName].person
		}
		if c.PersonID != 0 {
			all = append(all, c)
		}
	}
	return all, nil
}

// newerPhotos gives how similar the photos are that the face server had not seen, or not
// as those of the persons that they are now.
func newerPhotos(ctx context.Context, tx *sql.Tx, photo Photo, o PhotoOutcome) ([]PhotoCandidate, error) {
	if o.GalleryState == 0 || len(o.Descriptor) == 0 {
		return nil, nil
	}
	scan := scanSimilar(o.Descriptor)
	all, err := query(ctx, tx, scan, selectDescriptors+"i.gallery_state > ? AND i.id <> ?", o.Model, o.GalleryState, photo.ID)
	if err != nil {
		return nil, err
	}
	changed, err := query(ctx, tx, scanID, selectChangedPeople, o.GalleryState)
	if err != nil {
		return nil, err
	}
	if changed, err = members(ctx, tx, changed...); err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(changed, maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, tx, scan, selectDescriptors+"i.person_id IN "+list, slices.Concat([]any{o.Model}, args)...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// samePhoto says that the person has the photo under another name; empty if not.
func samePhoto(ctx context.Context, tx *sql.Tx, photo Photo, owner lineup.Person, o PhotoOutcome) (reason string, err error) {
	if len(o.Descriptor) == 0 {
		return "", nil
	}
	family, err := members(ctx, tx, owner.ID)
	if err != nil {
		return "", err
	}
	descriptor := encodeEmbedding(o.Descriptor)
	for chunk := range slices.Chunk(family, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
			var other []byte
			err = rows.Scan(new(int64), &id, new(string), &other)
			if id != photo.ID && bytes.Equal(other, descriptor) {
				reason = fmt.Sprintf("already enrolled for this person, as photo %d", id)
			}
			return id, err
		}, selectDescriptors+"i.person_id IN "+list, slices.Concat([]any{o.Model}, args)...)
		if err != nil {
			return "", err
		}
	}
	return reason, nil
}

// scanSimilar reads rows of selectDescriptors as how similar they are to the descriptor.
func scanSimilar(descriptor []float32) func(*sql.Rows) (PhotoCandidate, error) {
	return func(rows *sql.Rows) (c PhotoCandidate, err error) {
		var other sql.RawBytes
		if err := rows.Scan(&c.PersonID, &c.PhotoID, &c.ImageName, &other); err != nil {
			return c, err
		}
		c.Similarity = cosine(descriptor, decodeEmbedding(other))
		return c, nil
	}
}
