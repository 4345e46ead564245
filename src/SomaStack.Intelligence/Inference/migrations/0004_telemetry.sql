-- How the calls of a day went, model by model: fed from the journal, each event once. One row for each combination of outcome and times, so that
-- a call costs one statement and any quantile of a time can be read from the counts. Times are buckets of LatencyBuckets; -1000 is unknown.
CREATE TABLE inference_daily (
    tenant TEXT NOT NULL,
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    outcome TEXT NOT NULL,
    duration_bucket BIGINT NOT NULL,
    first_bucket BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, provider, model, purpose, outcome, duration_bucket, first_bucket)
);
