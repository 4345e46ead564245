-- Registered clients. soma-console and soma-cli are part of the program and have no row. On the wire a client is TENANT.ID.
CREATE TABLE oauth_clients (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    confidential BOOLEAN NOT NULL,
    grants TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    logout_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    principal TEXT,
    secret_hash BYTEA,
    public_keys TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- What waits for a person's consent. The form carries a ticket; only its SHA-256 is here, bound to the browser session.
CREATE TABLE oauth_requests (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT,
    nonce TEXT,
    challenge TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant, hash)
);
-- What a person allowed a client: the family of all tokens that come of it.
CREATE TABLE oauth_grants (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    principal TEXT NOT NULL,
    scopes TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    amr TEXT NOT NULL,
    mfa_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE oauth_codes (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    family TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    nonce TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant, hash)
);
CREATE UNIQUE INDEX oauth_codes_by_hash ON oauth_codes (hash);
CREATE TABLE oauth_refresh_tokens (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    family TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant, hash)
);
CREATE UNIQUE INDEX oauth_refresh_tokens_by_hash ON oauth_refresh_tokens (hash);
CREATE TABLE oauth_access_tokens (
    tenant TEXT NOT NULL,
    jti TEXT NOT NULL,
    family TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, jti)
);
CREATE INDEX oauth_access_tokens_by_family ON oauth_access_tokens (tenant, family);
-- Nobody has signed in when a device asks, so these rows belong to the installation ('*') until a person takes one for a tenant.
CREATE TABLE oauth_device_codes (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    user_code_hash BYTEA NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL,
    holder_tenant TEXT,
    family TEXT,
    ticket_hash BYTEA,
    ticket_session TEXT,
    pause_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, hash)
);
CREATE UNIQUE INDEX oauth_device_codes_by_user_code ON oauth_device_codes (tenant, user_code_hash);
-- Ids of client assertions that were used (RFC 7523: each once).
CREATE TABLE oauth_assertions (
    tenant TEXT NOT NULL,
    client TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, client, jti)
);
