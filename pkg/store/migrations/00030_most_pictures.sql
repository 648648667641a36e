-- +goose Up
-- People in the order of how many pictures they are in are read by this alone.
ALTER TABLE person
  ADD KEY person_most (pictures, id, hidden, spelling);

-- +goose Down
ALTER TABLE person
  DROP KEY person_most;
