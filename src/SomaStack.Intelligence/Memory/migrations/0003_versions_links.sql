-- What a row was before each change is kept; the row itself says which change made it what it is.
ALTER TABLE memories ADD COLUMN change TEXT NOT NULL DEFAULT 'remembered';
ALTER TABLE memories ADD COLUMN changed_by TEXT;
ALTER TABLE memories ADD COLUMN changed_at BIGINT;
-- SimHash of the terms, only on the first of those that say the same; four bands of 16 bits find what differs in up to 3 bits.
ALTER TABLE memories ADD COLUMN simhash BIGINT;
CREATE INDEX memories_by_band0 ON memories (tenant, namespace, (simhash & 65535)) WHERE simhash IS NOT NULL;
CREATE INDEX memories_by_band1 ON memories (tenant, namespace, ((simhash >> 16) & 65535)) WHERE simhash IS NOT NULL;
CREATE INDEX memories_by_band2 ON memories (tenant, namespace, ((simhash >> 32) & 65535)) WHERE simhash IS NOT NULL;
CREATE INDEX memories_by_band3 ON memories (tenant, namespace, ((simhash >> 48) & 65535)) WHERE simhash IS NOT NULL;
CREATE INDEX memories_first ON memories (tenant, namespace, content_hash, recorded_at) WHERE duplicate_of IS NULL AND deleted_at IS NULL;
-- One open memory for a key, whatever the writers do.
DROP INDEX memories_by_key;
CREATE UNIQUE INDEX memories_open_key ON memories (tenant, namespace, universe, key) WHERE key IS NOT NULL AND superseded_by IS NULL;
CREATE INDEX memories_of_key ON memories (tenant, namespace, universe, key, (COALESCE(valid_from, event_time))) WHERE key IS NOT NULL;
-- Writers of one key, or of one kind of link without circles, take turns on its row. The slot is a digest.
CREATE TABLE memory_keys (
    tenant TEXT NOT NULL,
    slot TEXT NOT NULL,
    PRIMARY KEY (tenant, slot)
);
CREATE TABLE memory_versions (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    change TEXT NOT NULL,
    text TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT,
    importance DOUBLE PRECISION NOT NULL,
    trust DOUBLE PRECISION NOT NULL,
    valid_from BIGINT,
    valid_to BIGINT,
    superseded_by TEXT,
    expires_at BIGINT,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id, version)
);
CREATE TABLE memory_links (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    universe TEXT NOT NULL,
    from_id TEXT NOT NULL,
    to_id TEXT NOT NULL,
    type TEXT NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    valid_from BIGINT,
    valid_to BIGINT,
    recorded_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX memory_links_out ON memory_links (tenant, from_id, id);
CREATE INDEX memory_links_in ON memory_links (tenant, to_id, id);
