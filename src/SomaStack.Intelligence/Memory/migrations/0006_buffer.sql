-- Writes that wait for the brain. seq is the order of acceptance within a tenant; a done row keeps its id, without a body, so that a repeat is known.
CREATE TABLE memory_buffer (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    order_key TEXT NOT NULL,
    client_id TEXT NOT NULL,
    op TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    principal TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    client_type TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    client_created_at BIGINT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    claimed_by TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    last_error TEXT,
    settled_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX memory_buffer_by_seq ON memory_buffer (tenant, seq);
CREATE INDEX memory_buffer_by_key ON memory_buffer (tenant, order_key, state, seq);
CREATE INDEX memory_buffer_by_state ON memory_buffer (state, created_at);
-- One row a tenant: its lock orders writers, so that limits are exact and seq has no gaps that hide a row.
CREATE TABLE memory_buffer_totals (
    tenant TEXT NOT NULL PRIMARY KEY,
    next_seq BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    dead BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
