#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "service/accounts.h"
#include "service/admin_view.h"

/* gaitctl users …, gaitctl tokens … */

enum { LIST_MOST = 500, PASSWORD_BYTES = 1026 };

static int find_user(struct house *h, const char *email, struct user *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = id_ok(email) ? store_user_get(tx, email, ret, e) : store_user_by_email(tx, email, ret, e);
	return r == STORE_NONE
		       ? err_set(e, ERR_NOT_FOUND, "there is no account %s: see gaitctl users list", email)
		       : r;
}

/* From a terminal without echo, else the first line of standard input: never an argument, which ps would
 * show. */
static int read_password(char out[PASSWORD_BYTES], struct err *e)
{
	struct termios was, quiet;
	bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;

	if (tty) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		fputs("New password (12 characters or more): ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	bool got = fgets(out, PASSWORD_BYTES, stdin) != NULL;
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputc('\n', stderr);
	}
	if (!got)
		return err_set(e, ERR_USAGE, "no password was given on standard input");
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static int users_list(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct user *u = calloc(LIST_MOST, sizeof *u);
	unsigned count;

	(void)args, (void)n;
	if (c->json)
		return ctl_print_json(c, h, admin_write_users, NULL, e);
	if (!u)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_users_list(tx, u, LIST_MOST, &count, e) < 0)
		return -1;
	struct ctl_table *t = CTL_TABLE("EMAIL", "ROLE", "SIGN-IN", "MADE", "ID");
	for (unsigned i = 0; i < count; i++) {
		char made[CTL_AGO_BYTES];
		ctl_ago(u[i].created_ms, made);
		CTL_ROW(t, u[i].email, role_name(u[i].role),
			u[i].disabled         ? "disabled"
			: *u[i].password_hash ? "password"
					      : "tokens only",
			made, u[i].id);
	}
	return ctl_table_end(t, c->out, e);
}

static int users_add(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	const char *role_text = ctl_take_option(args, &n, "--role");
	bool with_password = ctl_take_flag(args, &n, "--password-stdin");
	char password[PASSWORD_BYTES] = "";
	enum role role = ROLE_SUBMITTER;
	struct user u;

	if (n != 1)
		return err_set(e, ERR_USAGE,
			"gaitctl users add EMAIL [--role submitter|staff|admin] [--password-stdin]");
	if (role_text && !role_parse(role_text, &role))
		return err_set(e, ERR_USAGE, "role must be submitter, staff or admin");
	if (with_password && read_password(password, e) < 0)
		return -1;
	int r = account_add(&h->svc, ctl_actor(), args[0], role, with_password ? password : NULL, &u, e);
	secret_wipe(password, sizeof password);
	if (r < 0)
		return -1;
	if (c->json)
		fprintf(c->out, "{\"id\":\"%s\"}\n", u.id);
	else
		fprintf(c->out, "%s is now a %s (%s)\n", u.email, role_name(u.role),
			with_password ? "signs in with the password"
				      : "no password: make a token, or run gaitctl users password EMAIL");
	return 0;
}

static int users_role(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	struct user u;
	enum role role;

	(void)c, (void)n;
	if (!role_parse(args[1], &role))
		return err_set(e, ERR_USAGE, "role must be submitter, staff or admin");
	return find_user(h, args[0], &u, e) < 0 ? -1 : account_set_role(&h->svc, ctl_actor(), u.id, role, e);
}

static int users_password(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	char password[PASSWORD_BYTES];
	struct user u;

	(void)c, (void)n;
	if (find_user(h, args[0], &u, e) < 0 || read_password(password, e) < 0)
		return -1;
	int r = account_set_password(&h->svc, ctl_actor(), u.id, password, e);
	secret_wipe(password, sizeof password);
	return r;
}

static int set_disabled(struct house *h, const char *email, bool disabled, struct err *e)
{
	struct user u;

	return find_user(h, email, &u, e) < 0 ? -1
					      : account_set_disabled(&h->svc, ctl_actor(), u.id, disabled, e);
}

static int users_disable(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)c, (void)n;
	return set_disabled(h, args[0], true, e);
}

static int users_enable(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)c, (void)n;
	return set_disabled(h, args[0], false, e);
}

int ctl_users(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "list", "list", 0, 0, users_list },
		{ "add", "add EMAIL [--role ROLE] [--password-stdin]", 1, 4, users_add },
		{ "role", "role EMAIL submitter|staff|admin", 2, 2, users_role },
		{ "password", "password EMAIL", 1, 1, users_password },
		{ "disable", "disable EMAIL", 1, 1, users_disable },
		{ "enable", "enable EMAIL", 1, 1, users_enable }, { 0 } };

	return ctl_run(c, "users", verbs, argc, argv, e);
}

static int tokens_list(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct api_token *list = calloc(LIST_MOST, sizeof *list);
	struct user u;
	unsigned count;

	if (n == 1 && find_user(h, args[0], &u, e) < 0)
		return -1;
	if (c->json)
		return ctl_print_json(c, h, admin_write_tokens, n == 1 ? u.id : NULL, e);
	if (!list)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_tokens_list(tx, n == 1 ? u.id : NULL, list, LIST_MOST, &count, e) < 0)
		return -1;
	struct ctl_table *t = CTL_TABLE("NAME", "STATE", "MADE", "USER", "ID");
	for (unsigned i = 0; i < count; i++) {
		char made[CTL_AGO_BYTES];
		struct user owner;
		if (store_user_get(tx, list[i].user, &owner, e) < 0) {
			(void)ctl_table_end(t, c->out, NULL);
			return -1;
		}
		const struct api_token *k = &list[i];
		bool over = k->expires_ms && k->expires_ms <= clock_wall_ms();
		ctl_ago(k->created_ms, made);
		CTL_ROW(t, k->name,
			k->revoked_ms ? "revoked"
			: over        ? "expired"
				      : "works",
			made, owner.email, k->id);
	}
	return ctl_table_end(t, c->out, e);
}

static int tokens_add(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	const char *name = ctl_take_option(args, &n, "--name"),
		   *days_text = ctl_take_option(args, &n, "--days");
	char token[64], id[ID_BYTES];
	int64_t days = 0;
	struct user u;

	if (n != 1 || !name || (days_text && !str_to_i64(days_text, 1, 3650, &days)))
		return err_set(e, ERR_USAGE, "gaitctl tokens add EMAIL --name NAME [--days 1-3650]");
	if (find_user(h, args[0], &u, e) < 0 ||
		token_add(&h->svc, ctl_actor(), u.id, name, days ? clock_wall_ms() + days * 86400000 : 0,
			token, id, e) < 0)
		return -1;
	if (c->json)
		fprintf(c->out, "{\"id\":\"%s\",\"token\":\"%s\"}\n", id, token);
	else
		fprintf(c->out, "%s\n", token);
	if (isatty(fileno(c->out)))
		fputs("This is shown once only: keep it now.\n", stderr);
	return 0;
}

static int tokens_revoke(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)c, (void)n;
	return token_revoke(&h->svc, ctl_actor(), args[0], e);
}

int ctl_tokens(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "list", "list [EMAIL]", 0, 1, tokens_list },
		{ "add", "add EMAIL --name NAME [--days N]", 3, 5, tokens_add },
		{ "revoke", "revoke ID", 1, 1, tokens_revoke }, { 0 } };

	return ctl_run(c, "tokens", verbs, argc, argv, e);
}
