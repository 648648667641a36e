-- +goose Up
ALTER TABLE person
  MODIFY name VARCHAR(200) NULL COMMENT 'NULL: a stranger',
  DROP KEY person_name,
  ADD COLUMN spelling      VARCHAR(400) NULL COMMENT 'names of one spelling are one person unless somebody says otherwise',
  ADD COLUMN merged_into   BIGINT NULL COMMENT 'who this person is; resolved when it is read',
  ADD COLUMN hidden        TINYINT NOT NULL DEFAULT 0 COMMENT 'recognised, not listed',
  ADD COLUMN cover         BIGINT NULL COMMENT 'the photo that stands for the person',
  ADD COLUMN removed_at    DATETIME(6) NULL COMMENT 'when enrolling it was undone',
  ADD COLUMN gallery_state BIGINT NOT NULL DEFAULT 0 COMMENT 'of the gallery, made by the last change of this row',
  ADD KEY person_called (name),
  ADD KEY person_spelling (spelling),
  ADD KEY person_merged_into (merged_into),
  ADD KEY person_gallery_state (gallery_state);

-- +goose Down
ALTER TABLE person
  DROP KEY person_called,
  DROP KEY person_spelling,
  DROP KEY person_merged_into,
  DROP KEY person_gallery_state,
  DROP COLUMN spelling,
  DROP COLUMN merged_into,
  DROP COLUMN hidden,
  DROP COLUMN cover,
  DROP COLUMN removed_at,
  DROP COLUMN gallery_state,
  MODIFY name VARCHAR(200) NOT NULL,
  ADD UNIQUE KEY person_name (name);
