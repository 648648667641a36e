-- +goose Up
ALTER TABLE changes
  ADD COLUMN hinted_at    DATETIME(6) NULL COMMENT 'when a message was published that it is to be announced',
  ADD COLUMN announced_at DATETIME(6) NULL COMMENT 'when its event was accepted; at once where nobody waits for events',
  ADD KEY changes_announced (announced_at, id);
-- What was done before nobody is told of any more.
UPDATE changes SET announced_at = UTC_TIMESTAMP(6);

-- +goose Down
ALTER TABLE changes
  DROP KEY changes_announced,
  DROP COLUMN announced_at,
  DROP COLUMN hinted_at;
