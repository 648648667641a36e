-- +goose Up
ALTER TABLE images
  ADD COLUMN thumbnail   VARCHAR(48) CHARACTER SET ascii NULL COMMENT 'its file in derived/',
  ADD COLUMN large       VARCHAR(48) CHARACTER SET ascii NULL COMMENT 'the same of a picture that no browser shows',
  ADD COLUMN prior_claim VARCHAR(36) NULL COMMENT 'the claim that ran out and was taken over';
ALTER TABLE faces
  ADD COLUMN crop VARCHAR(48) CHARACTER SET ascii NULL COMMENT 'its file in derived/';
ALTER TABLE person_images
  ADD COLUMN crop        VARCHAR(48) CHARACTER SET ascii NULL COMMENT 'the file in derived/ of its face, or of the photo where no face counts',
  ADD COLUMN prior_claim VARCHAR(36) NULL COMMENT 'the claim that ran out and was taken over';

CREATE TABLE derived_leftovers (
  name    VARCHAR(48) CHARACTER SET ascii NOT NULL PRIMARY KEY COMMENT 'a file in derived/ that no row names any more',
  left_at DATETIME(6) NOT NULL
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE derived_leftovers;
ALTER TABLE person_images DROP COLUMN crop, DROP COLUMN prior_claim;
ALTER TABLE faces DROP COLUMN crop;
ALTER TABLE images DROP COLUMN thumbnail, DROP COLUMN large, DROP COLUMN prior_claim;
