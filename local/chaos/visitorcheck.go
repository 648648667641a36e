package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// placedPhoto is what became of a file that was put into the gallery by hand.
type placedPhoto struct{ state, reason string }

// strangerFace is a face of somebody without a name.
type strangerFace struct{ image, person int64 }

// checkGone: of who was erased nothing is left.
func (f facts) checkGone(v *findings) {
	for _, trace := range f.told.traces {
		note(&v.wrong, "of somebody who was erased is left: %s", trace)
	}
}

// checkPlaced: a file that lies in the gallery is one photo, and one that was taken out is not used.
func (f facts) checkPlaced(v *findings) {
	for file, there := range f.crew.placed {
		photos := f.told.placed[file]
		used := slices.IndexFunc(photos, func(one placedPhoto) bool { return one.state == "usable" }) >= 0
		switch {
		case len(photos) > 1:
			note(&v.doubled, "%s is %d photos", file, len(photos))
		case there && !used:
			note(&v.lost, "%s lies in the gallery and is not used: %+v", file, photos)
		case !there && used:
			note(&v.wrong, "%s was taken out of the gallery and is used", file)
		}
	}
}

// checkStrangers: nobody without a name is two people.
func (f facts) checkStrangers(v *findings) {
	who := make(map[int64]string)
	for _, one := range f.told.strangers {
		truth := f.truth(one.image)
		if before := who[one.person]; before != "" && truth != "" && before != truth {
			note(&v.wrong, "stranger %d is %s and %s", one.person, before, truth)
		}
		if truth != "" {
			who[one.person] = truth
		}
	}
}

// truth is who is in a picture that shows one face; empty where that is not known.
func (f facts) truth(image int64) string {
	if a, ok := f.accepted[image]; ok && a.picture != nil && a.picture.faces == 1 {
		return a.picture.file
	}
	if r := f.rows[image]; r != nil {
		if name, ok := strings.CutPrefix(r.path, "people/"); ok {
			name, _, _ = strings.Cut(name, "-")
			return name
		}
	}
	return ""
}

// traces tells which columns of the database hold one of the names.
func (a *audit) traces(ctx context.Context, names []string) (found []string, err error) {
	type place struct{ table, column string }
	var all []place
	err = a.each(ctx, func(rows *sql.Rows) error {
		var one place
		err := rows.Scan(&one.table, &one.column)
		all = append(all, one)
		return err
	}, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema=DATABASE() AND data_type IN ('char', 'varchar', 'text', 'mediumtext', 'longtext', 'json', 'blob', 'mediumblob', 'varbinary')")
	for _, one := range all {
		for _, name := range names {
			err = a.each(ctx, func(*sql.Rows) error {
				found = append(found, fmt.Sprintf("%s.%s holds %q", one.table, one.column, name))
				return nil
			}, fmt.Sprintf("SELECT 1 FROM `%[1]s` WHERE LOCATE(?, LOWER(CONVERT(`%[2]s` USING utf8mb4))) > 0 LIMIT 1", one.table, one.column), strings.ToLower(name))
			if err != nil {
				return nil, err
			}
		}
	}
	return found, err
}

// placed gives what became of the visitors' photos, by file.
func (a *audit) placed(ctx context.Context) (map[string][]placedPhoto, error) {
	all := make(map[string][]placedPhoto)
	for _, visitor := range visitors {
		file := visitor + "_1.jpg"
		err := a.each(ctx, func(rows *sql.Rows) error {
			var one placedPhoto
			err := rows.Scan(&one.state, &one.reason)
			all[file] = append(all[file], one)
			return err
		}, "SELECT state, COALESCE(reason, '') FROM person_images WHERE image_name=? AND removed_at IS NULL", file)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// strangers gives every face of somebody without a name, with who that is by now.
func (a *audit) strangers(ctx context.Context) (all []strangerFace, err error) {
	into := make(map[int64]int64)
	err = a.each(ctx, func(rows *sql.Rows) error {
		var id, to int64
		err := rows.Scan(&id, &to)
		into[id] = to
		return err
	}, "SELECT id, merged_into FROM person WHERE merged_into IS NOT NULL")
	if err != nil {
		return nil, err
	}
	err = a.each(ctx, func(rows *sql.Rows) error {
		var one strangerFace
		err := rows.Scan(&one.image, &one.person)
		for into[one.person] != 0 {
			one.person = into[one.person]
		}
		all = append(all, one)
		return err
	}, "SELECT image_id, person_id FROM faces WHERE decided_by='stranger' AND person_id IS NOT NULL")
	return all, err
}

func (a *audit) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := a.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
