-- Answers that a provider keeps under its own id. All tenants share the operator's key there, so whose each is stands here.
CREATE TABLE inference_kept_responses (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
