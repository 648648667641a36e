package gallery

import "context"

// Compare is a comparison with all rows, at once.
func (d *Database) Compare(ctx context.Context) error {
	here := d.sum()
	there, err := d.rows.GalleryChecksum(ctx, d.model)
	return d.judge(ctx, comparison{here, there, err})
}
