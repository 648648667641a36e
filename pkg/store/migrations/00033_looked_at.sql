-- +goose Up
ALTER TABLE images
  ADD COLUMN looked_at DATETIME(6) NULL COMMENT 'when its newest result was written; NULL: there is none, or it is older than this column';

-- +goose Down
ALTER TABLE images
  DROP COLUMN looked_at;
