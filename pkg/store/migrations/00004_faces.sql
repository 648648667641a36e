-- +goose Up
CREATE TABLE faces (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  image_id   BIGINT NOT NULL,
  box_x      DOUBLE NULL COMMENT 'fractions of the picture; NULL: not told',
  box_y      DOUBLE NULL,
  box_width  DOUBLE NULL,
  box_height DOUBLE NULL,
  person_id  BIGINT NULL,
  image_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '' COMMENT 'the gallery photo that matched',
  similarity DOUBLE NULL COMMENT 'cosine to the nearest gallery photo',
  score      DOUBLE NULL COMMENT 'of the detector',
  embedding  BLOB NULL COMMENT 'float32, little endian',
  model      VARCHAR(100) NOT NULL DEFAULT '' COMMENT 'what made the embedding',
  KEY faces_image (image_id),
  KEY faces_person (person_id, image_id),
  CONSTRAINT faces_image_is FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE,
  CONSTRAINT faces_person_is FOREIGN KEY (person_id) REFERENCES person (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- +goose Down
DROP TABLE faces;
