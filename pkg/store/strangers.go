package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// A stranger is a person without a name, whose photos are faces of pictures. The machine
// begins strangers, gives them faces and photos, and joins those that are one. One whose faces
// all are somebody's who was named or enrolled since keeps its photos, which only faces are
// compared with that are like nobody with a name: so it has its faces again once that is undone.
const (
	// strangerPhotos is how many photos the machine gives a stranger: enough for another
	// light and another side of the face, and the index stays small.
	strangerPhotos = 5
	// sameView is how similar a face is to a photo that it adds nothing to.
	sameView = 0.8
)

// settling is what a look at a picture does to strangers.
type settling struct {
	*picture
	k     known
	most  int64 // strangers that there may be
	count int64 // that there are
	newer []PhotoCandidate
	who   map[int64]survivor // of everybody in newer and in the picture, as of now

	written        map[int]bool // faces whose decision changed
	people, photos []int64      // that changed
	begun          int64
}

// settleStrangers begins a stranger of each face that is like nobody, lets those grow that
// the picture shows, and joins those of whom it shows that they are one. Strangers that began
// since the face server read the gallery are looked at here, while the gallery's row is held:
// so pictures of one person that come all at once make one. It is a transaction's last lock.
func (p *picture) settleStrangers(ctx context.Context, tx *sql.Tx, k known, most int64) error {
	faces := p.nobodys()
	if len(faces) == 0 || most == 0 {
		return nil
	}
	s := &settling{picture: p, k: k, most: most, written: map[int]bool{}}
	if err := s.readNewer(ctx, tx, faces); err != nil || !s.concerns(faces) {
		return err
	}
	if err := tx.QueryRowContext(ctx, lockStrangers).Scan(&s.count); err != nil {
		return err
	}
	if err := s.readNewer(ctx, tx, faces); err != nil {
		return err
	}
	for _, i := range faces {
		if err := s.place(ctx, tx, i); err != nil {
			return err
		}
	}
	var rows []faceRow
	for i := range s.written {
		rows = append(rows, p.faces[i])
	}
	if err := writeDecisions(ctx, tx, rows); err != nil || len(s.people)+len(s.photos) == 0 {
		return err
	}
	_, err := bumpStrangers(ctx, tx, s.begun, s.people, s.photos)
	return err
}

const lockStrangers = `
	SELECT strangers
	FROM gallery
	WHERE id = 1
	FOR UPDATE`

// nobodys are the faces that strangers may have: those that a machine can compare and that
// are like nobody with a name, the surest of a stranger first.
func (p *picture) nobodys() (faces []int) {
	if p.rule == nil || p.rule.StrangerThreshold == 0 {
		return nil
	}
	for i := range p.faces {
		if p.decisions[i].Nobody() && p.faces[i].comparable() {
			faces = append(faces, i)
		}
	}
	nearest := func(i int) float32 {
		if strangers := p.decisions[i].Strangers; len(strangers) > 0 {
			return strangers[0].Similarity
		}
		return -1
	}
	slices.SortStableFunc(faces, func(i, j int) int { return cmp.Compare(nearest(j), nearest(i)) })
	return faces
}

// mayBePhoto tells whether the face may begin a stranger, or adds something to the photos
// that its stranger has.
func (p *picture) mayBePhoto(i int) bool {
	near := p.decisions[i].Strangers
	return len(p.faces[i].Problems) == 0 && (len(near) == 0 || near[0].Similarity < sameView)
}

// readNewer reads the photos of strangers that the face server had not seen, and who
// everybody is now.
func (s *settling) readNewer(ctx context.Context, tx *sql.Tx, faces []int) error {
	state, model := s.faces[faces[0]].state.Int64, s.faces[faces[0]].Model
	ids := peopleIn(s.faces)
	for _, i := range faces {
		state = min(state, s.faces[i].state.Int64)
	}
	newer, err := query(ctx, tx, scanNewer, selectDescriptors+"i.gallery_state > ? AND i.stranger IS NOT NULL", model, state)
	if err != nil {
		return err
	}
	s.newer = newer
	for _, photo := range newer {
		ids = append(ids, photo.PersonID)
	}
	for _, photo := range s.k.own {
		ids = append(ids, photo.person)
	}
	s.who, err = survivors(ctx, tx, ids)
	return err
}

func scanNewer(rows *sql.Rows) (c PhotoCandidate, err error) {
	var descriptor []byte
	err = rows.Scan(&c.PersonID, &c.PhotoID, &c.ImageName, &descriptor)
	c.descriptor = decodeEmbedding(descriptor)
	return c, err
}

// near gives the photos of strangers that are as near to the face as makes it theirs, the
// nearest of each, the nearest first.
func (s *settling) near(i int) []match.Candidate[int64] {
	face := match.Face[int64]{Not: s.faces[i].isNot(s.who)}
	_, face.Strangers = s.faces[i].candidates(s.who)
	face.Strangers = slices.DeleteFunc(face.Strangers, func(c match.Candidate[int64]) bool { return s.k.photos[c.PhotoID] })
	known := s.k
	known.who = s.who
	known.addItself(&s.faces[i], &face)
	for _, photo := range s.newer {
		one, there := s.who[photo.PersonID]
		if !there || one.Removed || one.Name != "" {
			continue
		}
		similarity := float32(cosine(s.faces[i].Embedding, photo.descriptor))
		face.Strangers = append(face.Strangers, match.Candidate[int64]{Person: one.ID, PhotoID: photo.PhotoID, ImageName: photo.ImageName, Similarity: similarity})
	}
	near := match.Decide(match.Rule{}, []match.Face[int64]{face})[0].Strangers
	enough := float32(s.rule.StrangerThreshold)
	return slices.DeleteFunc(near, func(c match.Candidate[int64]) bool { return !(c.Similarity >= enough) })
}

// concerns tells whether there is anything to do for which the gallery's row must be held.
func (s *settling) concerns(faces []int) bool {
	return slices.ContainsFunc(faces, func(i int) bool {
		near := s.near(i)
		switch len(near) {
		case 0:
			return s.mayBePhoto(i)
		case 1:
			return s.adds(i, near[0]) || s.who[s.faces[i].given].ID != near[0].Person && !s.isTaken(near[0].Person, i)
		}
		return true
	})
}

// adds tells whether the face shows the stranger as no photo does.
func (s *settling) adds(i int, nearest match.Candidate[int64]) bool {
	_, is := s.k.own[s.faces[i].ID]
	return !is && len(s.faces[i].Problems) == 0 && nearest.Similarity < sameView && !s.isTaken(nearest.Person, i)
}

// place says which stranger's the face is.
func (s *settling) place(ctx context.Context, tx *sql.Tx, i int) error {
	face, near := &s.faces[i], s.near(i)
	if len(near) == 0 {
		return s.begin(ctx, tx, i)
	}
	if s.isTaken(near[0].Person, i) {
		return nil
	}
	if s.who[face.given].ID != near[0].Person {
		s.give(i, near[0])
	}
	one := near[0].Person
	for _, other := range near[1:] {
		if s.isTaken(other.Person, i) {
			continue
		}
		var err error
		if one, err = s.join(ctx, tx, one, other.Person); err != nil {
			return err
		}
	}
	if !s.adds(i, near[0]) {
		return nil
	}
	return s.grow(ctx, tx, i, one)
}

// isTaken tells whether another face of the picture is this person.
func (s *settling) isTaken(person int64, face int) bool {
	for i, other := range s.faces {
		if i != face && other.given != 0 && cmp.Or(s.who[other.given].ID, other.given) == person {
			return true
		}
	}
	return false
}

// give makes the face the stranger's whose photo that is.
func (s *settling) give(i int, photo match.Candidate[int64]) {
	face := &s.faces[i]
	face.DecidedBy, face.ImageName, face.photoID, face.given = lineup.ByStranger, photo.ImageName, photo.PhotoID, photo.Person
	for _, newer := range s.newer {
		if newer.PhotoID != photo.PhotoID {
			continue
		}
		face.given = newer.PersonID
		if !slices.ContainsFunc(face.likes, func(l like) bool { return l.Photo == photo.PhotoID }) {
			similarity := photo.Similarity
			face.likes = append(face.likes, like{Person: newer.PersonID, Photo: photo.PhotoID, ImageName: photo.ImageName, Similarity: &similarity})
		}
	}
	for _, l := range face.likes {
		if l.Photo == photo.PhotoID {
			face.given = l.Person
		}
	}
	face.told = photo.Person
	s.written[i] = true
}

// begin makes a stranger of a face that is like nobody, where it is good enough for a photo.
func (s *settling) begin(ctx context.Context, tx *sql.Tx, i int) error {
	if !s.mayBePhoto(i) || s.count+s.begun >= s.most {
		return nil
	}
	if may, err := mayBecomePhoto(ctx, tx, s.faces[i].ID); err != nil || !may {
		return err
	}
	person, err := createPerson(ctx, tx, "", "")
	if err != nil {
		return err
	}
	photo, err := addStrangerPhoto(ctx, tx, s.faces[i], person)
	if err != nil {
		return err
	}
	face := &s.faces[i]
	face.DecidedBy, face.ImageName, face.photoID, face.given, face.told = lineup.ByStranger, FacePhotoName(face.ID), photo, person, person
	s.written[i], s.begun = true, s.begun+1
	s.people, s.photos = append(s.people, person), append(s.photos, photo)
	return nil
}

// grow makes the face another photo of its stranger, unless that has enough of them.
func (s *settling) grow(ctx context.Context, tx *sql.Tx, i int, stranger int64) error {
	family, err := members(ctx, tx, stranger)
	if err != nil {
		return err
	}
	list, args := placeholders(family)
	counts, err := query(ctx, tx, scanID, countStrangerPhotos+list, args...)
	if err != nil || counts[0] >= strangerPhotos {
		return err
	}
	if may, err := mayBecomePhoto(ctx, tx, s.faces[i].ID); err != nil || !may {
		return err
	}
	photo, err := addStrangerPhoto(ctx, tx, s.faces[i], stranger)
	s.photos = append(s.photos, photo)
	return err
}

const (
	countStrangerPhotos = `
		SELECT COUNT(*)
		FROM person_images
		WHERE state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
			AND person_id IN `

	// A photo that the machine took away before comes back.
	insertStrangerPhoto = `
		INSERT INTO person_images (image_name, person_id, state, stranger, face_id, created_at)
		VALUES (?, ?, '` + string(PhotoUsable) + `', ?, ?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE
			id = LAST_INSERT_ID(id),
			person_id = VALUES(person_id),
			stranger = VALUES(stranger),
			state = VALUES(state),
			removed_at = NULL`
)

// mayBecomePhoto tells whether no hand made the face a photo, or took it out.
func mayBecomePhoto(ctx context.Context, tx *sql.Tx, face int64) (bool, error) {
	found, err := facePhotos(ctx, tx, face)
	return err == nil && (len(found) == 0 || found[0].stranger != 0), err
}

func addStrangerPhoto(ctx context.Context, tx *sql.Tx, f faceRow, stranger int64) (photo int64, err error) {
	result, err := tx.ExecContext(ctx, insertStrangerPhoto, FacePhotoName(f.ID), stranger, stranger, f.ID)
	if err != nil {
		return 0, err
	}
	if photo, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, insertFaceDescriptor, photo, f.Model, encodeEmbedding(f.Embedding))
	return photo, err
}
