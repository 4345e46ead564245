-- Runs that Temporal hosts. owner is 'temporal' and wake_at NULL for all their life, so no replica takes them; epoch counts the steps written, and 0 says that no workflow has
-- opened the run yet.
DROP INDEX runs_owned;
CREATE INDEX runs_owned ON runs (owner) WHERE owner <> '' AND host = 'journal';
CREATE INDEX runs_untold ON runs (updated_at) WHERE host = 'temporal' AND ended_at IS NULL AND (epoch = 0 OR inbox > taken);

-- What Temporal's own store must not hold: it keeps the digest, this the payload. Deleted with its run.
CREATE TABLE run_claims (
    tenant TEXT NOT NULL,
    run TEXT NOT NULL,
    digest BYTEA NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (tenant, run, digest)
);
