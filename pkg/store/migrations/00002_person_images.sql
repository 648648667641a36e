-- +goose Up
CREATE TABLE person_images (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  image_name VARCHAR(255) NOT NULL COMMENT 'the photo in the gallery',
  person_id  BIGINT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY person_images_name (image_name),
  KEY person_images_person (person_id),
  CONSTRAINT person_images_of FOREIGN KEY (person_id) REFERENCES person (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE person_images;
