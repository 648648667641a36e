-- +goose Up
CREATE TABLE erasures (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  person_id   BIGINT NOT NULL COMMENT 'who was erased',
  people      MEDIUMTEXT NOT NULL COMMENT 'the person, and who was merged into them: ids as JSON',
  photos      MEDIUMTEXT NOT NULL COMMENT 'theirs: ids as JSON',
  made_at     DATETIME(6) NOT NULL,
  made_by     VARCHAR(100) NOT NULL DEFAULT '' COMMENT 'the name of the API key; empty where there are none',
  last_image  BIGINT NOT NULL COMMENT 'the newest picture then: up to it all are searched',
  searched    BIGINT NOT NULL DEFAULT 0 COMMENT 'the picture up to which they were',
  files       BIGINT NOT NULL DEFAULT 0 COMMENT 'that are gone',
  faces       BIGINT NOT NULL DEFAULT 0 COMMENT 'that are nobody''s now, without descriptor',
  pictures    BIGINT NOT NULL DEFAULT 0 COMMENT 'that these are in',
  changes     BIGINT NOT NULL DEFAULT 0 COMMENT 'whose values are gone',
  problem     VARCHAR(1000) NULL COMMENT 'why it does not go on',
  finished_at DATETIME(6) NULL,
  KEY erasures_person (person_id),
  KEY erasures_finished (finished_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE person
  ADD COLUMN erased_at DATETIME(6) NULL COMMENT 'for good: only the id is left';

ALTER TABLE person_images
  ADD COLUMN erased_at    DATETIME(6) NULL COMMENT 'for good: image_name is erased/ and a digest of the name',
  ADD COLUMN erasure_id   BIGINT NULL,
  ADD COLUMN erasing      VARCHAR(255) NULL COMMENT 'the file that is still to be removed',
  ADD COLUMN file_gone_at DATETIME(6) NULL COMMENT 'when it was removed',
  ADD KEY person_images_erasure (erasure_id, erasing);

ALTER TABLE faces
  ADD COLUMN erased TINYINT NOT NULL DEFAULT 0 COMMENT 'it was an erased person''s: ignored, and not described again';

-- Reasons tell persons by their ids alone, so that no name is left in them.
UPDATE person_images SET reason = 'like another named person' WHERE reason LIKE 'like another named person: %';
UPDATE person_images SET reason = 'already enrolled for this person' WHERE reason LIKE 'already enrolled for "%';

-- +goose Down
ALTER TABLE faces
  DROP COLUMN erased;
ALTER TABLE person_images
  DROP KEY person_images_erasure,
  DROP COLUMN erased_at,
  DROP COLUMN erasure_id,
  DROP COLUMN erasing,
  DROP COLUMN file_gone_at;
ALTER TABLE person
  DROP COLUMN erased_at;
DROP TABLE erasures;
