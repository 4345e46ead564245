-- A run: what of it is looked for. Everything else follows from its history.
-- wake_at: when somebody has to look at it; NULL while it is driven, and while it waits for something from outside. owner: the replica that
-- drives it, '' for none.
-- base: number of the event that the history begins with; a long one is continued as a new one. epoch: grows with every owner; a write that names another one is refused. inbox counts the inputs that were told, taken those that took effect.
CREATE TABLE runs (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    capsule TEXT NOT NULL,
    capsule_version TEXT NOT NULL,
    host TEXT NOT NULL,
    status TEXT NOT NULL,
    principal TEXT NOT NULL,
    starter TEXT NOT NULL,
    parent TEXT,
    parent_path TEXT,
    parent_attempt BIGINT,
    forked_from TEXT,
    about TEXT NOT NULL,
    base BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    lines BIGINT NOT NULL,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    wake_at BIGINT,
    inbox BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    paused TEXT,
    code TEXT,
    detail TEXT,
    steps BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant, id)
);
-- Partial, as all beside the key are: to a planner that has not counted any rows yet, another index that begins with the tenant is as good as the
-- key, and a plan of the first minute would read all of the tenant's runs for one of them.
CREATE INDEX runs_listed ON runs (tenant, created_at, id) WHERE created_at > 0;
CREATE INDEX runs_due ON runs (tenant, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE owner <> '';
CREATE INDEX runs_paused ON runs (tenant, capsule) WHERE paused IS NOT NULL;
CREATE INDEX runs_nested ON runs (tenant, parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;

-- The whole history, contents included; deleted with its run. The journal keeps the digests.
CREATE TABLE run_events (
    tenant TEXT NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, run, seq)
);

-- What came from outside, in the order in which it came. The same id counts once.
CREATE TABLE run_inputs (
    tenant TEXT NOT NULL,
    run TEXT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, run, number),
    UNIQUE (tenant, run, id)
);

-- Which run waits for which approval, and for which of its effects. request: what was asked when the run itself asked, and so spends the yes.
CREATE TABLE run_approvals (
    tenant TEXT NOT NULL,
    approval TEXT NOT NULL,
    run TEXT NOT NULL,
    effect TEXT NOT NULL,
    request TEXT,
    PRIMARY KEY (tenant, approval, run)
);
CREATE INDEX run_approvals_of ON run_approvals (tenant, run, effect);

-- The replicas that drive runs; one that has not been renewed has lost all of its runs.
CREATE TABLE run_replicas (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
