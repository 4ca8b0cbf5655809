-- What staff and administrators look for, and what an account's own page says.

ALTER TABLE users ADD COLUMN last_sign_in_ms INTEGER;
ALTER TABLE users ADD COLUMN password_given INTEGER NOT NULL DEFAULT 0; -- 1: somebody else chose it

CREATE INDEX audit_by_object ON audit (object, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX attempts_ended ON attempts (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX sessions_by_user ON sessions (user, created_ms);
CREATE INDEX subjects_by_code ON subjects (code COLLATE NOCASE);

UPDATE users SET last_sign_in_ms = (SELECT max(at_ms) FROM audit WHERE action = 'sign_in' AND object = users.id);
