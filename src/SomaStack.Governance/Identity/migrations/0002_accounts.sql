-- A person belongs to no tenant, so the tenant is '*'. A principal that names a person is that person's membership in its tenant.
CREATE TABLE people (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    login TEXT NOT NULL,
    password TEXT,
    totp BYTEA,
    totp_pending BYTEA,
    totp_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX people_by_login ON people (tenant, login);
-- SHA-256 of codes with 80 random bits; a used one is deleted.
CREATE TABLE recovery_codes (
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant, person, hash)
);
ALTER TABLE principals ADD COLUMN person TEXT;
ALTER TABLE principals ADD COLUMN mfa BOOLEAN NOT NULL DEFAULT FALSE;
-- capabilities holds what roles and extras come to together; a NULL extra is a row from before there were roles.
ALTER TABLE principals ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE principals ADD COLUMN extra TEXT;
CREATE INDEX principals_by_person ON principals (person);
ALTER TABLE signin_codes ADD COLUMN purpose TEXT NOT NULL DEFAULT 'signin';
-- Times of recent failures under the SHA-256 of a login or an address; sign-in is before any tenant, so the tenant is '*'.
CREATE TABLE signin_attempts (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    times TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
);
-- Raised by whatever ends or narrows a credential; every replica reads the sum once a second.
CREATE TABLE credential_generations (
    tenant TEXT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL
);
CREATE TABLE invitations (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BYTEA NOT NULL,
    principal TEXT NOT NULL,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    extra TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX invitations_by_hash ON invitations (hash);
CREATE TABLE service_secrets (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX service_secrets_by_principal ON service_secrets (tenant, principal);
