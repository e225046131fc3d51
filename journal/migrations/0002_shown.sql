-- +goose Up
-- The version of the card that the platform shows: what is newer has to be shown yet.
ALTER TABLE deliveries ADD COLUMN shown BIGINT NOT NULL DEFAULT 0;
