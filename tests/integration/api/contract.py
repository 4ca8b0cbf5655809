"""docs/api/openapi.yaml as a judge: does an answer of the server fit what the file says of its route?

Needs Debian's python3-yaml and python3-jsonschema (scripts/setup installs them for /usr/bin/python3).
"""

import re

import jsonschema
import yaml
from gaitd import SOURCE, Gaitd

FILE = SOURCE / "docs" / "api" / "openapi.yaml"
ROUTES = SOURCE / "src" / "http" / "api_routes.c"
METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


class Contract:
    def __init__(self, text=None):
        self.doc = yaml.safe_load(text or FILE.read_text())
        self.resolver = jsonschema.RefResolver("", self.doc)

    def routes(self):
        return {(m.upper(), p) for p, item in self.doc["paths"].items() for m in item if m in METHODS}

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def find(self, method, path):
        """The template and the operation of a request's path."""
        path = path.split("?")[0]
        best = None
        for template, item in self.doc["paths"].items():
            pattern = re.escape(template).replace(r"\{key\}", ".+")
            if re.fullmatch(re.sub(r"\\\{[a-z]+\\\}", "[^/]+", pattern), path) and method.lower() in item:
                if best is None or template.count("{") < best.count("{"):
                    best = template
        return (best, self.doc["paths"][best][method.lower()]) if best else (None, None)

    def errors(self, schema, value):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)]

    def judge(self, method, path, answer):
        """What is wrong with an answer: a list of texts."""
        template, operation = self.find(method, path)
        if operation is None:
            return [f"{method} {path} is not in the contract"]
        responses = operation["responses"]
        if str(answer.status) not in responses and ("default" not in responses or answer.status < 400):
            return [f"{method} {template}: status {answer.status} is not in the contract"]
        response = self.resolve(responses.get(str(answer.status)) or responses["default"])
        wrong = self.judge_headers(answer, response)
        if answer.status in (204, 304):
            wrong += ["a body where none may be"] if answer.body else []
        elif "content" in response:
            wrong += self.judge_content(answer, response["content"])
        elif answer.body:
            wrong.append("a body that the contract does not have")
        return [f"{method} {template} {answer.status}: {w}" for w in wrong]

    @staticmethod
    def judge_security(answer):
        wanted = {"X-Request-Id": "[0-9A-Za-z_-]{8,}", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
                  "Content-Security-Policy": "default-src 'none'.*"}
        wrong = [f"header {k} is {answer.headers[k]!r}" for k, v in wanted.items()
                 if not re.fullmatch(v, answer.headers[k] or "")]
        if "Server" in answer.headers or "X-Powered-By" in answer.headers:
            wrong.append("the server tells what it is made of")
        return wrong

    def judge_headers(self, answer, response):
        wrong = self.judge_security(answer)
        for name, header in response.get("headers", {}).items():
            header = self.resolve(header)
            value = answer.headers[name]
            if value is None:
                wrong += [f"header {name} is missing"] if header.get("required") else []
                continue
            if header["schema"].get("type") == "integer":
                value = int(value)
            wrong += [f"header {name}: {e}" for e in self.errors(header["schema"], value)]
        return wrong

    def judge_content(self, answer, content):
        kind = answer.headers.get_content_type()
        if kind not in content:
            return [f"content type {kind} instead of {list(content)}"]
        if kind not in ("application/json", "application/problem+json") or answer.status == 206:
            return []
        wrong = self.errors(content[kind]["schema"], answer.json)
        if kind == "application/problem+json":
            if answer.json.get("status") != answer.status:
                wrong.append(f"status {answer.json.get('status')} in the document")
            if answer.json.get("request_id") != answer.headers["X-Request-Id"]:
                wrong.append("the document's request_id is not the header's")
        return wrong


def c_routes():
    """(method, path) of every row of api_routes.c; {key...} is written {key} in the contract."""
    text = ROUTES.read_text().split("api_operator_routes[]")[0]
    rows = re.findall(r'\{\s*"([A-Z]+)",\s*(V1\s*)?"([^"]+)"', text)
    return {(m, ("/api/v1" if v1 else "") + p.replace("...}", "}")) for m, v1, p in rows}


CONTRACT = Contract()
seen = set()  # (method, template, status) of every answer that was judged


def judge(method, path, answer):
    """Every answer that a test of this folder gets through Gaitd.request() is held against the contract."""
    if method == "HEAD" and CONTRACT.find(method, path)[0] is None or not path.startswith(("/api/", "/healthz", "/readyz", "/metrics", "/openapi.yaml")):
        return
    template, _ = CONTRACT.find(method, path)
    if template is None and (answer.status in (404, 405) or method == "OPTIONS"):
        return  # of no route: nothing to hold it against
    wrong = CONTRACT.judge(method, path, answer)
    if wrong:
        raise AssertionError("; ".join(wrong) + f": {answer}")
    seen.add((method, template, answer.status))


Gaitd.on_answer = staticmethod(judge)
