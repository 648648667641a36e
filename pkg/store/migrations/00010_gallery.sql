-- +goose Up
CREATE TABLE gallery (
  id    TINYINT NOT NULL PRIMARY KEY COMMENT 'there is one row',
  state BIGINT NOT NULL COMMENT 'counts the changes that can move an answer, in the order of their commits'
) ENGINE=InnoDB;
INSERT INTO gallery (id, state) VALUES (1, 1);

CREATE TABLE spelling_locks (
  slot INT NOT NULL PRIMARY KEY COMMENT 'of a hash of the spelling; locked by who creates or names a person'
) ENGINE=InnoDB;
INSERT INTO spelling_locks (slot) VALUES
  (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);

ALTER TABLE person_images
  ADD COLUMN state         VARCHAR(16) CHARACTER SET ascii NOT NULL DEFAULT 'pending' COMMENT 'pending, usable, unusable or unchecked',
  ADD COLUMN reason        VARCHAR(1000) NULL COMMENT 'why it is unusable',
  ADD COLUMN similar_to    BIGINT NULL COMMENT 'another named person whom it is like',
  ADD COLUMN similar_photo VARCHAR(255) NULL COMMENT 'that person''s photo',
  ADD COLUMN similarity    DOUBLE NULL COMMENT 'cosine to it',
  ADD COLUMN face_id       BIGINT NULL COMMENT 'the face of a picture that it is',
  ADD COLUMN chosen        INT NULL COMMENT 'which of its faces, from 1, left to right',
  ADD COLUMN anyway        TINYINT NOT NULL DEFAULT 0 COMMENT 'it may be like another named person',
  ADD COLUMN shown         TEXT NULL COMMENT 'the faces found in it, as JSON',
  ADD COLUMN width         DOUBLE NULL COMMENT 'of the face, in pixels',
  ADD COLUMN light         DOUBLE NULL COMMENT 'its mean lightness, 0 to 1',
  ADD COLUMN sharpness     DOUBLE NULL,
  ADD COLUMN removed_at    DATETIME(6) NULL COMMENT 'it counts no more; the row stays',
  ADD COLUMN gallery_state BIGINT NOT NULL DEFAULT 0 COMMENT 'of the gallery, made by the last change of this row',
  ADD COLUMN attempts      INT NOT NULL DEFAULT 0,
  ADD COLUMN claim         VARCHAR(36) NULL COMMENT 'who may write the outcome',
  ADD COLUMN lease_until   DATETIME(6) NULL,
  ADD COLUMN queued_at     DATETIME(6) NULL,
  ADD COLUMN retry_at      DATETIME(6) NULL,
  ADD KEY person_images_face (face_id),
  ADD KEY person_images_due (state, queued_at),
  ADD KEY person_images_gallery_state (gallery_state);
-- Who was enrolled before stays so, like another person or not.
UPDATE person_images SET anyway = 1;

CREATE TABLE descriptors (
  photo_id   BIGINT NOT NULL,
  model      VARCHAR(100) NOT NULL COMMENT 'descriptors of two models are never compared',
  descriptor BLOB NOT NULL COMMENT 'float32, little endian',
  PRIMARY KEY (photo_id, model),
  CONSTRAINT descriptors_photo_is FOREIGN KEY (photo_id) REFERENCES person_images (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE descriptors;
ALTER TABLE person_images
  DROP KEY person_images_face,
  DROP KEY person_images_due,
  DROP KEY person_images_gallery_state,
  DROP COLUMN state,
  DROP COLUMN reason,
  DROP COLUMN similar_to,
  DROP COLUMN similar_photo,
  DROP COLUMN similarity,
  DROP COLUMN face_id,
  DROP COLUMN chosen,
  DROP COLUMN anyway,
  DROP COLUMN shown,
  DROP COLUMN width,
  DROP COLUMN light,
  DROP COLUMN sharpness,
  DROP COLUMN removed_at,
  DROP COLUMN gallery_state,
  DROP COLUMN attempts,
  DROP COLUMN claim,
  DROP COLUMN lease_until,
  DROP COLUMN queued_at,
  DROP COLUMN retry_at;
DROP TABLE spelling_locks;
DROP TABLE gallery;
