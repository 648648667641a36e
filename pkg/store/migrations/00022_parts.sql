-- +goose Up
ALTER TABLE faces
  ADD COLUMN drawn TINYINT NOT NULL DEFAULT 0 COMMENT 'by hand: it stays where a look does not find it';
UPDATE faces f
JOIN changes c ON c.face_id = f.id AND c.action = 'face'
SET f.drawn = 1;

ALTER TABLE images
  ADD COLUMN shown_name VARCHAR(255) NULL COMMENT 'by which it is looked for: of an upload file_name, else the end of path; filled by migrating where a program of the version before wrote the row',
  ADD KEY images_shown_name (shown_name);

ALTER TABLE person_images
  ADD COLUMN warning VARCHAR(1000) NULL COMMENT 'of one that is used: what could not be seen because the file is damaged, or who else is in it';

CREATE TABLE parts (
  name       VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY COMMENT 'of the part that is told about',
  state      VARCHAR(16) CHARACTER SET ascii NOT NULL,
  detail     VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  next_at    DATETIME(6) NULL COMMENT 'when it is tried again',
  since      DATETIME(6) NOT NULL COMMENT 'when it got this state',
  told_at    DATETIME(6) NOT NULL COMMENT 'when a program told so last'
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE parts;
ALTER TABLE person_images
  DROP COLUMN warning;
ALTER TABLE images
  DROP KEY images_shown_name,
  DROP COLUMN shown_name;
ALTER TABLE faces
  DROP COLUMN drawn;
