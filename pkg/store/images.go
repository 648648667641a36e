package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// Image gives one picture with its faces; ErrNotFound when there is none.
func (s *Store) Image(ctx context.Context, id int64) (lineup.Image, error) {
	images, err := s.images(ctx, "i.id = ?", []any{id})
	if err == nil && len(images) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return lineup.Image{}, err
	}
	return images[0], nil
}

// ImagesOf gives these pictures with their faces, those that there are, in no order.
func (s *Store) ImagesOf(ctx context.Context, ids []int64) (images []lineup.Image, err error) {
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		some, err := s.images(ctx, "i.id IN "+list, args)
		if err != nil {
			return nil, err
		}
		images = append(images, some...)
	}
	return images, nil
}

// AllFinal tells whether each of these pictures has a result.
func (s *Store) AllFinal(ctx context.Context, ids []int64) (bool, error) {
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		var waiting int
		err := s.do(ctx, "count pictures without a result", func() error {
			return s.db.QueryRowContext(ctx, countNotFinal+list, args...).Scan(&waiting)
		})
		if err != nil || waiting > 0 {
			return false, err
		}
	}
	return true, nil
}

var countNotFinal = `
	SELECT COUNT(*)
	FROM images
	WHERE status NOT IN (` + finalStatuses() + `, '` + deleted + `')
		AND id IN `

// Images lists pictures with their faces, the newest first. More tells that there
// are more behind the last.
func (s *Store) Images(ctx context.Context, f Filter) (images []lineup.Image, more bool, err error) {
	f.Limit++
	err = s.do(ctx, "read pictures", func() error {
		found, err := s.pageOf(ctx, s.db, f)
		if err != nil || found.statement == "" {
			images = nil
			return err
		}
		images, err = readImages(ctx, s.db, fmt.Sprintf(selectImages, "("+found.statement+") page JOIN images i ON i.id = page.id")+newestFirst, found.args)
		return err
	})
	if len(images) == f.Limit {
		return images[:f.Limit-1], true, err
	}
	return images, false, err
}

// Neighbours are the pictures before and after one, by id; 0 for none.
func (s *Store) Neighbours(ctx context.Context, id int64) (older, newer int64, err error) {
	err = s.do(ctx, fmt.Sprintf("read the pictures around picture %d", id), func() error {
		var before, after sql.NullInt64
		err := s.db.QueryRowContext(ctx, selectNeighbours, id, deleted, id, deleted).Scan(&before, &after)
		older, newer = before.Int64, after.Int64
		return err
	})
	return older, newer, err
}

const selectNeighbours = `
	SELECT
		(SELECT id FROM images WHERE id < ? AND status <> ? ORDER BY id DESC LIMIT 1),
		(SELECT id FROM images WHERE id > ? AND status <> ? ORDER BY id LIMIT 1)`

const (
	selectImages = `
		SELECT
			i.id,
			i.path,
			i.file_name,
			i.status,
			i.reason,
			i.warning,
			i.content,
			i.person_id,
			i.revision,
			i.answered,
			i.created_at,
			i.updated_at,
			i.thumbnail,
			i.large,
			i.stored_width,
			i.stored_height,
			i.orientation
		FROM %s`
	newestFirst = `
		ORDER BY i.id DESC`
)

func (s *Store) images(ctx context.Context, where string, args []any) (images []lineup.Image, err error) {
	err = s.do(ctx, "read pictures", func() error {
		images, err = readImages(ctx, s.db, fmt.Sprintf(selectImages, "images i")+" WHERE i.status <> '"+deleted+"' AND "+where, args)
		return err
	})
	return images, err
}

func readImages(ctx context.Context, q querier, statement string, args []any) ([]lineup.Image, error) {
	rows, err := query(ctx, q, scanImage, statement, args...)
	if err != nil {
		return nil, err
	}
	var answered, people []int64
	for _, row := range rows {
		if row.Status.Final() || row.answered { // else the faces are those of another file, or of none
			answered, people = append(answered, row.ID), append(people, row.person)
		}
	}
	faces, who, err := facesOf(ctx, q, answered, people)
	images := make([]lineup.Image, len(rows))
	for i, row := range rows {
		images[i] = row.answer(faces[row.ID], who)
	}
	return images, err
}

// imageRow is a picture's row.
type imageRow struct {
	lineup.Image
	person   int64
	answered bool // the answer of the round before holds
}

func scanImage(rows *sql.Rows) (imageRow, error) {
	var (
		image                          imageRow
		file, reason, warning, content sql.NullString
		thumbnail, large               sql.NullString
		person, width, height, turned  sql.NullInt64
	)
	err := rows.Scan(&image.ID, &image.Path, &file, &image.Status, &reason, &warning, &content, &person, &image.Revision, &image.answered, &image.CreatedAt, &image.UpdatedAt, &thumbnail, &large, &width, &height, &turned)
	image.FileName, image.Reason, image.Warning, image.Content, image.person = file.String, reason.String, warning.String, content.String, person.Int64
	if image.Status.Final() || image.answered { // else they were made of another file
		image.Thumbnail, image.Large = lineup.Derived(thumbnail.String), lineup.Derived(large.String)
		if turned.Valid {
			image.Layout = &lineup.Layout{Width: int(width.Int64), Height: int(height.Int64), Orientation: int(turned.Int64)}
		}
	}
	return image, err
}
