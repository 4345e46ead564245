-- A turn that waits for a second person keeps what going on with it needs; approved is set when the yes has come.
ALTER TABLE sessions ADD COLUMN awaits TEXT;
ALTER TABLE turns ADD COLUMN approval TEXT;
ALTER TABLE turns ADD COLUMN approval_id TEXT;
ALTER TABLE turns ADD COLUMN approved BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE turns ADD COLUMN request TEXT;
CREATE INDEX turns_waiting ON turns (tenant, approval_id) WHERE status = 'awaiting_approval';
