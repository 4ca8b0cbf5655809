-- Hand-overs: another device brings the videos of an account's next job. Its code is used once, for a session that may do nothing else.

CREATE TABLE handovers (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL REFERENCES users (id),
	code_sha256 BLOB NOT NULL UNIQUE CHECK (length(code_sha256) = 32),
	session_sha256 BLOB UNIQUE CHECK (length(session_sha256) = 32), -- NULL until the code is used
	created_ms INTEGER NOT NULL,
	claimed_ms INTEGER,
	expires_ms INTEGER NOT NULL,                            -- of the code; once it is used, of the session
	ended_ms INTEGER,
	done INTEGER NOT NULL DEFAULT 0,                        -- ended by the device that said so
	CHECK ((claimed_ms IS NULL) = (session_sha256 IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX handovers_by_owner ON handovers (owner);
CREATE INDEX handovers_by_expiry ON handovers (expires_ms);

ALTER TABLE uploads ADD COLUMN handover TEXT REFERENCES handovers (id) ON DELETE SET NULL; -- that it came by
CREATE INDEX uploads_by_handover ON uploads (handover) WHERE handover IS NOT NULL;
