-- +goose Up
CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY,
    platform    TEXT NOT NULL,
    key         TEXT NOT NULL,
    room        TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    user_name   TEXT NOT NULL,
    text        TEXT NOT NULL,
    languages   TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state       TEXT NOT NULL,
    operation   TEXT NOT NULL,
    message     TEXT NOT NULL,
    card        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    UNIQUE (platform, key)
);
CREATE INDEX deliveries_of_room ON deliveries (platform, room, received_at);
CREATE INDEX deliveries_by_state ON deliveries (state);

CREATE TABLE operations (
    id          TEXT PRIMARY KEY,
    delivery    TEXT NOT NULL REFERENCES deliveries (id),
    verb        TEXT NOT NULL,
    app         TEXT NOT NULL,
    request     TEXT NOT NULL,
    asker       TEXT NOT NULL,
    state       TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    plan        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    epoch       BIGINT NOT NULL
);
CREATE INDEX operations_by_time ON operations (created_at);

CREATE TABLE steps (
    operation TEXT NOT NULL REFERENCES operations (id),
    name      TEXT NOT NULL,
    state     TEXT NOT NULL,
    detail    TEXT NOT NULL,
    began_at  BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL,
    PRIMARY KEY (operation, name)
);

CREATE TABLE audit (
    seq       BIGINT PRIMARY KEY,
    at        BIGINT NOT NULL,
    actor     TEXT NOT NULL,
    operation TEXT NOT NULL,
    event     TEXT NOT NULL,
    code      TEXT NOT NULL,
    detail    TEXT NOT NULL,
    prev      TEXT NOT NULL,
    hash      TEXT NOT NULL
);

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
