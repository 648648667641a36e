-- +goose Up
CREATE TABLE changes (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  made_at   DATETIME(6) NOT NULL,
  made_by   VARCHAR(100) NOT NULL DEFAULT '' COMMENT 'the name of the API key; empty where there are none',
  action    VARCHAR(16) CHARACTER SET ascii NOT NULL,
  person_id BIGINT NULL,
  image_id  BIGINT NULL,
  face_id   BIGINT NULL,
  undoes    BIGINT NULL COMMENT 'the change that this one took back',
  UNIQUE KEY changes_undoes (undoes),
  KEY changes_image (image_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T![auto_id_cache] AUTO_ID_CACHE=1 */;
-- TiDB, which reads the comment, gives ids in the order of time only so: what came later is
-- told by the id.

CREATE TABLE change_values (
  change_id BIGINT NOT NULL,
  subject   VARCHAR(64) CHARACTER SET ascii NOT NULL COMMENT 'what was set, as person/7/name',
  before_it TEXT NULL COMMENT 'as JSON',
  after_it  TEXT NULL COMMENT 'as JSON',
  PRIMARY KEY (change_id, subject),
  KEY change_values_subject (subject, change_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE change_people (
  person_id BIGINT NOT NULL,
  change_id BIGINT NOT NULL COMMENT 'a change that touches the person',
  PRIMARY KEY (person_id, change_id),
  KEY change_people_change (change_id)
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE change_people;
DROP TABLE change_values;
DROP TABLE changes;
