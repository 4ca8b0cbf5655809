#include <string.h>

#include "app/wire.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "drivers/mail_http.h"
#include "drivers/mail_maildir.h"
#include "drivers/mail_smtp.h"

enum { SECRET_BYTES = 4096 };

/* The first line of @path, "" where no file is named. */
static int read_secret(const char *name, const char *path, char out[SECRET_BYTES], struct err *e)
{
	out[0] = '\0';
	return *path && fsx_read_secret(path, out, SECRET_BYTES, e) < 0 ? err_wrap(e, "%s", name) : 0;
}

static int wire_smtp(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	char password[SECRET_BYTES];
	struct mail_smtp_options o = { .host = c->mail_smtp_host,
		.port = (int)c->mail_smtp_port,
		.user = c->mail_smtp_user,
		.password = password,
		.ca_file = c->mail_smtp_ca_file,
		.helo = c->mail_smtp_helo,
		.connect_timeout_ms = c->mail_connect_timeout_ms,
		.timeout_ms = c->mail_timeout_ms };

	if (!mail_smtp_security_parse(c->mail_smtp_security, &o.security))
		return err_set(e, ERR_CONFIG, "mail.smtp_security: no such word");
	int r = read_secret("mail.smtp_password_file", c->mail_smtp_password_file, password, e);
	if (r == 0)
		r = mail_smtp_open(&o, &h->svc.mailer, e);
	secret_wipe(password, sizeof password);
	return r;
}

static int wire_http(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	char token[SECRET_BYTES];
	const struct mail_http_options o = { .url = c->mail_http_url,
		.token = token,
		.ca_file = c->mail_http_ca_file,
		.connect_timeout_ms = c->mail_connect_timeout_ms,
		.timeout_ms = c->mail_timeout_ms };

	int r = read_secret("mail.http_token_file", c->mail_http_token_file, token, e);
	if (r == 0)
		r = mail_http_open(&o, &h->svc.mailer, e);
	secret_wipe(token, sizeof token);
	return r;
}

int wire_mailer(struct house *h, struct err *e)
{
	if (strcmp(h->cfg->mail_driver, "smtp") == 0)
		return wire_smtp(h, e);
	if (strcmp(h->cfg->mail_driver, "http") == 0)
		return wire_http(h, e);
	return mail_maildir_open(h->cfg->mail_maildir, &h->svc.mailer, e);
}
