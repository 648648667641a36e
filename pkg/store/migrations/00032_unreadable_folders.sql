-- +goose Up
ALTER TABLE adoption
  ADD COLUMN unreadable      BIGINT NOT NULL DEFAULT 0 COMMENT 'folders come upon that may not be read',
  ADD COLUMN last_unreadable BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE adoption
  DROP COLUMN unreadable,
  DROP COLUMN last_unreadable;
