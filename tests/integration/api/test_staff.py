"""What the pages for staff, administrators and one's own account ask for: search, attempts, queue, throughput, health, passwords."""

import datetime
import socket
import unittest
from http.cookies import SimpleCookie

from apitest import NOBODYS, PASSWORD, ApiTest, cookie_of, main, sign_in
from gaitd import Gaitd, wait_until


class Rights(ApiTest):
    engines = "parked"

    def test_staff_only(self):
        job = self.d.new_job(self.ann)
        admin = self.d.person("admin@example.org", "admin")
        for path in ("queue", "throughput", "health", f"jobs/{job}/attempts"):
            with self.subTest(path):
                self.refused(self.d.get(f"/api/v1/{path}"), 401)
                self.refused(self.d.get(f"/api/v1/{path}", self.ann), 403, "staff")
                for token in (self.staff, admin):
                    self.assertEqual(self.d.get(f"/api/v1/{path}", token).status, 200)
        self.refused(self.d.get(f"/api/v1/jobs/{NOBODYS}/attempts", self.staff), 404)
        for path in ("sessions", "jobs/search?q=1"):
            self.refused(self.d.get(f"/api/v1/{path}"), 401)


class Search(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = cls.d.person("bob.long-name@clinic.example")
        cls.mine = [cls.d.new_job(cls.ann, subject=code) for code in ("P-17", "P-18", "Q.1")]
        cls.his = [cls.d.new_job(cls.bob, subject="p-17"), cls.d.new_job(cls.bob)]
        cls.d.attempt(cls.mine[0])  # the one that runs

    def found(self, query, token=None):
        answer = self.d.get(f"/api/v1/jobs/search?{query}", token or self.staff)
        self.assertEqual(answer.status, 200, answer)
        return [j["id"] for j in answer.json["jobs"]]

    def test_by_what_people_know(self):
        for query, jobs in (("q=2", [self.his[1], self.mine[1]]), ("q=%232", [self.his[1], self.mine[1]]), ("q=3", [self.mine[2]]),
                            ("q=p-1", [self.his[0], self.mine[1], self.mine[0]]), ("q=P-18", [self.mine[1]]), ("q=q.", [self.mine[2]]),
                            ("q=LONG-name", self.his[::-1]), ("q=clinic.example", self.his[::-1]), ("q=ann@", self.mine[::-1]),
                            (f"q={self.mine[1]}", [self.mine[1]]), (f"q={self.mine[1][:24]}", None), ("q=nobody", []), ("q=99", []),
                            ("q=%25", []), ("q=_", []), ("q='", []), ("q=17", [])):
            with self.subTest(query):
                if jobs is None:
                    self.assertIn(self.mine[1], self.found(query))
                else:
                    self.assertEqual(self.found(query), jobs)

    def test_with_the_filters_and_pages_of_the_list(self):
        self.assertEqual(self.found("q=p-17&status=processing"), [self.mine[0]])
        self.assertEqual(self.found("q=p-17&status=queued"), [self.his[0]])
        self.assertEqual(self.found("q=p-17&status=open"), [self.his[0], self.mine[0]])
        self.assertEqual(self.found("q=p-17&status=complete"), [])
        bob = self.d.rows("SELECT id FROM users WHERE email LIKE 'bob%'")[0]["id"]
        self.assertEqual(self.found(f"q=p-17&owner={bob}"), [self.his[0]])
        self.assertEqual(self.found("q=p-17&mine"), [])
        first = self.d.get("/api/v1/jobs/search?q=p-1&limit=2", self.staff).json
        self.assertEqual([j["id"] for j in first["jobs"]], [self.his[0], self.mine[1]])
        self.assertEqual(self.found(f"q=p-1&limit=2&before={first['next']}"), [self.mine[0]])
        for query in ("", "q=", "q=" + "x" * 255, "q=1&limit=0", "q=1&status=over", "q=1&before=x", "q=1&owner=x"):
            self.refused(self.d.get(f"/api/v1/jobs/search?{query}", self.staff), 422)

    def test_submitters_find_their_own(self):
        self.assertEqual(self.found("q=p-17", self.ann), [self.mine[0]])
        self.assertEqual(self.found("q=clinic", self.ann), [])
        self.assertEqual(self.found(f"q={self.his[0]}", self.ann), [])
        self.assertEqual(self.found("q=2", self.ann), [self.mine[1]])

    def test_owner_and_open_in_the_list(self):
        who = {r["email"]: r["id"] for r in self.d.rows("SELECT id, email FROM users")}
        bob, ann = who["bob.long-name@clinic.example"], who["ann@example.org"]
        jobs = self.d.get(f"/api/v1/jobs?owner={bob}", self.staff).json["jobs"]
        self.assertEqual([j["id"] for j in jobs], self.his[::-1])
        self.assertEqual({(j["owner"], j["owner_email"]) for j in jobs}, {(bob, "bob.long-name@clinic.example")})
        self.assertNotIn("owner_email", self.d.get("/api/v1/jobs", self.ann).text)
        self.refused(self.d.get(f"/api/v1/jobs?owner={bob}", self.ann), 403, "staff")
        self.assertEqual(len(self.d.get(f"/api/v1/jobs?owner={ann}", self.ann).json["jobs"]), 3)
        self.refused(self.d.get("/api/v1/jobs?owner=x", self.staff), 422)
        self.assertEqual(len(self.d.get("/api/v1/jobs?status=open", self.staff).json["jobs"]), 5)
        self.assertEqual(self.d.get(f"/api/v1/jobs/{self.his[0]}", self.staff).json["owner_email"], "bob.long-name@clinic.example")


class Attempts(ApiTest):
    engines = "parked"

    def attempts(self, job):
        return self.d.get(f"/api/v1/jobs/{job}/attempts", self.staff).json["attempts"]

    def test_of_one_that_failed_and_one_that_runs(self):
        job = self.d.new_job(self.ann)
        self.d.attempt(job)
        a = wait_until(lambda: next((a for a in self.attempts(job) if a["submitted"]), None), "the hand-over")
        self.assertEqual((a["n"], a["id"], a["outcome"], a["log"], a["checked_in"]), (1, f"{job}-1", None, None, None))
        self.assertTrue(a["cluster_id"] and a["engine"])
        self.assertGreater(a["walltime_s"], 0)
        attempt = self.d.attempt(job)
        attempt.checkin()
        attempt.heartbeat("pose_side", 55)
        a, = self.attempts(job)
        self.assertEqual((a["step"], a["percent"]), ("pose_side", 55))
        self.assertTrue(a["checked_in"] and a["heartbeat"])
        attempt.fail("no_person", "Nobody was seen.", log="line 1\nline 2\n")
        self.d.wait_job(job, "inference_error")
        a, = self.attempts(job)
        self.assertEqual((a["outcome"], a["error_kind"], a["error"]), ("error", "no_person", "Nobody was seen."))
        self.assertIn("line 1\nline 2", a["log"])
        self.d.request("POST", f"/api/v1/jobs/{job}/rerun", self.ann)
        self.d.attempt(job, 2)
        self.assertEqual([a["n"] for a in self.attempts(job)], [2, 1])


class Queue(ApiTest):
    engines = "parked"
    settings = {"cluster.max_in_flight": "2"}

    def test_order_running_and_throughput(self):
        d = self.d
        bob = d.person("bob@example.org")
        mine = [d.new_job(self.ann) for _ in range(4)]
        attempts = [d.attempt(j) for j in mine[:2]]
        his = [d.new_job(bob) for _ in range(2)]
        urgent = d.new_job(self.staff, priority="5")

        def queue():
            return d.get("/api/v1/queue", self.staff).json
        q = wait_until(lambda: queue() if queue()["waiting_total"] == 5 and queue()["running_total"] == 2 else None, "the queue")
        # The urgent one, then turns: bob has none that runs; when he has, ann's have ended.
        self.assertEqual([w["id"] for w in q["waiting"]], [urgent, his[0], mine[2], his[1], mine[3]])
        self.assertEqual([w["position"] for w in q["waiting"]], list(range(5)))
        self.assertEqual([w["owner_email"] for w in q["waiting"]][:2], ["staff@example.org", "bob@example.org"])
        self.assertEqual({w["estimated_wait_s"] for w in q["waiting"]}, {None})
        self.assertEqual([r["id"] for r in q["running"]], mine[:2])
        self.assertEqual((q["max_in_flight"], q["attempt_s"]), (2, None))
        # The places are those that each submitter is told.
        for w in q["waiting"]:
            self.assertEqual(d.get(f"/api/v1/jobs/{w['id']}", self.staff).json["queue"]["position"], w["position"])
        attempts[0].checkin()
        attempts[0].heartbeat("analyze", 70)
        row = next(r for r in queue()["running"] if r["id"] == mine[0])
        self.assertEqual((row["phase"], row["step"], row["percent"]), ("running", "analyze", 70))
        self.assertTrue(row["cluster_id"] and row["since"] and row["heartbeat"])
        attempts[0].complete()
        attempts[1].checkin()
        attempts[1].fail("no_person", "Nobody.")
        d.wait_job(mine[0], "complete"), d.wait_job(mine[1], "inference_error")
        for token, job in ((self.staff, urgent), (bob, his[0])):
            attempt = d.attempt(job)
            attempt.checkin()
            attempt.fail("engine_failed", "It broke.")  # to be made again
        wait_until(lambda: d.rows("SELECT count(*) AS n FROM attempts WHERE outcome = 'error'")[0]["n"] == 3, "three failures")
        hours = d.get("/api/v1/throughput?hours=3", self.staff).json
        self.assertEqual(len(hours["hours"]), 3)
        total = {k: sum(h[k] for h in hours["hours"]) for k in ("complete", "failed", "retried")}
        self.assertEqual(total, {"complete": 1, "failed": 1, "retried": 2})
        since = datetime.datetime.fromisoformat(hours["since"].replace("Z", "+00:00"))
        self.assertEqual((since.minute, since.second), (0, 0))
        self.assertEqual(len(d.get("/api/v1/throughput", self.staff).json["hours"]), 24)
        for wrong in ("0", "169", "x", "", "-1"):
            self.refused(d.get(f"/api/v1/throughput?hours={wrong}", self.staff), 422)

    def test_what_is_old_does_not_count(self):
        with Gaitd("parked") as d:
            staff, ann = d.person("staff@example.org", "staff"), d.person()
            attempt = d.attempt(d.new_job(ann))
            attempt.checkin(), attempt.complete()
            d.write("UPDATE attempts SET ended_ms = ended_ms - 2 * 3600000")
            hours = d.get("/api/v1/throughput?hours=3", staff).json["hours"]
            self.assertEqual([h["complete"] for h in hours], [1, 0, 0])
            self.assertEqual([h["complete"] for h in d.get("/api/v1/throughput?hours=2", staff).json["hours"]], [0, 0])


class Health(unittest.TestCase):
    def test_with_a_listener_of_the_operators(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with Gaitd("parked", {"http.admin_listen": f"127.0.0.1:{port}", "cluster.max_in_flight": "1"}) as d:
            staff, ann = d.person("staff@example.org", "staff"), d.person()
            self.assertEqual(d.get("/readyz", staff).status, 404)
            own, d.port = d.port, port
            ready = d.get("/readyz").json
            d.port = own
            d.attempt(d.new_job(ann))
            d.new_job(ann)
            health = d.get("/api/v1/health", staff).json
            counts = health.pop("counts")
            self.assertEqual({n: {k: p[k] for k in ("ok", "needed")} for n, p in health["parts"].items()},
                             {n: {k: p[k] for k in ("ok", "needed")} for n, p in ready["parts"].items()})
            self.assertEqual((health["status"], health["ready"]), ("ok", True))
            self.assertEqual((counts["jobs"]["queued"], counts["jobs"]["processing"], counts["jobs"]["complete"]), (1, 1, 0))
            self.assertGreater(counts["spool"]["free_bytes"], 0)

    def test_since_when_and_not_ready(self):
        with Gaitd("parked") as d:
            staff = d.person("staff@example.org", "staff")

            def parts():
                return d.get("/api/v1/health", staff).json["parts"]
            first = wait_until(lambda: parts() if parts()["mail"]["ok"] else None, "all parts")
            maildir = d.data / "mail"
            maildir.rename(d.data / "mail.gone")
            maildir.write_text("a file where the maildir should be")
            broken = wait_until(lambda: parts() if not parts()["mail"]["ok"] else None, "the failure")
            self.assertGreater(broken["mail"]["since"], first["mail"]["since"])
            self.assertEqual(broken["database"]["since"], first["database"]["since"])
            self.assertEqual(parts()["mail"]["since"], broken["mail"]["since"])
            d.stop()
            maildir.unlink()
            (d.data / "mail.gone").rename(maildir)
            d.settings["upload.min_free_bytes"] = "100TB"
            d.start()
            answer = d.get("/api/v1/health", staff)
            self.assertEqual((answer.status, answer.json["ready"], answer.json["status"]), (200, False, "not_ready"))
            self.assertIn("upload.min_free_bytes", answer.json["parts"]["spool"]["detail"])


class OwnAccount(ApiTest):
    engines = "parked"
    settings = {"auth.failures_per_account": "3"}

    def setUp(self):
        self.email = f"{self.id().rsplit('.', 1)[1].replace('_', '-')}@example.org"
        self.user = self.d.add_user(self.email, password=PASSWORD)

    def change(self, cookie, present=PASSWORD, password="quite another password", headers=None):
        return self.d.request("POST", "/api/v1/session/password", headers={**cookie, **(headers or {})},
                              json_body={"present": present, "password": password})

    def me(self, cookie):
        return self.d.request("GET", "/api/v1/session", headers=cookie)

    def test_ends_the_other_sessions_and_renews_the_own(self):
        here, there = (cookie_of(sign_in(self.d, self.email)) for _ in range(2))
        token = self.d.add_token(self.email)
        self.assertTrue(self.me(here).json["password_given"])
        answer = self.change(here)
        self.assertEqual(answer.status, 204, answer)
        morsel = SimpleCookie(answer.headers["Set-Cookie"])["gaitd_session"]
        self.assertEqual((morsel["httponly"], morsel["samesite"]), (True, "Strict"))
        for old in (here, there):
            self.refused(self.me(old), 401)
        self.assertFalse(self.me(cookie_of(answer)).json["password_given"])
        self.assertEqual(self.d.get("/api/v1/jobs", token).status, 200)
        self.refused(sign_in(self.d, self.email), 401)
        self.assertEqual(sign_in(self.d, self.email, "quite another password").status, 200)
        audit, = self.d.rows("SELECT * FROM audit WHERE action = 'user_password' AND object = ?", self.user)
        self.assertEqual((audit["actor"], audit["detail"]), (f"user:{self.user}", "own"))
        data = b"".join(p.read_bytes() for p in self.d.data.glob("gaitd.sqlite*"))
        self.assertNotIn(b"quite another password", data)

    def test_refusals_change_nothing(self):
        cookie = cookie_of(sign_in(self.d, self.email))
        self.refused(self.change(cookie, password="short"), 422, "12")
        self.refused(self.change(cookie, password=PASSWORD), 422, "another")
        for body in ({}, {"present": PASSWORD}, {"password": "quite another password"}, {"present": 1, "password": "quite another password"}):
            self.refused(self.d.request("POST", "/api/v1/session/password", headers=cookie, json_body=body), 422)
        self.refused(self.change(cookie, headers={"Origin": "https://evil.example"}), 403, "another site")
        self.refused(self.change(cookie, "not the password"), 403, "present password")
        self.refused(self.change({}), 401)
        self.assertEqual(self.me(cookie).status, 200)
        self.assertEqual(sign_in(self.d, self.email).status, 200)

    def test_wrong_ones_count_as_failed_sign_ins(self):
        cookie = cookie_of(sign_in(self.d, self.email))
        for _ in range(3):
            self.refused(self.change(cookie, "not the password"), 403)
        answer = self.refused(self.change(cookie), 429)
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 900)
        self.refused(sign_in(self.d, self.email), 429)
        self.assertEqual(self.me(cookie).status, 200)

    def test_without_a_password(self):
        self.refused(self.d.request("POST", "/api/v1/session/password", self.ann,
                                    json_body={"present": "", "password": "quite another password"}), 409, "no password")

    def test_an_administrators_password_is_a_given_one(self):
        admin = self.d.person(f"admin-{self.email}", "admin")
        cookie = cookie_of(self.change(cookie_of(sign_in(self.d, self.email))))
        self.assertFalse(self.me(cookie).json["password_given"])
        self.d.request("PATCH", f"/api/v1/users/{self.user}", admin, json_body={"password": PASSWORD})
        self.assertTrue(self.me(cookie_of(sign_in(self.d, self.email))).json["password_given"])

    def test_sessions_and_the_end_of_all(self):
        here, there = (cookie_of(sign_in(self.d, self.email)) for _ in range(2))
        listed = self.d.request("GET", "/api/v1/sessions", headers=here).json["sessions"]
        self.assertEqual([s["present"] for s in listed].count(True), 1)
        self.assertEqual(len(listed), 2)
        self.assertEqual(self.d.get("/api/v1/sessions", self.d.add_token(self.email)).json["sessions"][0]["present"], False)
        other = cookie_of(sign_in(self.d, self.email))
        self.d.write("UPDATE sessions SET expires_ms = 1 WHERE created_ms = (SELECT max(created_ms) FROM sessions)")
        self.refused(self.me(other), 401)
        self.assertEqual(len(self.d.request("GET", "/api/v1/sessions", headers=here).json["sessions"]), 2)
        answer = self.d.request("DELETE", "/api/v1/sessions", headers=here)
        self.assertEqual(SimpleCookie(answer.headers["Set-Cookie"])["gaitd_session"]["max-age"], "0")
        for cookie in (here, there):
            self.refused(self.me(cookie), 401)
        self.assertEqual(self.d.rows("SELECT count(*) AS n FROM audit WHERE action = 'sign_out_all' AND object = ?", self.user)[0]["n"], 1)


class AdminLists(ApiTest):
    engines = "parked"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.d.person("admin@example.org", "admin", PASSWORD)
        cls.users = [cls.d.add_user(f"walker{i}@lab.example") for i in range(5)]

    def get(self, path):
        answer = self.d.get(f"/api/v1/{path}", self.admin)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_users_by_page_and_part_of_the_address(self):
        first = self.get("users?q=LAB.example&limit=3")
        self.assertEqual([u["id"] for u in first["users"]], self.users[:1:-1])
        second = self.get(f"users?q=lab.example&limit=3&before={first['next']}")
        self.assertEqual(([u["id"] for u in second["users"]], second["next"]), (self.users[1::-1], None))
        self.assertEqual(self.get("users?q=%25")["users"], [])
        for query in ("limit=0", "limit=501", "limit=x", "before=x"):
            self.refused(self.d.get(f"/api/v1/users?{query}", self.admin), 422)

    def test_the_last_sign_in(self):
        user = self.get("users?q=walker0")["users"][0]
        self.assertEqual((user["last_sign_in"], user["password_given"]), (None, False))
        before = self.get("users?q=admin@")["users"][0]["last_sign_in"]
        self.assertIsNone(before)
        sign_in(self.d, "admin@example.org")
        self.assertIsNotNone(self.get("users?q=admin@")["users"][0]["last_sign_in"])

    def test_tokens_tell_whose_they_are(self):
        self.d.add_token("walker1@lab.example", "t1")
        self.assertEqual([(t["name"], t["email"]) for t in self.get(f"tokens?user={self.users[1]}")["tokens"]],
                         [("t1", "walker1@lab.example")])

    def test_audit_by_whom_and_what(self):
        user = self.users[2]
        for role in ("staff", "submitter"):
            self.d.request("PATCH", f"/api/v1/users/{user}", self.admin, json_body={"role": role})
        about = self.get("audit?q=WALKER2@lab.example")["audit"]
        self.assertEqual([e["action"] for e in about], ["user_role", "user_role", "user_add"])
        self.assertEqual((about[0]["actor_email"], about[0]["object_email"], about[0]["detail"]),
                         ("admin@example.org", "walker2@lab.example", "submitter"))
        self.assertIsNone(about[2]["actor_email"])  # gaitctl's
        self.assertEqual(self.get(f"audit?q={user}&action=user_add")["audit"], about[2:])
        self.assertEqual([e["action"] for e in self.get("audit?q=admin@example.org&action=user_role")["audit"]], ["user_role"] * 2)
        self.assertTrue(all(e["action"] == "token_add" for e in self.get("audit?action=token_add")["audit"]))
        self.d.add_token("walker2@lab.example", "t2")
        self.assertEqual(self.get("audit?action=token_add&limit=1")["audit"][0]["detail_email"], "walker2@lab.example")
        by_os = self.get(f"audit?q={about[2]['actor']}&limit=2")
        self.assertEqual({e["actor"] for e in by_os["audit"]}, {about[2]["actor"]})
        later = self.get(f"audit?q={about[2]['actor']}&before={by_os['next']}")["audit"]
        self.assertLess(later[0]["seq"], by_os["audit"][-1]["seq"])
        self.assertEqual(self.get("audit?q=nobody@example.org")["audit"], [])
        page = self.get("audit?limit=1")
        self.assertEqual(page["next"], page["audit"][0]["seq"])
        self.refused(self.d.get("/api/v1/audit?limit=0", self.admin), 422)


if __name__ == "__main__":
    main()
