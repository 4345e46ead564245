CREATE TABLE tool_adapters (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    version TEXT,
    revision BIGINT NOT NULL,
    events BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE tool_manifests (
    tenant TEXT NOT NULL,
    adapter TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    document TEXT NOT NULL,
    key_id TEXT,
    signature TEXT,
    state TEXT NOT NULL,
    approval TEXT,
    registered_by TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    activated_at BIGINT,
    PRIMARY KEY (tenant, adapter, version)
);
CREATE TABLE tool_publishers (
    tenant TEXT NOT NULL,
    key_id TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    pinned_by TEXT NOT NULL,
    pinned_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, key_id)
);
CREATE TABLE tool_secrets (
    tenant TEXT NOT NULL,
    adapter TEXT NOT NULL,
    name TEXT NOT NULL,
    box BYTEA NOT NULL,
    version BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, adapter, name)
);
CREATE TABLE tool_calls (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    call_key TEXT NOT NULL,
    adapter TEXT NOT NULL,
    action TEXT NOT NULL,
    version TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    arguments TEXT NOT NULL,
    principal TEXT NOT NULL,
    session TEXT,
    run TEXT,
    state TEXT NOT NULL,
    repeatable BOOLEAN NOT NULL,
    approval TEXT,
    code TEXT,
    text TEXT NOT NULL,
    structured TEXT,
    taints TEXT NOT NULL,
    reservation TEXT,
    cost_nanos BIGINT,
    currency TEXT NOT NULL,
    took_micros BIGINT,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    events BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, call_key)
);
CREATE INDEX tool_calls_of_adapter ON tool_calls (tenant, adapter, id);
CREATE INDEX tool_calls_open ON tool_calls (lease_until) WHERE state = 'open';
CREATE INDEX tool_calls_age ON tool_calls (created_at);
CREATE INDEX tool_calls_approval ON tool_calls (tenant, approval) WHERE approval IS NOT NULL;
