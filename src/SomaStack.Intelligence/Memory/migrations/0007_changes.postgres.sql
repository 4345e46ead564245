-- Which memories wait for a vector (no model), and which have one of another model. Changes are numbered by their transaction since 0001.
CREATE INDEX memories_by_model ON memories (embedding_model, recorded_at) WHERE deleted_at IS NULL;
