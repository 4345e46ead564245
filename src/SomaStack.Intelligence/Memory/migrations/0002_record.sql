-- Facts change and history stays: a later memory of the same key closes the earlier one instead of overwriting it.
ALTER TABLE memories ADD COLUMN key TEXT;
ALTER TABLE memories ADD COLUMN universe TEXT NOT NULL DEFAULT 'real';
ALTER TABLE memories ADD COLUMN valid_from BIGINT;
ALTER TABLE memories ADD COLUMN valid_to BIGINT;
ALTER TABLE memories ADD COLUMN superseded_by TEXT;
ALTER TABLE memories ADD COLUMN superseded_from BIGINT;
ALTER TABLE memories ADD COLUMN superseded_at BIGINT;
ALTER TABLE memories ADD COLUMN expires_at BIGINT;
ALTER TABLE memories ADD COLUMN duplicate_of TEXT;
ALTER TABLE memories ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX memories_by_key ON memories (tenant, namespace, universe, key) WHERE key IS NOT NULL AND superseded_by IS NULL;
CREATE INDEX memories_by_expiry ON memories (tenant, expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX memories_by_hash ON memories (tenant, namespace, content_hash);
