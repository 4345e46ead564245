-- A switch has a scope (platform, tenant, persona, capsule, tool) and, below a tenant, a target. Tenant '*' is the platform's.
CREATE TABLE kill_switch_states (
    tenant TEXT NOT NULL,
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    version BIGINT NOT NULL,
    engaged BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, scope, target)
);
INSERT INTO kill_switch_states (tenant, scope, target, version, engaged, reason, changed_by, changed_at)
SELECT tenant, CASE WHEN tenant = '*' THEN 'platform' ELSE 'tenant' END, '', version, engaged, reason, changed_by, changed_at FROM kill_switches;
DROP TABLE kill_switches;
