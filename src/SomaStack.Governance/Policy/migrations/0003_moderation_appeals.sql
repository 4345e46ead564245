-- What a locked principal says to be unlocked. Open until it is decided; one open appeal a principal.
CREATE TABLE moderation_appeals (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT NOT NULL,
    text TEXT NOT NULL,
    filed_at BIGINT NOT NULL,
    decision TEXT,
    reason TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX moderation_appeals_open ON moderation_appeals (tenant, principal) WHERE decided_at IS NULL;
CREATE INDEX moderation_appeals_by_principal ON moderation_appeals (tenant, principal, filed_at);
