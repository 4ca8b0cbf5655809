-- The first schema. Append-only: later changes are new files; PRAGMA user_version counts them.
-- Times are Unix milliseconds (…_ms) or seconds (…_s); ids are core/ids.h; secrets are stored as SHA-256 only.

CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	id TEXT PRIMARY KEY,
	email TEXT NOT NULL COLLATE NOCASE UNIQUE,
	role TEXT NOT NULL CHECK (role IN ('submitter', 'staff', 'admin')),
	password_hash TEXT,                      -- Argon2id string; NULL: cannot sign in with a password
	email_confirmed_ms INTEGER,
	disabled_ms INTEGER,
	jobs_made INTEGER NOT NULL DEFAULT 0,    -- the ordinal of the latest job
	created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
	id TEXT PRIMARY KEY,
	user TEXT NOT NULL REFERENCES users (id),
	name TEXT NOT NULL,
	sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER,
	revoked_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
	sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
	user TEXT NOT NULL REFERENCES users (id),
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE subjects (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL REFERENCES users (id),
	code TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (owner, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL REFERENCES users (id),
	ordinal INTEGER NOT NULL,
	subject TEXT REFERENCES subjects (id),
	state TEXT NOT NULL,
	phase TEXT NOT NULL DEFAULT '',
	version INTEGER NOT NULL DEFAULT 1,      -- grows with every change that a reader could see
	priority INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,                 -- not before this time for the worker
	attempt INTEGER NOT NULL DEFAULT 0,
	failures INTEGER NOT NULL DEFAULT 0,
	cancel_requested INTEGER NOT NULL DEFAULT 0,
	lease TEXT,                              -- boot id and fence of who works on it
	error_kind TEXT NOT NULL DEFAULT '',
	error_text TEXT NOT NULL DEFAULT '',
	result_attempt INTEGER NOT NULL DEFAULT 0,
	score REAL,
	score_demonstration INTEGER NOT NULL DEFAULT 0,
	erased_ms INTEGER,
	-- the patient facts; all NULL once erased
	age_months INTEGER,
	sex TEXT,
	ethnicity TEXT,
	height_cm REAL,
	weight_kg REAL,
	email TEXT,
	role TEXT,
	email_score INTEGER,
	hint_front_x REAL, hint_front_y REAL, hint_side_x REAL, hint_side_y REAL,
	notes TEXT,
	UNIQUE (owner, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_owner ON jobs (owner, id);
CREATE INDEX jobs_by_state ON jobs (state, priority, id);
CREATE INDEX jobs_by_subject ON jobs (subject, id) WHERE subject IS NOT NULL;

CREATE TABLE videos (
	job TEXT NOT NULL REFERENCES jobs (id),
	view TEXT NOT NULL CHECK (view IN ('front', 'side')),
	container TEXT NOT NULL,                 -- mp4, mkv, avi: recognised by content
	bytes INTEGER NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	spool_name TEXT,                         -- NULL once the blob store has it
	blob_key TEXT,                           -- NULL until the blob store has it
	PRIMARY KEY (job, view)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
	id TEXT PRIMARY KEY,
	job TEXT NOT NULL REFERENCES jobs (id),
	n INTEGER NOT NULL,
	nonce BLOB NOT NULL CHECK (length(nonce) = 16),
	token_sha256 BLOB NOT NULL CHECK (length(token_sha256) = 32),
	cluster_id TEXT NOT NULL DEFAULT '',
	run_id TEXT,
	created_ms INTEGER NOT NULL,
	submitted_ms INTEGER,
	checked_in_ms INTEGER,
	heartbeat_ms INTEGER,
	ended_ms INTEGER,                        -- its token is dead from here on
	forgotten_ms INTEGER,                    -- what it left on the cluster is removed
	outcome TEXT NOT NULL DEFAULT '',        -- complete, error, cancelled, lost
	step TEXT NOT NULL DEFAULT '',
	percent INTEGER NOT NULL DEFAULT 0,
	strikes INTEGER NOT NULL DEFAULT 0,      -- consecutive status calls that did not find it
	error_kind TEXT NOT NULL DEFAULT '',
	error_text TEXT NOT NULL DEFAULT '',
	log TEXT NOT NULL DEFAULT '',            -- the last lines, for the operator
	result_sha256 BLOB,
	score REAL,
	UNIQUE (job, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_open ON attempts (id) WHERE forgotten_ms IS NULL;

CREATE TABLE outputs (
	job TEXT NOT NULL REFERENCES jobs (id),
	attempt INTEGER NOT NULL,
	name TEXT NOT NULL,
	blob_key TEXT NOT NULL,
	bytes INTEGER NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	PRIMARY KEY (job, attempt, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	job TEXT NOT NULL REFERENCES jobs (id),
	at_ms INTEGER NOT NULL,
	kind TEXT NOT NULL,                      -- state, progress, note
	state TEXT NOT NULL,
	phase TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	step TEXT NOT NULL DEFAULT '',
	percent INTEGER NOT NULL DEFAULT 0,
	text TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (job, seq);

CREATE TABLE outbox (
	id TEXT PRIMARY KEY,
	job TEXT NOT NULL REFERENCES jobs (id),
	attempt INTEGER NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('received', 'result', 'failure')),
	message_id TEXT NOT NULL UNIQUE,
	recipient TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'bounced', 'dropped')),
	created_ms INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	sent_ms INTEGER,
	last_error TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due_ms) WHERE state = 'pending';

CREATE TABLE idempotency (
	user TEXT NOT NULL REFERENCES users (id),
	key TEXT NOT NULL,
	request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
	job TEXT NOT NULL REFERENCES jobs (id),
	created_ms INTEGER NOT NULL,
	PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_ms);

CREATE TABLE consents (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	job TEXT NOT NULL REFERENCES jobs (id),
	user TEXT NOT NULL REFERENCES users (id),
	version TEXT NOT NULL,
	authority TEXT NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER consents_keep_update BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END;
CREATE TRIGGER consents_keep_delete BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END;

CREATE TABLE audit (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	at_ms INTEGER NOT NULL,
	actor TEXT NOT NULL,                     -- user:ID, os:NAME, attempt:ID, gaitd
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER events_keep_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
