-- What real clusters need: walltimes that are learned, relayed attempts, requests that can never run; turns that are fair.

ALTER TABLE users ADD COLUMN served INTEGER NOT NULL DEFAULT 0;    -- the number of the latest turn of one of their jobs
ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT '';         -- why it waits, for the user; a change of state clears it
ALTER TABLE videos ADD COLUMN frames INTEGER;                      -- as the file's head says; NULL: unknown
ALTER TABLE attempts ADD COLUMN engine TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN frames INTEGER NOT NULL DEFAULT 0; -- of both videos; 0: unknown
ALTER TABLE attempts ADD COLUMN walltime_s INTEGER NOT NULL DEFAULT 0; -- 0: not chosen yet
ALTER TABLE attempts ADD COLUMN relay INTEGER NOT NULL DEFAULT 0;  -- its files go through gaitd's own session
ALTER TABLE attempts ADD COLUMN relayed_ms INTEGER;                -- work order and videos lie on the cluster
ALTER TABLE attempts ADD COLUMN never_runs_ms INTEGER;             -- since when the scheduler says so

CREATE INDEX attempts_complete ON attempts (ended_ms) WHERE outcome = 'complete';
CREATE INDEX attempts_failed ON attempts (error_kind, ended_ms) WHERE error_kind <> '';
CREATE INDEX jobs_queued ON jobs (id, owner, priority) WHERE state = 'queued';
