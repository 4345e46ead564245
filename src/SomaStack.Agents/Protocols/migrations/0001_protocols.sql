CREATE TABLE mcp_waiting_calls (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    digest TEXT NOT NULL,
    call_key TEXT NOT NULL,
    approval TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal, digest)
);
CREATE TABLE a2a_tasks (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT NOT NULL,
    context TEXT NOT NULL,
    message TEXT NOT NULL,
    persona TEXT,
    prompt TEXT NOT NULL,
    state TEXT NOT NULL,
    session TEXT,
    answer TEXT,
    code TEXT,
    detail TEXT,
    approval TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX a2a_tasks_newest ON a2a_tasks (tenant, principal, updated_at, id);
CREATE INDEX a2a_tasks_context ON a2a_tasks (tenant, principal, context);
