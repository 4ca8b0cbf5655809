"""Hand-overs: another device brings the videos. What its session may do, and above all what it may not."""

import hashlib
import json

import contract
import tus
from apitest import ApiTest, main
from gaitd import video, wait_until
from tus import metadata

AT = "/api/v1/handovers"
UPLOADS = f"{AT}/uploads"


class Phone:
    """The other device: a cookie of its own, and requests with it."""

    def __init__(self, d, code):
        self.d, self.claimed = d, d.request("POST", f"{AT}/claim", json_body={"code": code})
        cookie = self.claimed.headers["Set-Cookie"]
        self.cookie = {"Cookie": cookie.split(";")[0]} if cookie else {}

    def ask(self, method, path, body=None, **headers):
        return self.d.request(method, path, body=body, headers={**self.cookie, **headers})

    def tus(self, method, path, body=None, **headers):
        return tus.tus(self.d, method, path, None, body, **self.cookie, **headers)

    def create(self, size, **pairs):
        return self.tus("POST", UPLOADS, Upload_Length=size, Upload_Metadata=metadata(**pairs) if pairs else None)

    def patch(self, url, at, body):
        return self.tus("PATCH", url, body, Upload_Offset=at, Content_Type=tus.BYTES)

    def whole(self, data, **pairs):
        url = self.create(len(data), **pairs).headers["Location"]
        answer = self.patch(url, 0, data)
        if answer.status != 204:
            raise AssertionError(answer)
        return url


class HandoverTest(ApiTest):
    engines = "parked"

    def setUp(self):
        self.d.write("UPDATE handovers SET ended_ms = 1 WHERE ended_ms IS NULL")
        self.d.write("UPDATE uploads SET expires_ms = 0")
        wait_until(lambda: self.d.count("uploads") == 0, "the reaper")

    def open(self, token=None):
        answer = self.d.request("POST", AT, token or self.ann)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def state(self, handover, token=None):
        return self.d.get(f"{AT}/{handover['id']}", token or self.ann).json

    def pair(self):
        handover = self.open()
        return handover, Phone(self.d, handover["code"])


class Way(HandoverTest):
    def test_from_code_to_job(self):
        handover, phone = self.pair()
        self.assertEqual(handover["state"], "waiting")
        self.assertRegex(handover["code"], "^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$")
        self.assertEqual(handover["link"], f"{self.d.url}/handover#{handover['code']}")
        self.assertEqual(phone.claimed.status, 200, phone.claimed)
        self.assertEqual(self.state(handover)["state"], "claimed")
        films = {v: video(seed=v, size=9000) for v in ("front", "side")}
        urls = {v: phone.create(9000, view=v, filename=f"IMG {v}.mov").headers["Location"] for v in films}
        self.assertEqual(phone.patch(urls["front"], 0, films["front"][:4000]).status, 204)
        seen = {u["view"]: u for u in self.state(handover)["uploads"]}
        self.assertEqual((seen["front"]["received"], seen["front"]["whole"], seen["side"]["received"]), (4000, False, 0))
        self.assertEqual(seen["front"]["metadata"], metadata(view="front", filename="IMG front.mov"))
        self.assertEqual(phone.tus("HEAD", urls["front"]).headers["Upload-Offset"], "4000")
        phone.patch(urls["front"], 4000, films["front"][4000:]), phone.patch(urls["side"], 0, films["side"])
        self.assertEqual(phone.ask("POST", f"{AT}/done").status, 204)
        now = self.state(handover)
        self.assertEqual((now["state"], [u["whole"] for u in now["uploads"]]), ("done", [True, True]))
        self.refused(phone.ask("GET", f"{AT}/own"), 401)
        ids = {u["view"]: u["id"] for u in now["uploads"]}
        job = tus.make_job(self.d, self.ann, ids["front"], f"/api/v1/uploads/{ids['side']}")
        self.assertEqual(job.status, 202, job)
        rows = {r["view"]: r["sha256"] for r in self.d.rows("SELECT view, sha256 FROM videos WHERE job = ?", job.json["id"])}
        self.assertEqual(rows, {v: hashlib.sha256(f).digest() for v, f in films.items()})
        self.assertEqual(self.state(handover)["uploads"], [])

    def test_bytes_on_their_way_are_seen(self):
        handover, phone = self.pair()
        url = phone.create(9000).headers["Location"]
        with self.d.connect() as c:
            c.head("PATCH", url, self.d.headers(None, {**phone.cookie, "Tus-Resumable": "1.0.0", "Content-Type": tus.BYTES,
                                                       "Upload-Offset": "0", "Content-Length": "9000"}))
            c.send(video(size=9000)[:5000])
            wait_until(lambda: self.state(handover)["uploads"][0]["received"] == 5000, "5000 bytes")
            self.assertEqual(self.d.rows("SELECT offset FROM uploads")[0]["offset"], 0)

    def test_the_audit_knows(self):
        handover, phone = self.pair()
        phone.ask("POST", f"{AT}/done")
        other = self.open()
        self.d.request("DELETE", f"{AT}/{other['id']}", self.ann)
        rows = self.d.rows("SELECT actor, action FROM audit WHERE object IN (?, ?) ORDER BY seq", handover["id"], other["id"])
        me = self.d.rows("SELECT id FROM users WHERE email = 'ann@example.org'")[0]["id"]
        self.assertEqual([(r["actor"], r["action"]) for r in rows],
                         [(f"user:{me}", "handover_open"), (f"handover:{handover['id']}", "handover_claim"),
                          (f"handover:{handover['id']}", "handover_done"), (f"user:{me}", "handover_open"),
                          (f"user:{me}", "handover_end")])

    def test_no_secret_is_kept(self):
        handover, phone = self.pair()
        secrets = [handover["code"], handover["code"].replace("-", ""), phone.cookie["Cookie"].split("=", 1)[1]]
        self.d.write("PRAGMA wal_checkpoint(TRUNCATE)")
        for path in [*self.d.data.glob("gaitd.sqlite*")]:
            for secret in secrets:
                self.assertNotIn(secret.encode(), path.read_bytes(), path)


class Code(HandoverTest):
    def test_as_people_type_it(self):
        for form in (str.lower, lambda c: c.replace("-", ""), lambda c: f" {c.replace('-', '  ')} ",
                     lambda c: c.replace("0", "o").replace("1", "L")):
            code = self.open()["code"]
            self.assertEqual(Phone(self.d, form(code)).claimed.status, 200, form(code))
            self.d.write("UPDATE handovers SET ended_ms = 1 WHERE ended_ms IS NULL")

    def test_used_once(self):
        handover, phone = self.pair()
        self.refused(Phone(self.d, handover["code"]).claimed, 409, "another device")
        self.assertEqual(phone.ask("GET", f"{AT}/own").status, 200)
        phone.ask("POST", f"{AT}/done")
        self.refused(Phone(self.d, handover["code"]).claimed, 409, "another device")

    def test_two_at_once_one_gets_it(self):
        import threading
        code, got = self.open()["code"], []
        threads = [threading.Thread(target=lambda: got.append(Phone(self.d, code).claimed.status)) for _ in range(6)]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual(sorted(got), [200, 409, 409, 409, 409, 409])

    def test_expires_unclaimed_after_ten_minutes(self):
        handover = self.open()
        row = self.d.rows("SELECT expires_ms - created_ms AS ttl FROM handovers WHERE id = ?", handover["id"])[0]
        self.assertEqual(row["ttl"], 600_000)
        self.d.write("UPDATE handovers SET expires_ms = created_ms - 1 WHERE id = ?", handover["id"])
        self.refused(Phone(self.d, handover["code"]).claimed, 410, "expired")
        self.assertEqual(self.state(handover)["state"], "expired")

    def test_cancelled_before_it_is_used(self):
        handover = self.open()
        self.assertEqual(self.d.request("DELETE", f"{AT}/{handover['id']}", self.ann).status, 204)
        self.refused(Phone(self.d, handover["code"]).claimed, 410, "cancelled")

    def test_wrong_ones(self):
        for code in ("", "K7QF", "K7QF-2M9X-W3TU", "K7QF-2M9X-W3TDX", "é" * 12, "0000-0000-0000"):
            self.refused(Phone(self.d, code).claimed, 404)
        self.refused(self.d.request("POST", f"{AT}/claim", json_body={"code": 5}), 422)
        self.refused(self.d.request("POST", f"{AT}/claim", json_body={"code": "x"}, headers={"Origin": "https://evil.example"}), 403)

    def test_four_at_most_are_open(self):
        for _ in range(4):
            last = self.open()
        self.refused(self.d.request("POST", AT, self.ann), 429)
        self.d.request("DELETE", f"{AT}/{last['id']}", self.ann)
        self.open()


class Guesses(HandoverTest):
    def test_are_limited_by_address(self):
        handover = self.open()
        answers = [Phone(self.d, f"0000-0000-{i:04d}").claimed for i in range(60)]
        self.assertIn(429, [a.status for a in answers])
        self.assertGreater(int(answers[-1].headers["Retry-After"]), 0)
        self.refused(Phone(self.d, handover["code"]).claimed, 429)  # the right one, too: nothing is learnt from it


class Rights(HandoverTest):
    def test_nothing_else_of_the_account(self):
        """Every other route says 403 to the device's cookie."""
        _, phone = self.pair()
        mine = {"/api/v1/handovers/own", "/api/v1/handovers/done", "/api/v1/handovers/claim", UPLOADS, UPLOADS + "/{id}"}
        asked = 0
        for method, template in sorted(contract.CONTRACT.routes()):
            operation = contract.CONTRACT.doc["paths"][template][method.lower()]
            if template in mine or operation.get("security", [{}]) == [] or method == "OPTIONS" or "attempt" in json.dumps(operation.get("security", "")) \
                    or "/blobs/" in template or template == "/api/v1/completion":
                continue
            path = template.replace("{id}", "01m80egremq45n0ja0qmwbpy56").replace("{name}", "report.pdf")
            answer = phone.ask(method, path, b"" if method in ("POST", "PATCH", "PUT") else None, **{"Tus-Resumable": "1.0.0"})
            if (method, template) == ("DELETE", "/api/v1/session"):
                continue  # ends no session but one's own
            asked += 1
            with self.subTest(f"{method} {template}"):
                self.assertEqual(answer.status, 403, answer)
        self.assertGreater(asked, 30)

    def test_its_cookie_goes_nowhere_else(self):
        _, phone = self.pair()
        cookie = phone.claimed.headers["Set-Cookie"]
        for part in ("Path=/api/v1/handovers;", "HttpOnly", "SameSite=Strict", "Max-Age=3600"):
            self.assertIn(part, cookie)
        name, value = cookie.split(";")[0].split("=", 1)
        self.refused(self.d.request("GET", "/api/v1/jobs", headers={"Cookie": f"gaitd_session={value}"}), 401)
        self.refused(self.d.get("/api/v1/jobs", value), 401)

    def test_a_session_of_an_account_is_none_of_a_device(self):
        for path in (f"{AT}/own", f"{UPLOADS}/01m80egremq45n0ja0qmwbpy56"):
            answer = self.d.request("GET" if path.endswith("own") else "DELETE", path, self.ann, headers={"Tus-Resumable": "1.0.0"})
            self.assertEqual(answer.status, 401, answer)

    def test_only_its_own_uploads(self):
        """Not the account's others, not those of another hand-over; and no other account sees its own."""
        _, phone = self.pair()
        _, other = self.pair()
        url = phone.whole(video(size=5000))
        account = tus.whole(self.d, self.ann, video(size=5000)).split("/")[-1]
        for foreign in (f"{UPLOADS}/{account}", other.whole(video(size=5000))):
            for method, headers in (("HEAD", {}), ("DELETE", {}), ("PATCH", {"Upload_Offset": 0, "Content_Type": tus.BYTES})):
                self.assertEqual(phone.tus(method, foreign, b"x" if method == "PATCH" else None, **headers).status, 404, foreign)
        ben = self.d.person("ben@example.org")
        self.assertEqual(tus.head(self.d, ben, f"/api/v1/uploads/{url.split('/')[-1]}").status, 404)
        self.assertEqual(tus.head(self.d, self.ann, f"/api/v1/uploads/{url.split('/')[-1]}").status, 200)
        self.assertEqual(phone.tus("DELETE", url).status, 204)

    def test_others_hand_overs_are_none(self):
        handover = self.open()
        for who in (self.staff, self.d.person("cat@example.org")):
            self.refused(self.d.get(f"{AT}/{handover['id']}", who), 404)
            self.refused(self.d.request("DELETE", f"{AT}/{handover['id']}", who), 404)
        self.assertEqual(self.state(handover)["state"], "waiting")

    def test_an_hour_at_most(self):
        handover, phone = self.pair()
        row = self.d.rows("SELECT expires_ms - claimed_ms AS ttl FROM handovers WHERE id = ?", handover["id"])[0]
        self.assertEqual(row["ttl"], 3_600_000)
        url = phone.whole(video(size=5000))
        self.d.write("UPDATE handovers SET expires_ms = claimed_ms - 1 WHERE id = ?", handover["id"])
        self.refused(phone.ask("GET", f"{AT}/own"), 401)
        self.assertEqual(phone.tus("HEAD", url).status, 401)
        self.refused(phone.create(100), 401)
        self.assertEqual(self.state(handover)["state"], "expired")
        self.assertTrue(self.state(handover)["uploads"][0]["whole"])  # what it brought stays the account's

    def test_cancelling_ends_it(self):
        handover, phone = self.pair()
        url = phone.create(9000).headers["Location"]
        phone.patch(url, 0, video(size=9000)[:1000])
        with self.d.connect() as c:  # also what is under way
            c.head("PATCH", url, self.d.headers(None, {**phone.cookie, "Tus-Resumable": "1.0.0", "Content-Type": tus.BYTES,
                                                       "Upload-Offset": "1000", "Content-Length": "8000"}))
            c.send(video(size=9000)[1000:5000])
            wait_until(lambda: self.state(handover)["uploads"][0]["received"] == 5000, "the bytes")
            self.assertEqual(self.d.request("DELETE", f"{AT}/{handover['id']}", self.ann).status, 204)
            c.send(video(size=9000)[5000:])
            self.assertEqual(c.answer("PATCH").status, 401)
        self.assertEqual(self.state(handover)["state"], "cancelled")
        self.assertEqual(self.state(handover)["uploads"][0]["received"], 1000)
        self.refused(phone.ask("GET", f"{AT}/own"), 401)
        self.assertEqual(self.d.request("DELETE", f"{AT}/{handover['id']}", self.ann).status, 204)  # twice is once

    def test_a_disabled_account_and_a_new_password_end_it(self):
        dan = self.d.person("dan@example.org")
        admin = self.d.person("root@example.org", "admin")
        user = self.d.rows("SELECT id FROM users WHERE email = 'dan@example.org'")[0]["id"]
        for change in ({"disabled": True}, {"password": "another good password"}):
            phone = Phone(self.d, self.open(dan)["code"])
            self.assertEqual(self.d.request("PATCH", f"/api/v1/users/{user}", admin, json_body=change).status, 204)
            self.refused(phone.ask("GET", f"{AT}/own"), 401)
            self.d.request("PATCH", f"/api/v1/users/{user}", admin, json_body={"disabled": False})


class Restart(HandoverTest):
    def test_both_survive_a_kill(self):
        handover, phone = self.pair()
        waiting = self.open()
        url = phone.create(9000).headers["Location"]
        phone.patch(url, 0, video(size=9000)[:4000])
        self.d.kill()
        self.d.start()
        self.assertEqual(phone.tus("HEAD", url).headers["Upload-Offset"], "4000")
        self.assertEqual(phone.patch(url, 4000, video(size=9000)[4000:]).status, 204)
        self.assertEqual(Phone(self.d, waiting["code"]).claimed.status, 200)

    def test_old_ones_are_forgotten_and_uploads_stay(self):
        handover, phone = self.pair()
        phone.whole(video(size=5000))
        self.d.write("UPDATE handovers SET expires_ms = 1")
        wait_until(lambda: self.d.count("handovers") == 0, "the reaper")
        self.assertEqual((self.d.count("uploads"), self.d.rows("SELECT handover FROM uploads")[0]["handover"]), (1, None))


if __name__ == "__main__":
    main()
