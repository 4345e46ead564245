-- tx numbers the changes of a namespace: each takes the next number. There is one writer, so the numbers are in the order of the commits
-- and no clock is asked. On PostgreSQL tx is the writing transaction (see 0001 there).
CREATE INDEX memories_by_tx ON memories (tenant, namespace, tx);
CREATE TRIGGER memories_numbered AFTER INSERT ON memories BEGIN UPDATE memories SET tx = (SELECT COALESCE(MAX(tx), 0) + 1 FROM memories WHERE tenant = NEW.tenant AND namespace = NEW.namespace) WHERE rowid = NEW.rowid; END;
CREATE TRIGGER memories_renumbered AFTER UPDATE OF version, embedding, embedding_model, deleted_at ON memories BEGIN UPDATE memories SET tx = (SELECT MAX(tx) + 1 FROM memories WHERE tenant = NEW.tenant AND namespace = NEW.namespace) WHERE rowid = NEW.rowid; END;
-- Which memories wait for a vector (no model), and which have one of another model.
CREATE INDEX memories_by_model ON memories (embedding_model, recorded_at) WHERE deleted_at IS NULL;
