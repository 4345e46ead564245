-- Who has had a way into an account in his hands: whoever made a link, an invitation, a key, a secret or a token for it. Only grows, until the host starts the account over.
CREATE TABLE hands (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    giver TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal, giver)
);
-- Who made a key was not kept, so none of the keys that are there decides approvals any more.
UPDATE api_keys SET scopes = REPLACE(REPLACE(REPLACE(scopes, '"approval:decide",', ''), ',"approval:decide"', ''), '"approval:decide"', '') WHERE tenant <> '' AND scopes LIKE '%"approval:decide"%';
-- An invitation for a verified address at the outside issuer.
ALTER TABLE invitations ADD COLUMN email TEXT;
