CREATE TABLE training_locks (
    tenant TEXT NOT NULL PRIMARY KEY,
    principal TEXT NOT NULL,
    reason TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
