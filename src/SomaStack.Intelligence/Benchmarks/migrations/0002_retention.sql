-- What is old enough to be deleted.
CREATE INDEX benchmark_runs_ended ON benchmark_runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX benchmark_promotions_decided ON benchmark_promotions (decided_at) WHERE decided_at IS NOT NULL;
