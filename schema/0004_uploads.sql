-- Resumable uploads that no job has taken yet; a row goes when a job takes its file, when it is removed, or when it expires.

CREATE TABLE uploads (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL REFERENCES users (id),
	spool_name TEXT NOT NULL UNIQUE,
	bytes INTEGER NOT NULL CHECK (bytes > 0),               -- declared when it was made, never changed
	offset INTEGER NOT NULL CHECK (offset BETWEEN 0 AND bytes), -- on disk and acknowledged
	metadata TEXT NOT NULL,                                 -- Upload-Metadata as it was sent; may hold a file's name
	view TEXT CHECK (view IN ('front', 'side')),
	container TEXT,                                         -- both NULL until it is whole
	sha256 BLOB CHECK (length(sha256) = 32),
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	CHECK ((offset = bytes) = (sha256 IS NOT NULL) AND (sha256 IS NULL) = (container IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_owner ON uploads (owner);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);
