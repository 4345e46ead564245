-- Whose turn it is: of tenants with equally many requests under way, the one that was served longest ago goes first.
CREATE TABLE inference_request_turns (
    tenant TEXT NOT NULL PRIMARY KEY,
    served_at BIGINT NOT NULL
);
-- The waiting ones tenant by tenant, so that neither finding the tenants nor taking the first of one reads the others' backlog.
DROP INDEX inference_requests_due;
CREATE INDEX inference_requests_waiting ON inference_requests (tenant, next_attempt_at, id) WHERE state = 'queued';
-- What is old enough to be deleted.
CREATE INDEX inference_requests_ended ON inference_requests (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX inference_daily_by_day ON inference_daily (day);
