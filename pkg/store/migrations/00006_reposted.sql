-- +goose Up
ALTER TABLE images
  ADD COLUMN reposted_at DATETIME(6) NULL COMMENT 'when it was submitted again while it was looked at: its file may be another since',
  ADD KEY images_reposted (reposted_at);

-- +goose Down
ALTER TABLE images
  DROP KEY images_reposted,
  DROP COLUMN reposted_at;
