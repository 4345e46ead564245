-- Work that is done later: what is asked, who asked it, and how far it has come. A worker holds a request by its lease; the number of
-- the attempt is the fence: only the holder of the current attempt writes.
CREATE TABLE inference_requests (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    mode TEXT NOT NULL,
    role TEXT NOT NULL,
    model TEXT,
    session_id TEXT,
    principal TEXT NOT NULL,
    principal_kind TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    client_type TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    metadata TEXT,
    payload TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL,
    dead BOOLEAN NOT NULL,
    cancel_by TEXT,
    owner TEXT,
    next_attempt_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    result TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX inference_requests_due ON inference_requests (next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX inference_requests_leased ON inference_requests (lease_until, id) WHERE state = 'running';
CREATE INDEX inference_requests_listed ON inference_requests (tenant, state, created_at, id);

CREATE TABLE inference_request_events (
    tenant TEXT NOT NULL,
    request TEXT NOT NULL,
    seq BIGINT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, request, seq)
);
