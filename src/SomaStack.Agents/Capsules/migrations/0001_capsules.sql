CREATE TABLE capsule_submissions (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    capsule TEXT NOT NULL,
    capsule_version TEXT NOT NULL,
    status TEXT NOT NULL,
    summary TEXT NOT NULL,
    type TEXT NOT NULL,
    definition TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    attestation_hash TEXT,
    attestation_key TEXT,
    warnings TEXT NOT NULL,
    author TEXT NOT NULL,
    reviewer TEXT,
    notes TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    reviewed_at BIGINT,
    revoked_at BIGINT,
    revoked_by TEXT,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, capsule, capsule_version)
);
CREATE INDEX capsule_submissions_newest ON capsule_submissions (tenant, created_at, id);
CREATE TABLE capsule_keys (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
