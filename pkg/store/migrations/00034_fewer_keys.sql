-- +goose Up
-- Every key takes its time for every picture that is posted. Nothing searches by file_name: shown_name holds it. And
-- answered is asked for only of pictures that wait, together with their status, so that it needs no key of its own.
-- Two statements: TiDB drops and adds no key of one name in one.
ALTER TABLE images
  DROP KEY images_file_name,
  DROP KEY images_answered,
  DROP KEY images_status_updated;

ALTER TABLE images
  ADD KEY images_status_updated (status, answered, updated_at);

-- +goose Down
ALTER TABLE images
  DROP KEY images_status_updated;

ALTER TABLE images
  ADD KEY images_file_name (file_name),
  ADD KEY images_status_updated (status, updated_at),
  ADD KEY images_answered (answered, status);
