-- +goose Up
ALTER TABLE gallery
  ADD COLUMN named_state BIGINT NOT NULL DEFAULT 0 COMMENT 'the last state that can move whose a face is among people with a name',
  ADD COLUMN strangers   BIGINT NOT NULL DEFAULT 0 COMMENT 'people without a name: as counted at the last ping, and those begun since';
UPDATE gallery SET named_state = state;

ALTER TABLE images
  ADD COLUMN match_stranger DOUBLE NULL COMMENT 'as match_threshold, for people without a name; NULL: faces were compared with none';

ALTER TABLE person_images
  ADD COLUMN stranger BIGINT NULL COMMENT 'the person without a name whose photo the machine made of a face; NULL once a hand said otherwise';

-- +goose Down
ALTER TABLE person_images
  DROP COLUMN stranger;
ALTER TABLE images
  DROP COLUMN match_stranger;
ALTER TABLE gallery
  DROP COLUMN named_state,
  DROP COLUMN strangers;
