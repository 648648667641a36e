-- +goose Up
ALTER TABLE images
  ADD COLUMN stored_width  INT NULL COMMENT 'of the pixels as the file that was looked at holds them; 0: not told; NULL: the face server did not say',
  ADD COLUMN stored_height INT NULL,
  ADD COLUMN orientation   TINYINT NULL COMMENT 'of EXIF, 1 to 8';

-- +goose Down
ALTER TABLE images
  DROP COLUMN stored_width,
  DROP COLUMN stored_height,
  DROP COLUMN orientation;
