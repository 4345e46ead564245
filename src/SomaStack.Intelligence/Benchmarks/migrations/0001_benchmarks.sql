-- A run asks models what its capsules hold. Its worker holds it by claim until due_at; another takes it up after that and
-- asks only what has no result yet.
CREATE TABLE benchmark_runs (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    cause TEXT NOT NULL,
    principal TEXT NOT NULL,
    principal_kind TEXT NOT NULL,
    models TEXT NOT NULL,
    capsules TEXT NOT NULL,
    repetitions BIGINT NOT NULL,
    questions BIGINT NOT NULL,
    mode TEXT NOT NULL,
    claim TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    error TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX benchmark_runs_due ON benchmark_runs (status, due_at);
-- What became of one question: never two results for one, whoever asked.
CREATE TABLE benchmark_results (
    tenant TEXT NOT NULL,
    run_id TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT,
    task TEXT NOT NULL,
    capsule TEXT NOT NULL,
    item TEXT NOT NULL,
    repetition BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    quality DOUBLE PRECISION,
    refused BOOLEAN NOT NULL,
    latency_ms DOUBLE PRECISION,
    first_token_ms DOUBLE PRECISION,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost_nanos BIGINT,
    currency TEXT,
    call_id TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, run_id, model, capsule, item, repetition)
);
CREATE INDEX benchmark_results_by_time ON benchmark_results (tenant, at);
-- Changes of a primary model that wait for a person.
CREATE TABLE benchmark_promotions (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    task TEXT NOT NULL,
    primary_model TEXT NOT NULL,
    candidate TEXT,
    primary_score DOUBLE PRECISION NOT NULL,
    primary_low DOUBLE PRECISION NOT NULL,
    primary_high DOUBLE PRECISION NOT NULL,
    candidate_score DOUBLE PRECISION,
    candidate_low DOUBLE PRECISION,
    candidate_high DOUBLE PRECISION,
    items BIGINT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX benchmark_promotions_open ON benchmark_promotions (tenant, kind, role, task, primary_model) WHERE status = 'open';
