-- The version that was active before this one; null for the first.
ALTER TABLE constitution_versions ADD COLUMN replaces BIGINT;
-- The version whose document was brought back.
ALTER TABLE constitution_versions ADD COLUMN rollback_of BIGINT;
ALTER TABLE constitution_versions ADD COLUMN activated_by TEXT;
ALTER TABLE constitution_versions ADD COLUMN approval TEXT;
-- The signers' rule that bound this version, sealed with the installation's key when it was activated.
ALTER TABLE constitution_versions ADD COLUMN activation TEXT;
UPDATE constitution_versions SET activated_by = loaded_by, replaces =
    (SELECT MAX(o.version) FROM constitution_versions o WHERE o.tenant = constitution_versions.tenant AND o.version < constitution_versions.version);
-- What a tenant adds to the constitution that governs it; the newest version counts, and an empty one adds nothing.
CREATE TABLE constitution_overlays (
    tenant TEXT NOT NULL,
    version BIGINT NOT NULL,
    overlay TEXT NOT NULL,
    hash TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    approval TEXT,
    PRIMARY KEY (tenant, version)
);
