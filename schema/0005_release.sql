-- Who sees a result when, and videos that were replaced.

-- One row a result. What it is for the submitter was decided when its attempt completed; see core/release.def.
CREATE TABLE releases (
	job TEXT NOT NULL REFERENCES jobs (id),
	attempt INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('direct', 'waiting', 'released', 'withheld', 'withdrawn')),
	times INTEGER NOT NULL DEFAULT 0,        -- how often it was released
	at_ms INTEGER NOT NULL,                  -- of the latest change
	actor TEXT NOT NULL DEFAULT '',          -- who released it or took it back; as in audit
	comment TEXT NOT NULL DEFAULT '',        -- the clinician's, for the submitter
	reason TEXT NOT NULL DEFAULT '',         -- why it was taken back, for staff
	PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;

-- What lists need of it: the state of the result that stands, and the attempt whose result the submitter sees.
ALTER TABLE jobs ADD COLUMN release TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN shown_attempt INTEGER NOT NULL DEFAULT 0; -- 0: none
ALTER TABLE jobs ADD COLUMN shown_score REAL;
ALTER TABLE jobs ADD COLUMN shown_demonstration INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_release ON jobs (release, id);

-- Everything so far went straight to its submitter.
INSERT INTO releases (job, attempt, state, at_ms)
	SELECT id, result_attempt, 'direct', updated_ms FROM jobs WHERE result_attempt > 0 AND erased_ms IS NULL;
UPDATE jobs SET release = 'direct', shown_attempt = result_attempt, shown_score = score,
	shown_demonstration = score_demonstration WHERE result_attempt > 0 AND erased_ms IS NULL;

-- A mail more: `analysed`, for a result that its submitter does not see (yet). A CHECK cannot be altered.
CREATE TABLE outbox_new (
	id TEXT PRIMARY KEY,
	job TEXT NOT NULL REFERENCES jobs (id),
	attempt INTEGER NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('received', 'result', 'failure', 'analysed')),
	message_id TEXT NOT NULL UNIQUE,
	recipient TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'bounced', 'dropped')),
	created_ms INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	sent_ms INTEGER,
	last_error TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_new SELECT id, job, attempt, kind, message_id, recipient, state, created_ms, due_ms, tries, sent_ms,
	last_error FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_ms) WHERE state = 'pending';

ALTER TABLE videos ADD COLUMN n INTEGER NOT NULL DEFAULT 1;            -- which one of its view it is; part of its key
ALTER TABLE videos ADD COLUMN upload TEXT NOT NULL DEFAULT '';         -- the upload that replaced an earlier one

-- Videos that others took the place of. They stay until a result without them stands.
CREATE TABLE old_videos (
	job TEXT NOT NULL REFERENCES jobs (id),
	view TEXT NOT NULL CHECK (view IN ('front', 'side')),
	n INTEGER NOT NULL,
	attempt INTEGER NOT NULL,                -- the latest one that it was for
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	spool_name TEXT,
	blob_key TEXT,
	PRIMARY KEY (job, view, n)
) STRICT, WITHOUT ROWID;
