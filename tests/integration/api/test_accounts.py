"""Accounts: sign-in, sessions, tokens, rights, subjects, consent."""

import threading
import unittest
from http.cookies import SimpleCookie

from apitest import NOBODYS, PASSWORD, ApiTest, cookie_of, main, sign_in
from gaitd import Gaitd, wait_until


class Session(ApiTest):
    engines = "parked"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pat = cls.d.add_user("pat@example.org", password=PASSWORD)
        cls.admin = cls.d.person("admin@example.org", "admin")

    def test_sign_in_and_out(self):
        answer = sign_in(self.d)
        self.assertEqual(answer.json, {"id": self.pat, "email": "pat@example.org", "role": "submitter", "password_given": True})
        morsel = SimpleCookie(answer.headers["Set-Cookie"])["gaitd_session"]
        self.assertEqual((morsel["httponly"], morsel["samesite"], morsel["path"], morsel["secure"], morsel["max-age"], morsel["domain"]),
                         (True, "Strict", "/", "", "43200", ""))
        self.assertGreaterEqual(len(morsel.value), 43)
        cookie = cookie_of(answer)
        self.assertEqual(self.d.request("GET", "/api/v1/session", headers=cookie).json, answer.json)
        self.assertEqual(self.d.request("GET", "/api/v1/jobs", headers=cookie).status, 200)
        self.assertEqual(self.d.upload("", headers=cookie).status, 202)
        out = self.d.request("DELETE", "/api/v1/session", headers=cookie)
        self.assertEqual(SimpleCookie(out.headers["Set-Cookie"])["gaitd_session"]["max-age"], "0")
        self.refused(self.d.request("GET", "/api/v1/session", headers=cookie), 401)
        self.assertEqual(self.d.request("DELETE", "/api/v1/session", headers=cookie).status, 204)

    def test_stored_as_a_hash_only(self):
        value = cookie_of(sign_in(self.d))["Cookie"].split("=")[1]
        data = b"".join(p.read_bytes() for p in self.d.data.glob("gaitd.sqlite*"))
        for secret in (value, self.ann, PASSWORD):
            self.assertFalse(secret.encode() in data, "a secret lies in the database")
        self.assertNotIn(value, self.d.stderr())

    def test_wrong_ones_cannot_be_told_apart(self):
        answers = [sign_in(self.d, "pat@example.org", "wrong password 1"), sign_in(self.d, "nobody@example.org"),
                   sign_in(self.d, "ann@example.org"), sign_in(self.d, "", ""), sign_in(self.d, "pat@example.org", "")]
        texts = {self.refused(a, 401).json["detail"] for a in answers}
        self.assertEqual(len(texts), 1)
        for a in answers:
            self.assertNotIn("Set-Cookie", a.headers)

    def test_address_in_other_letters(self):
        self.assertEqual(sign_in(self.d, "PAT@Example.ORG").status, 200)

    def test_values_of_other_types(self):
        for body in ({"email": "pat@example.org"}, {"password": PASSWORD}, {"email": 1, "password": PASSWORD},
                     {"email": ["pat@example.org"], "password": PASSWORD}, {"email": "pat@example.org", "password": None}):
            self.refused(self.d.request("POST", "/api/v1/session", json_body=body), 422)
        for password in ("x" * 2000, "\0", "a\0b", "\ud800"):
            self.assertIn(sign_in(self.d, "nul@example.org", password).status, (400, 401, 422))

    def test_cookies_that_are_none(self):
        for value in ("", "x", "A" * 43, "gt_" + "A" * 43, self.ann, "%00", '"x"', "a b"):
            self.refused(self.d.request("GET", "/api/v1/session", headers={"Cookie": f"gaitd_session={value}"}), 401)

    def test_a_token_goes_before_a_cookie(self):
        cookie = cookie_of(sign_in(self.d))
        self.assertEqual(self.d.request("GET", "/api/v1/session", self.ann, headers=cookie).json["email"], "ann@example.org")
        self.refused(self.d.request("GET", "/api/v1/session", "gt_" + "A" * 43, headers=cookie), 401)

    def test_from_another_site(self):
        cookie = cookie_of(sign_in(self.d))
        for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            self.refused(sign_in(self.d, headers=header), 403, "another site")
            self.refused(self.d.request("DELETE", "/api/v1/session", headers={**cookie, **header}), 403)
        self.assertEqual(sign_in(self.d, headers={"Origin": self.d.url, "Sec-Fetch-Site": "same-origin"}).status, 200)

    def test_disabled_account(self):
        cookie, token = cookie_of(sign_in(self.d)), self.d.add_token("pat@example.org")
        self.d.ctl("users", "disable", "pat@example.org")
        self.refused(sign_in(self.d), 401)
        self.refused(self.d.request("GET", "/api/v1/session", headers=cookie), 401)
        self.refused(self.d.get("/api/v1/jobs", token), 401)
        self.d.ctl("users", "enable", "pat@example.org")
        self.assertEqual(self.d.get("/api/v1/jobs", token).status, 200)
        self.refused(self.d.request("GET", "/api/v1/session", headers=cookie), 401)
        self.assertEqual(sign_in(self.d).status, 200)

    def test_new_password_ends_sessions(self):
        self.d.add_user("new@example.org", password=PASSWORD)
        cookie = cookie_of(sign_in(self.d, "new@example.org"))
        self.d.ctl("users", "password", "new@example.org", input="another long password\n")
        self.refused(self.d.request("GET", "/api/v1/session", headers=cookie), 401)
        self.refused(sign_in(self.d, "new@example.org"), 401)
        self.assertEqual(sign_in(self.d, "new@example.org", "another long password").status, 200)

    def test_changed_role_counts_at_once(self):
        token = self.d.person("up@example.org")
        self.refused(self.d.get("/readyz", token), 403)
        self.d.ctl("users", "role", "up@example.org", "staff")
        self.assertEqual(self.d.get("/readyz", token).status, 200)


class Cookies(unittest.TestCase):
    def test_secure_behind_https_and_a_session_that_runs_out(self):
        with Gaitd("parked", {"http.public_url": "https://gait.example.org", "session.ttl": "1m"}) as d:
            d.add_user("pat@example.org", password=PASSWORD)
            answer = sign_in(d)
            morsel = SimpleCookie(answer.headers["Set-Cookie"])["gaitd_session"]
            self.assertEqual((morsel["secure"], morsel["max-age"]), (True, "60"))
            self.assertIn("max-age=", answer.headers["Strict-Transport-Security"])
            self.assertEqual(sign_in(d, headers={"Origin": "https://gait.example.org"}).status, 200)
            d.write("UPDATE sessions SET expires_ms = 1")
            self.assertEqual(d.request("GET", "/api/v1/session", headers=cookie_of(answer)).status, 401)
            wait_until(lambda: d.count("sessions") == 0, "the reaper to drop old sessions")


class SignInLimits(unittest.TestCase):
    settings = {"auth.failures_per_account": "3", "auth.failures_per_address": "6"}

    def setUp(self):
        self.d = Gaitd("parked", {**self.settings, "http.trusted_proxies": "127.0.0.1"}).start()
        self.addCleanup(self.d.__exit__, None)
        for name in ("pat", "kim", "lee"):
            self.d.add_user(f"{name}@example.org", password=PASSWORD)

    def statuses(self, n, email="pat@example.org", password="wrong password", address="198.51.100.1"):
        return [sign_in(self.d, email, password, {"X-Forwarded-For": address}).status for _ in range(n)]

    def test_by_account_from_many_addresses(self):
        self.assertEqual([self.statuses(1, address=f"198.51.100.{i}")[0] for i in range(5)], [401, 401, 401, 429, 429])
        answer = sign_in(self.d, "Pat@example.org", PASSWORD, {"X-Forwarded-For": "203.0.113.9"})
        self.assertEqual(answer.status, 429)
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 900, answer.headers["Retry-After"])
        self.assertEqual(self.statuses(1, "kim@example.org", PASSWORD), [200])

    def test_of_an_account_that_is_not_there(self):
        self.assertEqual(self.statuses(4, "nobody@example.org"), [401, 401, 401, 429])

    def test_by_address_over_many_accounts(self):
        got = [self.statuses(1, f"nobody{i}@example.org")[0] for i in range(8)]
        self.assertEqual(got, [401] * 6 + [429] * 2)
        self.assertEqual(self.statuses(1, "pat@example.org", PASSWORD), [429])
        self.assertEqual(self.statuses(1, "pat@example.org", PASSWORD, "203.0.113.7"), [200])

    def test_a_right_password_forgives_the_account(self):
        self.assertEqual(self.statuses(2), [401, 401])
        self.assertEqual(self.statuses(1, password=PASSWORD), [200])
        self.assertEqual(self.statuses(3, address="203.0.113.1"), [401, 401, 401])

    def test_an_own_account_does_not_buy_more_tries_at_others(self):
        got = []
        for i in range(8):
            got += self.statuses(1, f"nobody{i}@example.org")
            self.statuses(1, "kim@example.org", PASSWORD)
        self.assertEqual(got, [401] * 6 + [429] * 2)

    def test_a_storm_does_not_get_past_the_limit(self):
        got, together = [], threading.Barrier(8)

        def one():
            together.wait(30)
            got.extend(self.statuses(1))
        threads = [threading.Thread(target=one) for _ in range(8)]
        [t.start() for t in threads]
        [t.join(60) for t in threads]
        self.assertEqual(sorted(got), [401] * 3 + [429] * 5)


class Admin(ApiTest):
    engines = "parked"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin_id = cls.d.add_user("admin@example.org", "admin")
        cls.admin = cls.d.add_token("admin@example.org")

    def add(self, email, **more):
        return self.d.request("POST", "/api/v1/users", self.admin, json_body={"email": email, "role": "submitter", **more})

    def change(self, user, **body):
        return self.d.request("PATCH", f"/api/v1/users/{user}", self.admin, json_body=body)

    def test_routes_are_closed_to_others(self):
        for method, path, body in (("GET", "users", None), ("POST", "users", {}), ("PATCH", f"users/{NOBODYS}", {}),
                                   ("GET", "tokens", None), ("POST", "tokens", {}), ("DELETE", f"tokens/{NOBODYS}", None),
                                   ("GET", "outbox", None), ("POST", f"outbox/{NOBODYS}/retry", None), ("GET", "audit", None)):
            for token, status in (("", 401), (self.ann, 403), (self.staff, 403)):
                with self.subTest(f"{method} {path} {status}"):
                    self.refused(self.d.request(method, f"/api/v1/{path}", token, json_body=body), status)

    def test_users(self):
        made = self.add("u1@example.org", password=PASSWORD)
        self.assertEqual(made.status, 201)
        self.refused(self.add("U1@example.org"), 409, "already")
        user = {u["email"]: u for u in self.d.get("/api/v1/users", self.admin).json["users"]}["u1@example.org"]
        self.assertEqual({k: user[k] for k in ("id", "role", "disabled", "has_password")},
                         {"id": made.json["id"], "role": "submitter", "disabled": False, "has_password": True})
        self.assertEqual(sign_in(self.d, "u1@example.org").status, 200)
        self.assertEqual(self.change(user["id"], role="staff", disabled=True).status, 204)
        user = {u["email"]: u for u in self.d.get("/api/v1/users", self.admin).json["users"]}["u1@example.org"]
        self.assertEqual((user["role"], user["disabled"]), ("staff", True))
        self.refused(sign_in(self.d, "u1@example.org"), 401)
        self.assertEqual(self.change(user["id"], disabled=False, password="a brand new password").status, 204)
        self.assertEqual(sign_in(self.d, "u1@example.org", "a brand new password").json["role"], "staff")

    def test_values_that_cannot_be_used(self):
        for more in ({"role": "king"}, {"role": 1}, {"role": None}, {"email": "x"}, {"email": ""}, {"email": 5}, {"email": "a@b\r\nBcc: c@d"},
                     {"password": "short"}, {"password": 12345678901234}, {"password": ["correct horse battery"]}, {"password": "x" * 1025}):
            with self.subTest(more):
                self.refused(self.add(**{"email": "bad@example.org", **more}), 422)
        self.assertNotIn("bad@example.org", self.d.get("/api/v1/users", self.admin).text)

    def test_changes_that_cannot_be_made(self):
        user = self.add("u2@example.org", password=PASSWORD).json["id"]
        self.change(user, disabled=True)
        for body in ({}, {"disabled": "no"}, {"disabled": 0}, {"disabled": None}, {"role": 2}, {"role": "king"}, {"password": "short"},
                     {"password": 5}, {"shoe": 1}, {"role": "admin", "password": "short"}, {"role": "admin", "disabled": "x"}):
            with self.subTest(body):
                self.refused(self.change(user, **body), 422)
                row = self.d.rows("SELECT role, disabled_ms FROM users WHERE id = ?", user)[0]
                self.assertEqual((row["role"], row["disabled_ms"] is None), ("submitter", False))
        self.refused(self.change(NOBODYS, role="staff"), 404)
        self.refused(self.change("x", role="staff"), 404)

    def test_nobody_takes_away_their_own_rights(self):
        self.refused(self.change(self.admin_id, role="staff"), 409)
        self.refused(self.change(self.admin_id, disabled=True), 409)
        self.assertEqual(self.change(self.admin_id, password=PASSWORD).status, 204)

    def test_tokens(self):
        user = self.add("u3@example.org").json["id"]
        made = self.d.request("POST", "/api/v1/tokens", self.admin, json_body={"user": user, "name": "script", "days": 30}).json
        self.assertEqual(self.d.get("/api/v1/jobs", made["token"]).status, 200)
        listed = self.d.get(f"/api/v1/tokens?user={user}", self.admin)
        self.assertEqual([t["id"] for t in listed.json["tokens"]], [made["id"]])
        self.assertNotIn(made["token"], listed.text)
        self.assertIsNotNone(listed.json["tokens"][0]["expires"])
        self.assertEqual(self.d.request("DELETE", f"/api/v1/tokens/{made['id']}", self.admin).status, 204)
        self.refused(self.d.get("/api/v1/jobs", made["token"]), 401)
        self.refused(self.d.request("DELETE", f"/api/v1/tokens/{made['id']}", self.admin), 404)

    def test_tokens_that_cannot_be_made(self):
        user, before = self.add("u4@example.org").json["id"], self.d.count("tokens")
        for body in ({"name": ""}, {"name": "n" * 64}, {"name": 7}, {"days": -1}, {"days": 3651}, {"days": "30"}, {"days": 1.5}, {"days": None},
                     {"days": True}, {"name": "bell\x07"}, {"user": 5}):
            with self.subTest(body):
                self.refused(self.d.request("POST", "/api/v1/tokens", self.admin, json_body={"user": user, "name": "t", **body}), 422)
        self.refused(self.d.request("POST", "/api/v1/tokens", self.admin, json_body={"user": NOBODYS, "name": "t"}), 404)
        self.assertEqual(self.d.count("tokens"), before)

    def test_audit_tells_who_did_what(self):
        user = self.add("u5@example.org").json["id"]
        self.change(user, role="staff")
        self.d.ctl("users", "role", "u5@example.org", "submitter")
        entries = [(e["actor"].split(":")[0], e["action"], e["detail"]) for e in self.d.get("/api/v1/audit", self.admin).json["audit"]
                   if e["object"] == user]
        self.assertEqual(entries, [("os", "user_role", "submitter"), ("user", "user_role", "staff"), ("user", "user_add", "submitter")])
        first = self.d.get("/api/v1/audit", self.admin).json["audit"]
        later = self.d.get(f"/api/v1/audit?before={first[0]['seq']}", self.admin).json["audit"]
        self.assertEqual(later[0], first[1])
        for value in ("0", "x", "-1", ""):
            self.refused(self.d.get(f"/api/v1/audit?before={value}", self.admin), 422)

    def test_outbox_filter(self):
        self.refused(self.d.get("/api/v1/outbox?state=lost", self.admin), 422)
        for state in ("pending", "sent", "bounced", "dropped"):
            self.assertEqual(self.d.get(f"/api/v1/outbox?state={state}", self.admin).status, 200)


class Subjects(ApiTest):
    engines = "parked"

    def call(self, method, path="", token=None, **body):
        return self.d.request(method, f"/api/v1/subjects{path}", token or self.ann, json_body=body or None)

    def test_from_the_first_to_the_last(self):
        made = self.call("POST", code="S-1")
        self.assertEqual((made.status, made.json["jobs"]), (201, 0))
        self.assertEqual(self.call("POST", code="S-1").json["id"], made.json["id"])
        path = f"/{made.json['id']}"
        self.assertEqual(self.call("PATCH", path, code="S-2").json, {**made.json, "code": "S-2"})
        self.assertEqual(self.call("GET", path).json["code"], "S-2")
        self.call("POST", code="S-3")
        self.refused(self.call("PATCH", path, code="S-3"), 409, "already")
        job = self.d.new_job(self.ann, subject="S-2")
        self.assertEqual(self.d.get(f"/api/v1/jobs/{job}", self.ann).json["subject"], made.json["id"])
        self.assertEqual(self.call("GET", path).json["jobs"], 1)
        self.refused(self.call("DELETE", path), 409, "jobs belong")
        self.d.request("POST", f"/api/v1/jobs/{job}/cancel", self.ann)
        self.d.wait_job(job, "cancelled")
        self.assertEqual(self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann).status, 204)
        self.assertEqual(self.call("DELETE", path).status, 204)
        self.refused(self.call("GET", path), 404)
        self.refused(self.call("DELETE", path), 404)

    def test_codes(self):
        for code in ("a", "A.b_c-9", "x" * 63):
            self.assertEqual(self.call("POST", code=code).status, 201)
        for code in ("", "x" * 64, "Ann Smith", "a/b", "a\n", "é", 7, None, ["a"]):
            with self.subTest(code):
                self.refused(self.call("POST", code=code), 422)

    def test_of_another_one(self):
        bob = self.d.person("bob@example.org")
        made = self.call("POST", code="mine").json
        for method, body in (("GET", {}), ("PATCH", {"code": "his"}), ("DELETE", {})):
            self.refused(self.call(method, f"/{made['id']}", bob, **body), 404)
        self.assertNotIn("mine", self.call("GET", "", bob).text)
        self.assertIn("mine", self.call("GET", "", self.staff).text)
        self.assertNotEqual(self.call("POST", "", bob, code="mine").json["id"], made["id"])
        self.assertEqual(self.call("PATCH", f"/{made['id']}", self.staff, code="corrected").json["code"], "corrected")


class Consent(ApiTest):
    engines = "parked"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.d.stop()
        text = cls.d.script("consent.txt", "Videos are kept for a year. — “Yes”")
        cls.d.settings.update({"consent.version": "2026-01", "consent.text_file": text})
        cls.d.start()

    def test_text_in_force(self):
        self.assertEqual(self.d.get("/api/v1/consent", self.ann).json,
                         {"version": "2026-01", "text": "Videos are kept for a year. — “Yes”"})

    def test_needed_once_configured(self):
        before = self.d.count("jobs"), self.d.count("consents")
        self.refused(self.d.upload(self.ann), 422, fields=["consent_version", "authority"])
        self.refused(self.d.upload(self.ann, consent_version="2026-01"), 422, fields=["authority"])
        self.refused(self.d.upload(self.ann, authority="self"), 422, fields=["consent_version"])
        wrong = self.refused(self.d.upload(self.ann, consent_version="2025-12", authority="self"), 422, fields=["consent_version"])
        self.assertIn("2026-01", wrong.fields["consent_version"])
        self.refused(self.d.upload(self.ann, consent_version="2026-01", authority="neighbour"), 422, fields=["authority"])
        self.assertEqual((self.d.count("jobs"), self.d.count("consents")), before)

    def test_recorded_for_good(self):
        job = self.d.new_job(self.ann, consent_version="2026-01", authority="guardian")
        row, = self.d.rows("SELECT * FROM consents WHERE job = ?", job)
        self.assertEqual((row["version"], row["authority"], row["user"]), ("2026-01", "guardian", self.d.job_row(job)["owner"]))
        for sql in ("UPDATE consents SET version = 'x'", "DELETE FROM consents", "DELETE FROM audit", "UPDATE audit SET actor = 'x'",
                    "UPDATE events SET text = 'x'"):
            with self.assertRaisesRegex(Exception, "append-only"):
                self.d.write(sql)
        self.d.request("POST", f"/api/v1/jobs/{job}/cancel", self.ann)
        self.d.wait_job(job, "cancelled")
        self.d.request("DELETE", f"/api/v1/jobs/{job}", self.ann)
        self.assertEqual(len(self.d.rows("SELECT * FROM consents WHERE job = ?", job)), 1)


class NoConsent(ApiTest):
    engines = "parked"

    def test_none_is_needed(self):
        self.assertEqual(self.d.get("/api/v1/consent", self.ann).json, {"version": None, "text": None})
        self.assertEqual(self.d.upload(self.ann).status, 202)
        job = self.d.new_job(self.ann, consent_version="own form 7", authority="clinician")
        self.assertEqual(self.d.rows("SELECT version FROM consents WHERE job = ?", job), [{"version": "own form 7"}])
        self.refused(self.d.upload(self.ann, consent_version="own form 7"), 422, fields=["authority"])


if __name__ == "__main__":
    main()
