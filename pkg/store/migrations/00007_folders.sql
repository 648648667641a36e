-- +goose Up
CREATE TABLE folders (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  path        VARBINARY(1024) NOT NULL COMMENT 'ends in a slash',
  walk        BIGINT NOT NULL DEFAULT 1 COMMENT 'how often it was begun to be walked',
  position    VARBINARY(4096) NOT NULL DEFAULT '' COMMENT 'the name up to which this walk has come',
  found       BIGINT NOT NULL DEFAULT 0 COMMENT 'pictures that this walk has come upon',
  again       TINYINT NOT NULL DEFAULT 0 COMMENT 'it was posted again during this walk, which is followed by another',
  problem     VARCHAR(1000) NULL COMMENT 'why the walk does not go on',
  unreadable  TINYINT NOT NULL DEFAULT 0 COMMENT 'this walk passed over a folder that may not be read',
  claim       VARCHAR(36) NULL COMMENT 'who walks it',
  lease_until DATETIME(6) NULL COMMENT 'when the claim may be taken over',
  worked_at   DATETIME(6) NULL COMMENT 'when it was last claimed',
  finished_at DATETIME(6) NULL COMMENT 'when the walk came to its end',
  created_at  DATETIME(6) NOT NULL,
  UNIQUE KEY folders_path (path),
  KEY folders_due (finished_at, worked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- +goose Down
DROP TABLE folders;
