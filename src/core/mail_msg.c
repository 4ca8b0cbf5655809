#include "core/mail_msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "core/mail_address.h"
#include "core/mail_template.h"
#include "core/mail_text.h"

enum {
	PART_MAX_BYTES = 32768,
	REASONS_MAX = 12,
	TEXT_MAX_BYTES = 400,
	BOUNDARY_SUM_BYTES = 12,
	BOUNDARY_BYTES = 2 + 2 * BOUNDARY_SUM_BYTES + 1
};

/* Subjects say nothing about health: they show on locked screens and pass through many hands. */
static const struct {
	const char *name, *subject; /* the subject follows "Request no. 17 " */
} kinds[] = {
	[MAIL_RECEIVED] = { "received", "has arrived" },
	[MAIL_RESULT] = { "result", "is done" },
	[MAIL_FAILURE] = { "failure", "could not be completed" },
	[MAIL_ANALYSED] = { "analysed", "has been analysed" },
};

const char *mail_kind_name(enum mail_kind kind)
{
	return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].name : NULL;
}

bool mail_kind_parse(const char *name, enum mail_kind *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].name && strcmp(name, kinds[i].name) == 0) {
			*ret = (enum mail_kind)i;
			return true;
		}
	return false;
}

int mail_message_id(const char *local, const char *host, char ret[MAIL_MESSAGE_ID_BYTES], struct err *e)
{
	char id[MAIL_MESSAGE_ID_BYTES];
	int n = snprintf(id, sizeof id, "%s@%s", local, host);

	if ((size_t)n >= sizeof id || !mail_address_ok(id))
		return err_set(e, ERR_INVALID, "no well-formed Message-ID can be made for the host %s", host);
	memcpy(ret, id, (size_t)n + 1);
	return 0;
}

static bool url_ok(const char *url)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				      "-._~:/?#[]@!$&()*+,;=%";

	return url && (str_starts(url, "https://") || str_starts(url, "http://")) && strlen(url) <= 900 &&
	       strspn(url, allowed) == strlen(url);
}

static int check(const struct mail_facts *f, struct err *e)
{
	if (!mail_kind_name(f->kind))
		return err_set(e, ERR_INVALID, "mail: no such kind");
	if (!mail_address_ok(f->from) || !mail_address_ok(f->to) || !mail_address_ok(f->message_id))
		return err_set(e, ERR_INVALID, "mail: sender, receiver or Message-ID is not well-formed");
	if (!url_ok(f->job_url))
		return err_set(e, ERR_INVALID, "mail: the address of the job's page is not well-formed");
	if (f->has_score && !(f->score >= 0 && f->score <= 1))
		return err_set(e, ERR_INVALID, "mail: a score lies between 0 and 1");
	return 0;
}

/* "0.73", whatever the locale's decimal point is. */
static const char *score_text(double score, char out[24])
{
	int percent = (int)(score * 100 + 0.5);

	(void)snprintf(out, 24, "%d.%02d", percent / 100, percent % 100);
	return out;
}

/* @text, cut between characters where it is long. A result's words come from the cluster: too many of them
 * must not keep the mail from going out. */
static const char *clip(const char *text, char out[TEXT_MAX_BYTES])
{
	static const char more[] = " \xe2\x80\xa6";
	size_t n = TEXT_MAX_BYTES - sizeof more;

	if (strlen(text) < TEXT_MAX_BYTES)
		return text;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, text, n);
	memcpy(out + n, more, sizeof more);
	return out;
}

/* One body: the kind's template inside the layout. @ext is ".txt" or ".html". */
static int render_body(const struct mail_facts *f, const char *ext, struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf body;
	char name[32], layout[32], ordinal[24], score[24], clipped[REASONS_MAX + 1][TEXT_MAX_BYTES];
	const char *reasons[REASONS_MAX];
	size_t reason_count = f->reason_count < REASONS_MAX ? f->reason_count : REASONS_MAX;
	bool speak = f->kind == MAIL_RESULT && f->with_score;
	bool explain = speak && !f->has_score && reason_count > 0;
	const char *failure =
		f->failure_text && f->failure_text[0] ? clip(f->failure_text, clipped[REASONS_MAX]) : NULL;
	const char *site = f->site_name && f->site_name[0] ? f->site_name : NULL;

	buf_init(&body, PART_MAX_BYTES);
	for (size_t i = 0; explain && i < reason_count; i++)
		reasons[i] = clip(f->reasons[i], clipped[i]);
	(void)snprintf(name, sizeof name, "%s%s", mail_kind_name(f->kind), ext);
	(void)snprintf(layout, sizeof layout, "layout%s", ext);
	(void)snprintf(ordinal, sizeof ordinal, "%" PRId64, f->ordinal);
	struct mail_value values[] = {
		{ .name = "ordinal", .text = ordinal },
		{ .name = "job_id", .text = f->job_id },
		{ .name = "job_url", .text = f->job_url },
		{ .name = "site_name", .text = site },
		{ .name = "failure_text", .text = failure },
		{ .name = "score", .text = speak && f->has_score ? score_text(f->score, score) : NULL },
		{ .name = "demonstration", .text = f->has_score && f->demonstration ? "" : NULL },
		{ .name = "no_score", .text = explain ? "" : NULL },
		{ .name = "reasons", .items = reasons, .n = explain ? reason_count : 0 },
		{ .name = "commented", .text = f->commented ? "" : NULL },
		{ .name = "withheld", .text = f->withheld ? "" : NULL },
		{ .name = "waiting", .text = f->withheld ? NULL : "" },
		{ .name = "body" },
		{ .name = NULL },
	};
	if (mail_template_render(name, values, &body, e) < 0)
		return -1;
	values[ARRAY_LEN(values) - 2].text = buf_str(&body);
	return mail_template_render(layout, values, out, e);
}

static int add_part(const struct mail_facts *f, const char *ext, const char *type, const char *boundary,
	struct buf *out, struct err *e)
{
	BUF_CLEANUP struct buf body;

	buf_init(&body, PART_MAX_BYTES);
	if (render_body(f, ext, &body, e) < 0 ||
		buf_addf(out, e,
			"--%s\r\nContent-Type: %s; charset=utf-8\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
			boundary, type) < 0)
		return -1;
	return mail_text_quoted_printable(buf_str(&body), body.len, out, e);
}

/* "=_" never comes out of the quoted-printable encoder: no body can hold the boundary (RFC 2045,
 * section 6.7). */
static int make_boundary(const char *message_id, char out[BOUNDARY_BYTES], struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_of(message_id, strlen(message_id), sum, e) < 0)
		return -1;
	memcpy(out, "=_", 2);
	hex_encode(sum, BOUNDARY_SUM_BYTES, out + 2);
	return 0;
}

static void make_subject(const struct mail_facts *f, char out[80])
{
	(void)snprintf(out, 80, "Request no. %" PRId64 " %s", f->ordinal, kinds[f->kind].subject);
}

static int add_headers(const struct mail_facts *f, const char *boundary, struct buf *out, struct err *e)
{
	char date[CLOCK_TEXT_BYTES], subject[80];

	clock_rfc5322(f->date_ms, date);
	make_subject(f, subject);
	if (buf_addf(out, e, "Date: %s\r\n", date) < 0 ||
		mail_text_mailbox("From", f->from_name ? f->from_name : "", f->from, out, e) < 0 ||
		mail_text_mailbox("To", "", f->to, out, e) < 0 ||
		mail_text_header("Subject", subject, out, e) < 0 ||
		mail_text_mailbox("Message-ID", "", f->message_id, out, e) < 0)
		return -1;
	return buf_addf(out, e,
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nContent-Language: en\r\n"
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
		boundary);
}

int mail_render(const struct mail_facts *f, struct buf *out, struct err *e)
{
	char boundary[BOUNDARY_BYTES];
	size_t start = out->len;

	if (check(f, e) < 0 || make_boundary(f->message_id, boundary, e) < 0 ||
		add_headers(f, boundary, out, e) < 0 ||
		add_part(f, ".txt", "text/plain", boundary, out, e) < 0 ||
		add_part(f, ".html", "text/html", boundary, out, e) < 0 ||
		buf_addf(out, e, "--%s--\r\n", boundary) < 0) {
		out->len = start;
		if (out->data)
			out->data[start] = '\0';
		return err_wrap(e, "mail about job %s", f->job_id);
	}
	return 0;
}

int mail_parts_make(const struct mail_facts *f, struct mail_parts *ret, struct err *e)
{
	buf_init(&ret->text, PART_MAX_BYTES);
	buf_init(&ret->html, PART_MAX_BYTES);
	if (check(f, e) < 0 || render_body(f, ".txt", &ret->text, e) < 0 ||
		render_body(f, ".html", &ret->html, e) < 0)
		return err_wrap(e, "mail about job %s", f->job_id);
	make_subject(f, ret->subject);
	return 0;
}

void mail_parts_free(struct mail_parts *p)
{
	buf_deinit(&p->text);
	buf_deinit(&p->html);
}
