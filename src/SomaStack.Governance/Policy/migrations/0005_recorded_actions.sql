-- A sample of what the gate was asked, so that a policy can be tried on it before it governs. Arguments hold digests of words, not words.
CREATE TABLE recorded_actions (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    action TEXT NOT NULL,
    verdict TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
