-- +goose Up
CREATE TABLE images (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  path         VARBINARY(1024) NOT NULL,
  status       VARCHAR(16) NOT NULL DEFAULT 'pending',
  round        BIGINT NOT NULL DEFAULT 1 COMMENT 'how often it was submitted to be looked at; with id, the id of its events',
  person_id    BIGINT NULL COMMENT 'whose face is surest',
  reason       VARCHAR(1000) NULL COMMENT 'why it failed',
  attempts     INT NOT NULL DEFAULT 0 COMMENT 'calls in this round that may have hurt the face server',
  claim        VARCHAR(36) NULL COMMENT 'who may write the result while processing',
  lease_until  DATETIME(6) NULL COMMENT 'when the claim may be taken over',
  queued_at    DATETIME(6) NULL COMMENT 'when a hint was last put on the queue',
  retry_at     DATETIME(6) NULL COMMENT 'not to be claimed before',
  announced_at DATETIME(6) NULL COMMENT 'when the result event was accepted, or found to have no sink',
  created_at   DATETIME(6) NOT NULL,
  updated_at   DATETIME(6) NOT NULL COMMENT 'when the status changed last',
  UNIQUE KEY images_path (path),
  KEY images_due (announced_at, queued_at),
  KEY images_status (status, id),
  KEY images_person (person_id),
  CONSTRAINT images_person_is FOREIGN KEY (person_id) REFERENCES person (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- +goose Down
DROP TABLE images;
