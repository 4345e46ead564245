-- Adapters and actions that a persona may use, a JSON list; null for none.
ALTER TABLE personas ADD COLUMN tools TEXT;
-- The turn that a turn follows; null for a first one. Turns with the same parent are siblings.
ALTER TABLE turns ADD COLUMN parent TEXT;
UPDATE turns SET parent = (SELECT p.id FROM turns p WHERE p.tenant = turns.tenant AND p.session = turns.session AND p.number = turns.number - 1) WHERE tenant <> '';
-- What going on with a turn that called tools needs, kept until it ends.
ALTER TABLE turns ADD COLUMN checkpoint TEXT;
-- The turn whose tool call asked for the session; null when nobody delegated.
ALTER TABLE sessions ADD COLUMN asked_by TEXT;
CREATE TABLE turn_rounds (
    tenant TEXT NOT NULL,
    turn TEXT NOT NULL,
    round BIGINT NOT NULL,
    said TEXT NOT NULL,
    thoughts TEXT,
    receipt TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, turn, round)
);
CREATE TABLE turn_tool_calls (
    tenant TEXT NOT NULL,
    turn TEXT NOT NULL,
    round BIGINT NOT NULL,
    number BIGINT NOT NULL,
    session TEXT NOT NULL,
    wire_id TEXT NOT NULL,
    wire_name TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    state TEXT NOT NULL,
    approval_id TEXT,
    approval TEXT,
    decided TEXT,
    result TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant, turn, round, number)
);
CREATE INDEX turn_tool_calls_session ON turn_tool_calls (tenant, session);
CREATE INDEX turn_tool_calls_awaiting ON turn_tool_calls (tenant, approval_id) WHERE state = 'awaiting';
CREATE INDEX turns_paused ON turns (lease_until) WHERE status = 'awaiting_tools' AND approved;
