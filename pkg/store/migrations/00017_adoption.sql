-- +goose Up
ALTER TABLE person_images
  MODIFY person_id BIGINT NULL COMMENT 'NULL while a photo that a hand put into the gallery waits to be looked at',
  ADD COLUMN gone_at DATETIME(6) NULL COMMENT 'since when its file is gone; it is unusable for that';

ALTER TABLE images
  ADD COLUMN regions_read VARBINARY(32) NULL COMMENT 'digest of the content and the regions that were taken over from it last';

CREATE TABLE adoption (
  id           TINYINT NOT NULL PRIMARY KEY COMMENT 'there is one row',
  claim        VARCHAR(36) NULL,
  lease_until  DATETIME(6) NULL,
  position     VARBINARY(4096) NOT NULL DEFAULT '' COMMENT 'the name behind which the listing of the gallery goes on',
  listed       BIGINT NOT NULL DEFAULT 0 COMMENT 'files, by the listing under way',
  refused      BIGINT NOT NULL DEFAULT 0 COMMENT 'of these, whose names nobody can be called by',
  last_listed  BIGINT NOT NULL DEFAULT 0 COMMENT 'files, by the last listing that came to its end',
  last_refused BIGINT NOT NULL DEFAULT 0,
  finished_at  DATETIME(6) NULL COMMENT 'when that was',
  problem      VARCHAR(1000) NULL COMMENT 'why the gallery cannot be listed',
  problem_at   DATETIME(6) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO adoption (id) VALUES (1);

-- +goose Down
DROP TABLE adoption;
ALTER TABLE images
  DROP COLUMN regions_read;
DELETE FROM person_images
WHERE person_id IS NULL;
ALTER TABLE person_images
  DROP COLUMN gone_at,
  MODIFY person_id BIGINT NOT NULL;
