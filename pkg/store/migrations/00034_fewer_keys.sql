-- +goose Up
-- Every key takes its time for every picture that is posted. Nothing is looked for by file_name, which shown_name
-- holds, too; and whether the answer of the round before holds is said of pictures that wait alone, so that the
-- others of a status are in one order of updated_at.
ALTER TABLE images
  DROP KEY images_file_name,
  DROP KEY images_answered,
  DROP KEY images_status_updated,
  ADD KEY images_status_updated (status, answered, updated_at);

-- +goose Down
ALTER TABLE images
  DROP KEY images_status_updated,
  ADD KEY images_file_name (file_name),
  ADD KEY images_status_updated (status, updated_at),
  ADD KEY images_answered (answered, status);
