"""gaitctl doctor and a real mail server: one setting is broken at a time, and only mail may be accused, by the setting's
name and with what to do."""

from doctortest import ChainTest, Mail, free_port, secret
from gaitd import main


class MailBySmtp(ChainTest):
    servers = {"mail": Mail}

    def test_all_is_well(self):
        report = self.content()
        for step in ("DNS", "TCP", "TLS", "login", "waiting", "bounced"):
            self.assertEqual(report.step("mail", step)["outcome"], "ok", f"\n{report}")

    def test_mail_server(self):
        self.quickly("mail", "mail.smtp_host", "no.such.server.invalid", **{"mail.smtp_host": "no.such.server.invalid"})
        self.quickly("mail", "mail.smtp_port", "firewall", **{"mail.smtp_port": free_port()})

    def test_mail_password(self):
        wrong = secret(self.d, "wrong_password", "another password\n")
        self.quickly("mail", "mail.smtp_password_file", **{"mail.smtp_password_file": wrong})

    def test_mail_with_another_authority(self):
        self.quickly("mail", "mail.smtp_ca_file", "certificate", **{"mail.smtp_ca_file": self.foreign_ca()})

    def test_mail_password_file_that_is_not_there(self):
        self.quickly("mail", "mail.smtp_password_file", **{"mail.smtp_password_file": self.d.root / "no-such-file"})


if __name__ == "__main__":
    main()
