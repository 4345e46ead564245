-- A capsule with values of a tenant's own, to be run by name.
CREATE TABLE run_templates (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    capsule TEXT NOT NULL,
    capsule_version TEXT NOT NULL,
    defaults TEXT NOT NULL,
    author TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- next_at: when it is due; NULL while it is paused, and when it never is again.
CREATE TABLE schedules (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    overlap TEXT NOT NULL,
    starter TEXT NOT NULL,
    paused TEXT,
    missed BIGINT NOT NULL,
    next_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

-- One row for each time that it was due: written with the step to the next time, and begun from here, so that none is lost or begun twice.
CREATE TABLE schedule_fires (
    tenant TEXT NOT NULL,
    schedule TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    run TEXT,
    approval TEXT,
    code TEXT,
    detail TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, schedule, due_at)
);
CREATE INDEX schedule_fires_open ON schedule_fires (state, due_at) WHERE state IN ('due', 'approved');
CREATE INDEX schedule_fires_awaiting ON schedule_fires (tenant, approval) WHERE approval IS NOT NULL;
