-- What a memory states, one row a statement. Rows never change and go with their memory: when a fact ends is derived
-- from the rows that follow it (see docs/decisions/0043-facts.md). subject_key and object_key are what is compared.
CREATE TABLE memory_facts (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    universe TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    predicate TEXT NOT NULL,
    object TEXT NOT NULL,
    object_key TEXT NOT NULL,
    functional BOOLEAN NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    recorded_at BIGINT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    extractor TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX memory_facts_by_chain ON memory_facts (tenant, namespace, universe, subject_key, predicate, valid_from);
CREATE INDEX memory_facts_by_memory ON memory_facts (tenant, memory_id);
CREATE INDEX memory_facts_by_time ON memory_facts (tenant, namespace, universe, valid_from);
-- How far a model has come with a memory; there is no row where none is asked.
CREATE TABLE memory_extractions (
    tenant TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    model TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, memory_id)
);
CREATE INDEX memory_extractions_due ON memory_extractions (status, due_at);
