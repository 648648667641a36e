-- +goose Up
ALTER TABLE images
  ADD COLUMN file_name VARCHAR(255) NULL COMMENT 'what an upload was called',
  ADD COLUMN warning   VARCHAR(1000) NULL COMMENT 'what could not be seen because the file is damaged',
  ADD COLUMN content   VARBINARY(128) NULL COMMENT 'tells the content of the file that was looked at';

-- +goose Down
ALTER TABLE images
  DROP COLUMN file_name,
  DROP COLUMN warning,
  DROP COLUMN content;
