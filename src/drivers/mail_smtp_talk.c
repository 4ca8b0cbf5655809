#include "drivers/mail_smtp_talk.h"

#include <string.h>

#include "base/cleanup.h"
#include "drivers/mail_net.h"

/* The password passes here as a line of its own, in base64: lines are compared, never kept, and a stage is
 * only entered from one that can precede it. */
static const struct {
	const char *command;
	enum smtp_stage after, stage; /* after: the least stage that may precede */
} commands[] = {
	{ "EHLO ", SMTP_CONNECTING, SMTP_GREETED },
	{ "HELO ", SMTP_CONNECTING, SMTP_GREETED },
	{ "STARTTLS\r\n", SMTP_GREETED, SMTP_STARTTLS },
	{ "AUTH ", SMTP_GREETED, SMTP_LOGIN },
	{ "NOOP\r\n", SMTP_GREETED, SMTP_READY },
	{ "MAIL FROM:", SMTP_CONNECTING, SMTP_MAIL },
	{ "RCPT TO:", SMTP_MAIL, SMTP_RCPT },
	{ "DATA\r\n", SMTP_RCPT, SMTP_DATA },
};

static void see_command(struct smtp_talk *t, const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t n = strlen(commands[i].command);
		if (len < n || memcmp(line, commands[i].command, n) != 0 || t->stage < commands[i].after ||
			t->stage > commands[i].stage)
			continue;
		t->stage = commands[i].stage;
		t->over = false;
		t->login_tried = t->login_tried || t->stage == SMTP_LOGIN;
		t->code = 0;
		t->said[0] = '\0';
	}
	if (len == strlen("QUIT\r\n") && memcmp(line, "QUIT\r\n", len) == 0)
		t->over = true;
}

static void see_reply(struct smtp_talk *t, const char *line, size_t len)
{
	int code = 0;

	if (t->over)
		return;
	for (size_t i = 0; i < 3; i++) {
		if (i >= len || line[i] < '0' || line[i] > '9')
			return;
		code = code * 10 + (line[i] - '0');
	}
	t->code = code;
	if (t->stage != SMTP_LOGIN)
		mail_net_quote(line, len, t->said, sizeof t->said);
	if (t->stage == SMTP_DATA && code == 354)
		t->stage = SMTP_BODY, t->code = 0;
}

int smtp_talk_watch(CURL *curl, curl_infotype type, char *data, size_t len, void *talk)
{
	(void)curl;
	if (!talk)
		return 0;
	if (type == CURLINFO_HEADER_OUT)
		see_command(talk, data, len);
	else if (type == CURLINFO_HEADER_IN)
		see_reply(talk, data, len);
	return 0;
}

const char *smtp_stage_name(enum smtp_stage stage)
{
	static const char *const names[] = { [SMTP_CONNECTING] = "the connection",
		[SMTP_GREETED] = "EHLO",
		[SMTP_STARTTLS] = "STARTTLS",
		[SMTP_LOGIN] = "the login",
		[SMTP_READY] = "NOOP",
		[SMTP_MAIL] = "MAIL FROM",
		[SMTP_RCPT] = "RCPT TO",
		[SMTP_DATA] = "DATA",
		[SMTP_BODY] = "the message" };

	return names[stage];
}
