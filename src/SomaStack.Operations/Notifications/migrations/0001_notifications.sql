-- One row a tenant: taking the next number locks it until the commit, so that numbers become visible in their order (docs/notifications.md).
CREATE TABLE notification_sequences (
    tenant TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

-- source names the event that it came of (its journal id) or what the caller sent; subject is what it is about, e.g. approval/0199….
CREATE TABLE notifications (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    rank BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT,
    channel TEXT,
    group_key TEXT,
    dedupe_key TEXT,
    dedupe_until BIGINT NOT NULL DEFAULT 0,
    source TEXT NOT NULL,
    subject TEXT,
    untrusted BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    everybody BOOLEAN NOT NULL,
    audience TEXT NOT NULL,
    requires_ack BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    resolved_at BIGINT,
    resolution TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX notifications_by_sequence ON notifications (tenant, sequence);
CREATE INDEX notifications_to_everybody ON notifications (tenant, sequence) WHERE everybody;
CREATE INDEX notifications_by_dedupe ON notifications (tenant, dedupe_key, sequence) WHERE dedupe_key IS NOT NULL;
CREATE INDEX notifications_by_subject ON notifications (tenant, subject) WHERE subject IS NOT NULL;
CREATE INDEX notifications_by_age ON notifications (tenant, created_at);

-- What one person did with one notification. Whoever is addressed by name or capability has a row from the start; of what goes to
-- everybody a row comes with the first thing that somebody does.
CREATE TABLE notification_inbox (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    notification TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    addressed BOOLEAN NOT NULL,
    read_at BIGINT,
    unread_at BIGINT,
    acknowledged_at BIGINT,
    snoozed_until BIGINT,
    PRIMARY KEY (tenant, principal, notification)
);
CREATE INDEX notification_inbox_by_sequence ON notification_inbox (tenant, principal, sequence);
CREATE INDEX notification_inbox_of ON notification_inbox (tenant, notification);

-- Everything up to through counts as read since at; the pair before it is kept for undo.
CREATE TABLE notification_read_marks (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    through BIGINT NOT NULL,
    at BIGINT NOT NULL,
    before_through BIGINT NOT NULL,
    before_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal)
);

-- scope is group, kind or source; a null until is for good.
CREATE TABLE notification_mutes (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    until BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal, scope, value)
);

-- Durable timers: plan (work out deliveries, after_principal by after_principal), escalate, wake (a snooze ends), digest, purge.
CREATE TABLE notification_timers (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    notification TEXT NOT NULL,
    principal TEXT NOT NULL,
    after_principal TEXT NOT NULL,
    step BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    owner TEXT,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX notification_timers_once ON notification_timers (tenant, kind, notification, principal);
CREATE INDEX notification_timers_due ON notification_timers (due_at);

-- The ledger: one delivery a notification (or digest), person, channel and target. principal is '' for the tenant's own endpoints.
CREATE TABLE notification_deliveries (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    notification TEXT NOT NULL,
    digest TEXT NOT NULL,
    principal TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    owner TEXT,
    lease_until BIGINT NOT NULL,
    last_error TEXT,
    ended_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX notification_deliveries_once ON notification_deliveries (tenant, notification, digest, principal, channel, target);
CREATE INDEX notification_deliveries_due ON notification_deliveries (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX notification_deliveries_recent ON notification_deliveries (tenant, principal, channel, created_at);
CREATE INDEX notification_deliveries_by_state ON notification_deliveries (tenant, state, id);

CREATE TABLE notification_attempts (
    tenant TEXT NOT NULL,
    delivery TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    took BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    status BIGINT,
    PRIMARY KEY (tenant, delivery, attempt)
);

-- Secrets are sealed (AES-256-GCM); old_secret signs beside the new one until old_until.
CREATE TABLE notification_webhooks (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    severity_threshold TEXT NOT NULL,
    kinds TEXT NOT NULL,
    secret BYTEA NOT NULL,
    old_secret BYTEA,
    old_until BIGINT,
    disabled_at BIGINT,
    disabled_reason TEXT,
    failing_since BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX notification_webhooks_by_principal ON notification_webhooks (tenant, principal);

-- E-mail addresses and telephone numbers. Only what was verified is a target; a code is kept as its hash.
CREATE TABLE notification_addresses (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    code_hash BYTEA,
    code_until BIGINT,
    code_tries BIGINT NOT NULL,
    verified_at BIGINT,
    refused_at BIGINT,
    refused_reason TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal, channel)
);

-- Set by the one-click link and by the person; scope is * or a kind.
CREATE TABLE notification_unsubscribes (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    channel TEXT NOT NULL,
    scope TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal, channel, scope)
);

-- How a tenant reaches the outside: sms (a Twilio-shaped form post), email (its own relay). Secrets are sealed.
CREATE TABLE notification_connectors (
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    url TEXT NOT NULL,
    account TEXT NOT NULL,
    sender TEXT NOT NULL,
    secret BYTEA,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel)
);

CREATE TABLE notification_templates (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- What waits for somebody's daily digest, and once it was assembled in which one it stands.
CREATE TABLE notification_digest_items (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    notification TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    reason TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    digest TEXT,
    PRIMARY KEY (tenant, principal, notification)
);
CREATE INDEX notification_digest_items_of ON notification_digest_items (tenant, digest) WHERE digest IS NOT NULL;

-- day is the local date of the person's zone, as 2026-11-28.
CREATE TABLE notification_digests (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT NOT NULL,
    day TEXT NOT NULL,
    items BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX notification_digests_once ON notification_digests (tenant, principal, day);

-- Links in messages that lead to a decision: only the SHA-256 of the token, bound to one person, one approval and one answer.
CREATE TABLE notification_links (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    principal TEXT NOT NULL,
    notification TEXT NOT NULL,
    approval TEXT NOT NULL,
    digest TEXT NOT NULL,
    decision TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant, hash)
);
