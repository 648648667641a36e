-- +goose Up
CREATE TABLE folder_images (
  folder_id BIGINT NOT NULL,
  image_id  BIGINT NOT NULL,
  walk      BIGINT NOT NULL COMMENT 'of the folder: the last that came upon the picture',
  PRIMARY KEY (folder_id, image_id),
  KEY folder_images_image (image_id),
  CONSTRAINT folder_images_folder_is FOREIGN KEY (folder_id) REFERENCES folders (id) ON DELETE CASCADE,
  CONSTRAINT folder_images_image_is FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- +goose Down
DROP TABLE folder_images;
