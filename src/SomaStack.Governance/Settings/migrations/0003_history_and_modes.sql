-- Every version of a tenant's settings; tenant '*' holds the defaults of the installation.
CREATE TABLE tenant_settings_versions (
    tenant TEXT NOT NULL,
    version BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    residency_regions TEXT NOT NULL,
    requests_per_minute BIGINT,
    daily_budget_nanos BIGINT,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    restored_from BIGINT,
    PRIMARY KEY (tenant, version)
);
-- Who made the current version before there was a history stands in the journal alone.
INSERT INTO tenant_settings_versions (tenant, version, display_name, residency_regions, requests_per_minute, daily_budget_nanos, changed_by, changed_at)
SELECT tenant, version, display_name, residency_regions, requests_per_minute, daily_budget_nanos, '', updated_at FROM tenant_settings;
ALTER TABLE deployments ADD COLUMN expires_at BIGINT;
ALTER TABLE deployments ADD COLUMN fallback TEXT;
ALTER TABLE deployments ADD COLUMN reason TEXT;
ALTER TABLE deployments ADD COLUMN changed_by TEXT;
-- principal '' holds what the tenant wants for everybody who wants nothing else.
CREATE TABLE notification_preferences (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    preferences TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, principal)
);
