-- What a model may cost beside plain tokens, in nanos: per million tokens or characters, and per minute of audio. A tier holds for every
-- token of a call whose prompt is longer than above_tokens. alias_of names the model whose figures a dated or floating name has.
ALTER TABLE prices ADD COLUMN cache_write_nanos BIGINT;
ALTER TABLE prices ADD COLUMN cache_write_hour_nanos BIGINT;
ALTER TABLE prices ADD COLUMN audio_minute_nanos BIGINT;
ALTER TABLE prices ADD COLUMN character_nanos BIGINT;
ALTER TABLE prices ADD COLUMN above_tokens BIGINT;
ALTER TABLE prices ADD COLUMN above_input_nanos BIGINT;
ALTER TABLE prices ADD COLUMN above_output_nanos BIGINT;
ALTER TABLE prices ADD COLUMN above_cached_input_nanos BIGINT;
ALTER TABLE prices ADD COLUMN above_cache_write_nanos BIGINT;
ALTER TABLE prices ADD COLUMN above_cache_write_hour_nanos BIGINT;
ALTER TABLE prices ADD COLUMN alias_of TEXT;
-- api_key: the key that was presented, whose holder is the principal. more: JSON of the unit prices and counts that few calls have, null for
-- all others. binds: what the call holds in windows of limits, to be put right at its end. anomaly: why its cost deserves a look.
ALTER TABLE reservations ADD COLUMN api_key TEXT;
ALTER TABLE reservations ADD COLUMN cache_write_tokens BIGINT;
ALTER TABLE reservations ADD COLUMN more TEXT;
ALTER TABLE reservations ADD COLUMN binds TEXT;
ALTER TABLE reservations ADD COLUMN anomaly TEXT;
CREATE INDEX reservations_anomalies ON reservations (tenant, ended_at, id) WHERE anomaly IS NOT NULL;
-- A limit binds the calls that all its named parts fit; a part that is NULL fits every call. amount: nanos of USD, requests or tokens.
CREATE TABLE billing_limits (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    principal TEXT,
    api_key TEXT,
    provider TEXT,
    model TEXT,
    metric TEXT NOT NULL,
    span TEXT NOT NULL,
    amount BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- The row that a reservation must fit into: bound for calls under way, used by those that ended. cap is the amount that last applied.
CREATE TABLE billing_windows (
    tenant TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    bound BIGINT NOT NULL,
    used BIGINT NOT NULL,
    cap BIGINT NOT NULL,
    PRIMARY KEY (tenant, limit_id, starts_at)
);
CREATE INDEX billing_windows_ended ON billing_windows (ends_at);
