-- step_up, capability and arguments are what the digest covers; decider_key is the API key through which the yes was given.
CREATE TABLE approvals (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    resource TEXT NOT NULL,
    arguments TEXT NOT NULL,
    session TEXT,
    constitution_hash TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    digest TEXT NOT NULL,
    nonce TEXT NOT NULL,
    requester TEXT NOT NULL,
    summary TEXT NOT NULL,
    reasons TEXT NOT NULL,
    step_up BOOLEAN NOT NULL,
    capability TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decider TEXT,
    decider_kind TEXT,
    decider_key TEXT,
    decided_at BIGINT,
    comment TEXT,
    ended_at BIGINT,
    return_code TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX approvals_pending ON approvals (tenant, digest) WHERE state = 'pending';
CREATE INDEX approvals_newest ON approvals (tenant, state, id);
CREATE INDEX approvals_due ON approvals (expires_at) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_by_decider ON approvals (tenant, decider, decided_at);
