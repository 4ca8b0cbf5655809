"""docs/api/openapi.yaml against the running server: every route of the one in the other, every answer as it says."""

import unittest

import contract
import keypoints
import tus
from apitest import ApiTest, main
from contract import CONTRACT
from gaitd import RESULT, upload_parts, video

ID = "01m80egremq45n0ja0qmwbpy56"


class Routes(unittest.TestCase):
    def test_file_and_table_have_the_same_routes(self):
        self.assertEqual(CONTRACT.routes(), contract.c_routes())

    def test_every_reference_leads_somewhere_and_every_schema_is_one(self):
        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    CONTRACT.resolver.resolve(node["$ref"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)
        walk(CONTRACT.doc)
        for schema in CONTRACT.doc["components"]["schemas"].values():
            contract.jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_operation_has_an_id_of_its_own_and_an_answer_for_errors(self):
        operations = [CONTRACT.doc["paths"][p][m.lower()] for m, p in CONTRACT.routes()]
        self.assertEqual(len({o["operationId"] for o in operations}), len(operations))
        for o in operations:
            self.assertIn("default", o["responses"], o["operationId"])
            self.assertTrue(any(s.startswith("2") for s in o["responses"]), o["operationId"])
            if o.get("security") != []:
                self.assertTrue({"401", "403"} & set(o["responses"]), o["operationId"])

    def test_judge_condemns(self):
        """The judge itself: each kind of wrong answer is found."""
        class Fake:
            def __init__(self, status, body, kind, **headers):
                self.status, self.json, self.body = status, body, b"x"
                self.headers = contract_headers(kind, headers)
        good = {"id": ID, "code": "a", "jobs": 0}
        path = f"/api/v1/subjects/{ID}"
        self.assertEqual(CONTRACT.judge("GET", path, Fake(200, good, "application/json")), [])
        for wrong in (Fake(200, {**good, "name": "x"}, "application/json"), Fake(200, {"id": ID}, "application/json"),
                      Fake(200, good, "text/html"), Fake(201, good, "application/json"),
                      Fake(404, {"title": "x"}, "application/problem+json"),
                      Fake(200, good, "application/json", **{"X-Content-Type-Options": "sniff"})):
            self.assertNotEqual(CONTRACT.judge("GET", path, wrong), [], vars(wrong))


def contract_headers(kind, changes):
    from email.message import Message
    message = Message()
    for name, value in {"Content-Type": kind, "X-Request-Id": "0123456789", "X-Content-Type-Options": "nosniff",
                        "Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'", **changes}.items():
        message[name] = value
    return message


class Answers(ApiTest):
    engines = "parked"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.d.person("admin@example.org", "admin", "correct horse battery")

    def paths(self):
        for method, template in sorted(CONTRACT.routes()):
            yield method, template.replace("{id}", ID).replace("{name}", "result.json").replace("{key}", "jobs/x").replace("{view}", "side")

    def test_served_file_is_this_one(self):
        answer = self.d.get("/openapi.yaml")
        self.assertEqual(answer.text, contract.FILE.read_text())

    def test_every_route_is_answered_with_a_problem_by_whoever_is_nobody(self):
        for method, path in self.paths():
            with self.subTest(f"{method} {path}"):
                answer = self.d.request(method, path)
                if path in ("/healthz", "/openapi.yaml"):
                    self.assertEqual(answer.status, 200)
                elif method == "OPTIONS":
                    self.assertEqual(answer.status, 204)
                elif (method, path) == ("DELETE", "/api/v1/session"):
                    self.assertEqual(answer.status, 204)
                elif (method, path) in (("POST", "/api/v1/session"), ("POST", "/api/v1/handovers/claim")):
                    self.refused(answer, 415)
                elif "/blobs/" in path:
                    self.refused(answer, 403)
                elif "/attempts/" in path:
                    self.refused(answer, 415)
                else:
                    self.refused(answer, 401)

    def test_methods_that_are_not_there(self):
        for path in sorted({p for _, p in self.paths()}):
            with self.subTest(path):
                answer = self.d.request("PROPFIND", path, self.admin)
                self.refused(answer, 405)
                allowed = set(answer.headers["Allow"].split(", "))
                self.assertLessEqual({m for m, p in self.paths() if p == path}, allowed)
                self.assertEqual(contract.CONTRACT.judge_security(answer), [])

    def test_addresses_that_are_not_there(self):
        for path in ("/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/jobs", "/api/v1/jobs/", "/api/v1/nothing",
                     "/api/v1/jobs/x/y/z", "/api/v1/jobs//result"):
            with self.subTest(path):
                answer = self.d.get(path, self.admin)
                self.assertEqual(answer.status, 404, answer)
                self.assertEqual(contract.CONTRACT.judge_security(answer), [])

    def test_head_of_every_get_route(self):
        for method, path in self.paths():
            if method == "GET" and "/blobs/" not in path:
                with self.subTest(path):
                    head, get = (self.d.request(m, path, self.admin) for m in ("HEAD", "GET"))
                    self.assertEqual((head.status, head.body), (get.status, b""))
                    self.assertEqual(head.headers["Content-Type"], get.headers["Content-Type"])

    def test_bodies_that_are_no_json(self):
        for method, template in sorted(CONTRACT.routes()):
            body = CONTRACT.doc["paths"][template][method.lower()].get("requestBody")
            if not body or "application/json" not in CONTRACT.resolve(body)["content"]:
                continue
            path = template.replace("{id}", ID).replace("{view}", "side")
            token = "x" if "attempts" in path else self.admin
            blanks = 400 if path in ("/api/v1/analyses", "/api/v1/jobs") or path.endswith("/release") else 413  # JSON bodies that may be large
            for body, kind, status in ((b"{", "application/json", 400), (b"[]", "application/json", 400),
                                       (b"", "application/json", 400), (b"\xff\xfe", "application/json", 400),
                                       (b"{}", "text/plain", 415), (b"{}", "application/json", 422),
                                       (b"[" * 5000, "application/json", 400), (b" " * 20000, "application/json", blanks)):
                with self.subTest(f"{method} {path} {kind} {body[:9]}"):
                    self.refused(self.d.request(method, path, token, body=body, headers={"Content-Type": kind}), status)

    def test_every_success_of_the_contract(self):
        """One walk through all operations; the judge looks at each answer."""
        d, ann, admin = self.d, self.ann, self.admin
        self.walk_accounts()
        self.walk_uploads()
        subject = d.request("POST", "/api/v1/subjects", ann, json_body={"code": "walk-1"}).json["id"]
        d.request("PATCH", f"/api/v1/subjects/{subject}", ann, json_body={"code": "walk-2"})
        d.get(f"/api/v1/subjects/{subject}", ann), d.get("/api/v1/subjects", ann)
        job = d.new_job(ann, subject="walk-2", subject_hint_front="10,20", email="ann@example.org")
        self.walk_cluster(d.attempt(job))
        tag = d.get(f"/api/v1/jobs/{job}", ann).headers["ETag"]
        d.get(f"/api/v1/jobs/{job}", self.staff), d.get(f"/api/v1/jobs/{job}", ann, If_None_Match=tag)
        d.get("/api/v1/jobs?status=complete&limit=1", ann), d.get("/api/v1/jobs", self.staff)
        for path in ("result", "files/overlay_front.mp4", "files/result.json"):
            url = f"/api/v1/jobs/{job}/{path}"
            tag = d.get(url, ann).headers["ETag"]
            d.get(url, ann, If_None_Match=tag), d.get(url, ann, Range="bytes=0-3"), d.get(url, ann, Range="bytes=9999999-")
        d.request("POST", "/api/v1/analyses", ann, json_body={"side": keypoints.document("side")})
        with d.events(ann, job) as events:
            for event in events.until(lambda e: e["data"]["status"] == "complete"):
                self.assertEqual(CONTRACT.errors({"$ref": "#/components/schemas/Event"}, event["data"]), [])
                self.assertEqual((event["id"], event["event"]), (str(event["data"]["seq"]), event["data"]["kind"]))
        contract.seen.add(("GET", "/api/v1/jobs/{id}/events", 200))
        # A result that went out directly is taken back and released; then a new side video, and once more.
        d.request("POST", f"/api/v1/jobs/{job}/withdraw", self.staff, json_body={"reason": "r"})
        for path in ("result", "files/report.pdf"):
            self.refused(d.get(f"/api/v1/jobs/{job}/{path}", ann), 403)
        d.request("POST", f"/api/v1/jobs/{job}/release", self.staff, json_body={"attempt": 1, "comment": "c"})
        d.get(f"/api/v1/jobs/{job}", ann), d.get(f"/api/v1/jobs/{job}", self.staff)
        upload = tus.whole(d, ann, video(seed="new"))
        self.assertEqual(d.request("PUT", f"/api/v1/jobs/{job}/videos/side", ann, json_body={"upload": upload}).status, 202)
        d.request("POST", f"/api/v1/jobs/{job}/cancel", ann)
        d.wait_job(job, "cancelled")
        d.request("POST", f"/api/v1/jobs/{job}/rerun", ann)
        d.request("POST", f"/api/v1/jobs/{job}/cancel", ann)
        d.wait_job(job, "cancelled")
        d.wait_mails(3)
        mail = d.get("/api/v1/outbox", admin).json["outbox"][0]["id"]
        self.refused(d.request("POST", f"/api/v1/outbox/{mail}/retry", admin), 404)
        d.request("DELETE", f"/api/v1/jobs/{job}", ann)
        spare = d.request("POST", "/api/v1/subjects", ann, json_body={"code": "walk-3"}).json["id"]
        d.request("DELETE", f"/api/v1/subjects/{spare}", ann)
        for path in ("/readyz", "/metrics", "/api/v1/audit?limit=3", "/api/v1/consent", "/healthz", "/openapi.yaml", "/api/v1/health",
                     "/api/v1/queue", "/api/v1/throughput?hours=2", f"/api/v1/jobs/{job}/attempts", "/api/v1/jobs/search?q=walk-2"):
            d.get(path, admin)
        unseen = {(m, p, int(s)) for m, p in CONTRACT.routes() for s in CONTRACT.doc["paths"][p][m.lower()]["responses"]
                  if s.startswith("2")} - contract.seen
        self.assertEqual(unseen, {("POST", "/api/v1/outbox/{id}/retry", 204)})  # test_operators has a mail that waits

    def walk_uploads(self):
        urls = [tus.whole(self.d, self.ann, video(seed=view)) for view in ("front", "side")]
        tus.head(self.d, self.ann, urls[0])
        tus.patch(self.d, self.ann, urls[0], len(video()), b"")
        for url in (tus.UPLOADS, urls[0]):
            tus.tus(self.d, "OPTIONS", url)
        job = tus.make_job(self.d, self.ann, *urls)
        self.assertEqual(job.status, 202, job)
        self.d.request("POST", f"/api/v1/jobs/{job.json['id']}/cancel", self.ann)
        spare = tus.create(self.d, self.ann, 1000).headers["Location"]
        tus.tus(self.d, "DELETE", spare, self.ann)
        self.walk_handover()

    def walk_handover(self):
        d, at = self.d, "/api/v1/handovers"
        opened = d.request("POST", at, self.ann).json
        claimed = d.request("POST", f"{at}/claim", json_body={"code": opened["code"]})
        phone = {"Cookie": claimed.headers["Set-Cookie"].split(";")[0]}
        tus.tus(d, "OPTIONS", f"{at}/uploads")
        url = tus.tus(d, "POST", f"{at}/uploads", Upload_Length=10, **phone).headers["Location"]
        tus.tus(d, "OPTIONS", url)
        tus.head(d, None, url, **phone), tus.patch(d, None, url, 0, video()[:5], **phone)
        d.request("GET", f"{at}/own", headers=phone), d.get(f"{at}/{opened['id']}", self.ann)
        tus.tus(d, "DELETE", url, **phone)
        d.request("POST", f"{at}/done", headers=phone)
        d.request("DELETE", f"{at}/{opened['id']}", self.ann)

    def walk_accounts(self):
        d, admin = self.d, self.admin
        signed_in = d.request("POST", "/api/v1/session",
                              json_body={"email": "admin@example.org", "password": "correct horse battery"})
        cookie = {"Cookie": signed_in.headers["Set-Cookie"].split(";")[0]}
        d.request("GET", "/api/v1/session", headers=cookie), d.request("GET", "/api/v1/sessions", headers=cookie)
        d.request("POST", "/api/v1/session/password", headers=cookie,
                  json_body={"present": "correct horse battery", "password": "another horse battery"})
        d.request("DELETE", "/api/v1/session", headers=cookie), d.request("DELETE", "/api/v1/sessions", admin)
        user = d.request("POST", "/api/v1/users", admin, json_body={"email": "x@example.org", "role": "staff"}).json["id"]
        d.request("PATCH", f"/api/v1/users/{user}", admin, json_body={"disabled": True})
        token = d.request("POST", "/api/v1/tokens", admin, json_body={"user": user, "name": "t", "days": 3}).json["id"]
        d.get("/api/v1/users", admin), d.get(f"/api/v1/tokens?user={user}", admin)
        d.request("DELETE", f"/api/v1/tokens/{token}", admin)

    def walk_cluster(self, attempt):
        d = self.d
        self.assertEqual(attempt.checkin().status, 200)
        self.assertEqual(attempt.heartbeat().status, 204)
        d.get(f"/api/v1/jobs/{attempt.job}", self.ann)
        video = d.get(attempt.order["inputs"]["front"]["url"])
        self.assertIn(b"behave:ok", video.body)
        self.assertEqual(d.get(attempt.order["inputs"]["front"]["url"], Range="bytes=4-7").body, b"ftyp")
        put = d.request("PUT", attempt.order["outputs"]["overlay_front.mp4"]["url"], body=b"overlay")
        self.assertEqual(put.status, 201, put)
        self.assertEqual(attempt.complete(RESULT).status, 200)


if __name__ == "__main__":
    main()
