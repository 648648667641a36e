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
	WHERE status NOT IN (` + finalStatuses() + `)
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
			p.name,
			i.created_at,
			i.updated_at
		FROM %s
		LEFT JOIN person p ON p.id = i.person_id`
	newestFirst = `
		ORDER BY i.id DESC`
)

func (s *Store) images(ctx context.Context, where string, args []any) (images []lineup.Image, err error) {
	err = s.do(ctx, "read pictures", func() error {
		images, err = readImages(ctx, s.db, fmt.Sprintf(selectImages, "images i")+" WHERE "+where, args)
		return err
	})
	return images, err
}

func readImages(ctx context.Context, q querier, statement string, args []any) ([]lineup.Image, error) {
	images, err := query(ctx, q, scanImage, statement, args...)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, image := range images {
		if image.Status.Final() { // else they are those of the round before
			ids = append(ids, image.ID)
		}
	}
	faces, err := facesOf(ctx, q, ids)
	for i := range images {
		images[i].Faces = append([]lineup.Face{}, faces[images[i].ID]...)
	}
	return images, err
}

func scanImage(rows *sql.Rows) (lineup.Image, error) {
	var (
		image                                      lineup.Image
		file, reason, warning, content, personName sql.NullString
		person                                     sql.NullInt64
	)
	err := rows.Scan(&image.ID, &image.Path, &file, &image.Status, &reason, &warning, &content, &person, &personName, &image.CreatedAt, &image.UpdatedAt)
	image.FileName, image.Reason, image.Warning, image.Content = file.String, reason.String, warning.String, content.String
	if personName.Valid { // else nobody has that id: the row was edited by hand
		image.Person = &lineup.Person{ID: person.Int64, Name: personName.String}
	}
	return image, err
}
