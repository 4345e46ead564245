-- Few calls are open at a time: one tree of rows and no index, since each is written and removed once a call.
CREATE TABLE inference_open_calls_next (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    trace_id TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
INSERT INTO inference_open_calls_next SELECT tenant, id, provider, model, opened_at, lease_until, trace_id FROM inference_open_calls;
DROP TABLE inference_open_calls;
ALTER TABLE inference_open_calls_next RENAME TO inference_open_calls;
