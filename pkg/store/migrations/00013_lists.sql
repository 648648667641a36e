-- +goose Up
ALTER TABLE images
  ADD KEY images_created (created_at),
  ADD KEY images_file_name (file_name),
  ADD KEY images_status_updated (status, updated_at),
  ADD KEY images_answered (answered, status);

ALTER TABLE faces
  ADD KEY faces_by_hand (decided_by, person_id, image_id);

ALTER TABLE person
  ADD COLUMN pictures BIGINT NOT NULL DEFAULT 0 COMMENT 'in which the person is, with all who were merged into them; as counted at the last ping',
  ADD KEY person_pictures (name, pictures),
  ADD KEY person_hidden (hidden);

ALTER TABLE person_images
  ADD KEY person_images_state (removed_at, state);

CREATE TABLE counts (
  name       VARCHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY COMMENT 'what is counted, as images/pending',
  number     BIGINT NOT NULL,
  counted_at DATETIME(6) NOT NULL
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE counts;
ALTER TABLE person_images
  DROP KEY person_images_state;
ALTER TABLE person
  DROP KEY person_pictures,
  DROP KEY person_hidden,
  DROP COLUMN pictures;
ALTER TABLE faces
  DROP KEY faces_by_hand;
ALTER TABLE images
  DROP KEY images_created,
  DROP KEY images_file_name,
  DROP KEY images_status_updated,
  DROP KEY images_answered;
