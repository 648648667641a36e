package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// Filter says which pictures to list.
type Filter struct {
	Status lineup.Status // any when empty
	Person int64         // who is in it; anybody when 0
	Before int64         // with an id below; all when 0
	Limit  int           // at most so many; must be above 0
}

// Image gives one picture with its faces; ErrNotFound when there is none.
func (s *Store) Image(ctx context.Context, id int64) (lineup.Image, error) {
	images, err := s.images(ctx, "i.id = ?", []any{id}, 1)
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
		some, err := s.images(ctx, "i.id IN "+list, args, len(chunk))
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
	where, args := f.where()
	images, err = s.images(ctx, where, args, f.Limit+1)
	if len(images) > f.Limit {
		return images[:f.Limit], true, err
	}
	return images, false, err
}

// where is the filter as SQL's condition and its arguments.
func (f Filter) where() (string, []any) {
	where, args := []string{"TRUE"}, []any{}
	if f.Status != "" {
		where, args = append(where, "i.status = ?"), append(args, f.Status)
	}
	if f.Person != 0 {
		where = append(where, "EXISTS (SELECT 1 FROM faces f WHERE f.person_id = ? AND f.image_id = i.id) AND i.status IN ("+finalStatuses()+")")
		args = append(args, f.Person)
	}
	if f.Before != 0 {
		where, args = append(where, "i.id < ?"), append(args, f.Before)
	}
	return strings.Join(where, " AND "), args
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
		FROM images i
		LEFT JOIN person p ON p.id = i.person_id
		WHERE `
	newestFirst = `
		ORDER BY i.id DESC
		LIMIT ?`
)

func (s *Store) images(ctx context.Context, where string, args []any, limit int) (images []lineup.Image, err error) {
	err = s.do(ctx, "read pictures", func() error {
		images, err = query(ctx, s.db, scanImage, selectImages+where+newestFirst, append(args, limit)...)
		if err != nil {
			return err
		}
		var ids []int64
		for _, image := range images {
			if image.Status.Final() { // else they are those of the round before
				ids = append(ids, image.ID)
			}
		}
		faces, err := facesOf(ctx, s.db, ids)
		for i := range images {
			images[i].Faces = append([]lineup.Face{}, faces[images[i].ID]...)
		}
		return err
	})
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
