-- +goose Up
ALTER TABLE images
  ADD COLUMN revision        BIGINT NOT NULL DEFAULT 0 COMMENT 'how often the answer of this round was changed; with id and round, the id of its events',
  ADD COLUMN answered        TINYINT NOT NULL DEFAULT 0 COMMENT 'looked at again: the answer of the round before holds until the next',
  ADD COLUMN faces_content   VARBINARY(128) NULL COMMENT 'tells the content of the file that the faces were found in',
  ADD COLUMN match_threshold DOUBLE NULL COMMENT 'by which its faces were decided last; NULL: the face server decided',
  ADD COLUMN match_margin    DOUBLE NULL;

ALTER TABLE faces
  ADD COLUMN decided_by    VARCHAR(8) CHARACTER SET ascii NOT NULL DEFAULT 'machine' COMMENT 'machine, hand or stranger',
  ADD COLUMN ignored       TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN photo_id      BIGINT NULL COMMENT 'the row of image_name',
  ADD COLUMN margin        DOUBLE NULL COMMENT 'to the second nearest person',
  ADD COLUMN refusal       VARCHAR(16) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'why it is nobody''s; as pkg/match says',
  ADD COLUMN candidates    TEXT NULL COMMENT 'who it could be, as JSON, the nearest first; the photos as the face server gave them',
  ADD COLUMN problems      VARCHAR(200) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'what would be wrong with it as a photo of its person',
  ADD COLUMN told_person   BIGINT NULL COMMENT 'who person_id was when the answer was last told: persons are merged since',
  ADD COLUMN gallery_state BIGINT NULL DEFAULT 0 COMMENT 'that it was compared with; NULL: the machine does not compare it',
  ADD KEY faces_gallery_state (gallery_state, image_id);

CREATE TABLE face_exclusions (
  face_id   BIGINT NOT NULL,
  person_id BIGINT NOT NULL COMMENT 'who it is not, said by hand',
  PRIMARY KEY (face_id, person_id),
  CONSTRAINT face_exclusions_face_is FOREIGN KEY (face_id) REFERENCES faces (id) ON DELETE CASCADE,
  CONSTRAINT face_exclusions_person_is FOREIGN KEY (person_id) REFERENCES person (id)
) ENGINE=InnoDB;

CREATE TABLE different_people (
  person_id BIGINT NOT NULL COMMENT 'the lower id',
  other_id  BIGINT NOT NULL COMMENT 'who is somebody else, said by hand',
  PRIMARY KEY (person_id, other_id)
) ENGINE=InnoDB;

CREATE TABLE rematches (
  first_image   BIGINT NOT NULL PRIMARY KEY COMMENT 'of the range of pictures whose faces are compared again',
  gallery_state BIGINT NOT NULL COMMENT 'with this state at least',
  claim         VARCHAR(36) NULL,
  lease_until   DATETIME(6) NULL,
  queued_at     DATETIME(6) NULL,
  retry_at      DATETIME(6) NULL,
  finished_at   DATETIME(6) NULL,
  KEY rematches_due (finished_at, queued_at)
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE rematches;
DROP TABLE different_people;
DROP TABLE face_exclusions;
ALTER TABLE faces
  DROP KEY faces_gallery_state,
  DROP COLUMN decided_by,
  DROP COLUMN ignored,
  DROP COLUMN photo_id,
  DROP COLUMN margin,
  DROP COLUMN refusal,
  DROP COLUMN candidates,
  DROP COLUMN problems,
  DROP COLUMN told_person,
  DROP COLUMN gallery_state;
ALTER TABLE images
  DROP COLUMN revision,
  DROP COLUMN answered,
  DROP COLUMN faces_content,
  DROP COLUMN match_threshold,
  DROP COLUMN match_margin;
