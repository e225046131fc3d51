-- +goose Up
-- How far a platform was read: stored together with the deliveries that were read up to there.
CREATE TABLE cursors (
    platform TEXT PRIMARY KEY,
    value    TEXT NOT NULL
);
-- What keeps a platform from vouching for a line; empty where nothing does.
ALTER TABLE deliveries ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
