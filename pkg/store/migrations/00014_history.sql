-- +goose Up
CREATE TABLE image_events (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  image_id    BIGINT NOT NULL,
  happened_at DATETIME(6) NOT NULL,
  round       BIGINT NOT NULL COMMENT 'of the picture, as images.round',
  what        VARCHAR(16) CHARACTER SET ascii NOT NULL COMMENT 'tried, deferred or result',
  detail      VARCHAR(1000) NOT NULL COMMENT 'why',
  KEY image_events_image (image_id, id),
  CONSTRAINT image_events_image_is FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T![auto_id_cache] AUTO_ID_CACHE=1 */;
-- So that in TiDB, too, the ids are in the order of time.

-- +goose Down
DROP TABLE image_events;
