-- A role whose profile is NULL was reset: its version goes on, so that an older one is never taken for the current.
CREATE TABLE tenant_model_profiles (
    tenant TEXT NOT NULL,
    role TEXT NOT NULL,
    profile TEXT,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, role)
);
