"""What the tests of this folder share. Importing it makes every answer a matter of the contract, too."""

import unittest

import contract  # noqa: F401
from gaitd import Gaitd, main  # noqa: F401


NOBODYS = "01m80egremq45n0ja0qmwbpy56"  # an id that nothing has
PASSWORD = "correct horse battery staple"


def sign_in(d, email="pat@example.org", password=PASSWORD, headers=None):
    return d.request("POST", "/api/v1/session", json_body={"email": email, "password": password}, headers=headers)


def cookie_of(answer):
    return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}


class ApiTest(unittest.TestCase):
    """Tests that share one gaitd; a class sets its engines and settings. One account each: ann and staff."""

    engines = "standin"
    settings = {}
    env = {}

    @classmethod
    def setUpClass(cls):
        if cls is ApiTest:
            return
        cls.d = Gaitd(cls.engines, cls.settings, cls.env)
        try:
            cls.d.start()
            cls.ann = cls.d.person("ann@example.org")
            cls.staff = cls.d.person("staff@example.org", "staff")
        except BaseException:
            cls.d.close()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            if cls.d.process:
                cls.d.stop()
        finally:
            cls.d.close()

    def run(self, result=None):
        # A gaitd that died would make every later test fail for a wrong reason.
        d = getattr(self, "d", None)
        if d and d.process and d.process.poll() is not None:
            result.addSkip(self, "gaitd has died in an earlier test")
            return result
        return super().run(result)

    def refused(self, answer, status, *words, fields=None):
        """A problem document of that status; @words are in its detail, @fields are exactly those named."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json", answer)
        for word in words:
            self.assertIn(word, answer.json["detail"])
        if fields is not None:
            self.assertEqual(set(answer.fields), set(fields), answer)
        return answer

    def count_events(self, job):
        return len(self.d.rows("SELECT 1 FROM events WHERE job = ?", job))
