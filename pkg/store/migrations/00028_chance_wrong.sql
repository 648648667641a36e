-- +goose Up
ALTER TABLE faces
  ADD COLUMN chance_wrong DOUBLE NULL COMMENT 'how likely the name that the machine gave is wrong; NULL: it gave none, or nobody told';

-- +goose Down
ALTER TABLE faces
  DROP COLUMN chance_wrong;
