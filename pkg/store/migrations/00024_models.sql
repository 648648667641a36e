-- +goose Up
CREATE TABLE models (
  name        VARCHAR(100) NOT NULL PRIMARY KEY,
  state       VARCHAR(16) CHARACTER SET ascii NOT NULL COMMENT 'describing, current, former or removing',
  began_at    DATETIME(6) NOT NULL,
  switched_at DATETIME(6) NULL COMMENT 'when it became the current one',
  used        TINYINT NOT NULL DEFAULT 0 COMMENT 'photos had descriptors of it when its change began: these stay when that is taken back',
  counted_at  DATETIME(6) NULL COMMENT 'when the following were counted',
  photos           BIGINT NOT NULL DEFAULT 0 COMMENT 'that are files and usable',
  photos_described BIGINT NOT NULL DEFAULT 0,
  photos_left_out  BIGINT NOT NULL DEFAULT 0 COMMENT 'that it sees nothing in, or whose file is gone',
  faces            BIGINT NOT NULL DEFAULT 0 COMMENT 'of pictures, with a descriptor of any model',
  faces_described  BIGINT NOT NULL DEFAULT 0,
  faces_left_out   BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE face_descriptors (
  model      VARCHAR(100) NOT NULL,
  face_id    BIGINT NOT NULL,
  beside     BIGINT NOT NULL COMMENT 'CRC-32 of the descriptor in the face''s row beside which this was made: of another it says nothing',
  descriptor BLOB NULL COMMENT 'float32, little endian; NULL: the model gave none',
  tries      INT NOT NULL DEFAULT 0,
  settled    TINYINT NOT NULL DEFAULT 0 COMMENT 'the model is not asked again',
  PRIMARY KEY (model, face_id),
  KEY face_descriptors_face (face_id),
  CONSTRAINT face_descriptors_face_is FOREIGN KEY (face_id) REFERENCES faces (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE undescribed_photos (
  model    VARCHAR(100) NOT NULL,
  photo_id BIGINT NOT NULL,
  tries    INT NOT NULL DEFAULT 0,
  settled  TINYINT NOT NULL DEFAULT 0 COMMENT 'the model is not asked again',
  PRIMARY KEY (model, photo_id),
  KEY undescribed_photos_photo (photo_id),
  CONSTRAINT undescribed_photos_photo_is FOREIGN KEY (photo_id) REFERENCES person_images (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE faces
  ADD KEY faces_model (model, image_id);

ALTER TABLE rematches
  ADD COLUMN describe_by VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '' COMMENT 'the model that the faces and the photos with these ids are described by first; empty: they are';

-- +goose Down
ALTER TABLE rematches
  DROP COLUMN describe_by;
ALTER TABLE faces
  DROP KEY faces_model;
DROP TABLE undescribed_photos;
DROP TABLE face_descriptors;
DROP TABLE models;
