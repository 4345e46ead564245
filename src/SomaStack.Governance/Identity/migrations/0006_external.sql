-- Who signs in here as whom, by the issuer's own name for him.
CREATE TABLE external_identities (
    tenant TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    principal TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, issuer, subject)
);
-- Sign-ins under way. State, nonce and verifier derive from a secret in the browser's cookie; only the hash of the state is here.
CREATE TABLE external_signins (
    tenant TEXT NOT NULL,
    hash BYTEA NOT NULL,
    return_to TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant, hash)
);
