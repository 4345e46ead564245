-- What sessions have in mind. A session id belongs to the principal who admitted to it first: the owner is part of the key, so the
-- same id of another principal is another session. What is evicted, cleared or deleted leaves no row.
CREATE TABLE working_sessions (
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    session_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    capacity BIGINT NOT NULL,
    evictions BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    misses BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner, session_id)
);
CREATE TABLE working_memory (
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    session_id TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens BIGINT NOT NULL,
    embedding BYTEA,
    embedding_model TEXT,
    pinned BOOLEAN NOT NULL,
    novelty DOUBLE PRECISION NOT NULL,
    uses BIGINT NOT NULL,
    last_turn BIGINT NOT NULL,
    memory_id TEXT,
    promotion TEXT,
    admitted_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner, session_id, id)
);
CREATE INDEX working_memory_by_memory ON working_memory (tenant, memory_id);
