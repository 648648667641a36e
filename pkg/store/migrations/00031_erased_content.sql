-- +goose Up
ALTER TABLE person_images
  ADD COLUMN erased_content CHAR(64) CHARACTER SET ascii NULL COMMENT 'of an erased photo: the SHA-256 of its file, by which a copy is known';
ALTER TABLE adoption
  ADD COLUMN withheld      BIGINT NOT NULL DEFAULT 0 COMMENT 'of listed, files under the names of erased photos that are theirs, or may be',
  ADD COLUMN last_withheld BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE adoption
  DROP COLUMN withheld,
  DROP COLUMN last_withheld;
ALTER TABLE person_images
  DROP COLUMN erased_content;
