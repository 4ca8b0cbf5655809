#include "support/testing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "drivers/ssh.h"
#include "sshd.h"

/* drivers/ssh against real sshds on loopback. */

static struct sshd_home home;
static struct sshd_server server; /* the one that most tests use */
static char key[SSHD_PATH_BYTES], known[SSHD_PATH_BYTES];

static struct ssh_options options(int port)
{
	return (struct ssh_options){ .host = "127.0.0.1",
		.port = port,
		.user = home.account,
		.key_file = key,
		.known_hosts_file = known,
		.connect_timeout_ms = 10000,
		.backoff_ms = 600 };
}

static struct ssh *opened(const struct ssh_options *o)
{
	struct ssh *s = NULL;
	struct err e = { 0 };

	assert_ok(ssh_open(o, &s, &e), &e);
	return s;
}

/* The public half of a host key, "TYPE BASE64", in @out. */
static void public_key(const char *name, char out[1024])
{
	char path[SSHD_PATH_BYTES], blank;
	CLEANUP(fclose_p) FILE *f = fopen(sshd_path(&home, name, path), "re");
	char type[64], base64[900];

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s%c%899s", type, &blank, base64), 3);
	snprintf(out, 1024, "%s %s", type, base64);
}

static void know(const char *name, int port, const char *public_name)
{
	char line[1200], pub[1024];

	public_key(public_name, pub);
	snprintf(line, sizeof line, "[127.0.0.1]:%d %s\n", port, pub);
	sshd_write(&home, name, line);
}

/* "SHA256:…" of a key, as ssh-keygen says it. */
static void fingerprint(const char *name, char out[128])
{
	char path[SSHD_PATH_BYTES], command[400], line[256] = "";

	snprintf(command, sizeof command, "%s", sshd_path(&home, name, path));
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], 1);
		execlp("ssh-keygen", "ssh-keygen", "-lf", command, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], line, sizeof line - 1);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(n > 0);
	assert_int_equal(sscanf(line, "%*s %127s", out), 1);
}

static int run(struct ssh *s, const char *command, char out[256], struct ssh_end *end, struct err *e)
{
	BUF_CLEANUP struct buf said;
	buf_init(&said, 200);
	struct ssh_run r = { .command = command, .timeout_ms = 10000, .out = &said };
	int rc = ssh_run(s, &r, end, e);

	snprintf(out, 256, "%s", buf_str(&said));
	return rc;
}

static void expect(struct ssh *s, const char *command, const char *want, int code)
{
	struct ssh_end end;
	struct err e = { 0 };
	char out[256];

	assert_ok(run(s, command, out, &end, &e), &e);
	assert_string_equal(out, want);
	assert_string_equal(end.signal, "");
	assert_int_equal(end.code, code);
}

static void refused(const struct ssh_options *o, enum err_kind kind, const char *part, const char *other)
{
	struct ssh *s = opened(o);
	struct ssh_end end;
	struct err e = { 0 };
	char out[256];

	assert_fails(run(s, "true", out, &end, &e), &e, kind);
	assert_true(err_may_retry(e.kind));
	assert_has(e.msg, part);
	assert_has(e.msg, other);
	ssh_close(s);
}

static void commands(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	struct ssh_end end;
	struct err e = { 0 };
	char out[256], pid[256], again[256];

	(void)state;
	expect(s, "echo hello", "hello\n", 0);
	expect(s, "exit 7", "", 7);
	expect(s, "echo said; exit 255", "said\n", 255);
	assert_ok(run(s, "kill -KILL $$", out, &end, &e), &e);
	assert_string_equal(end.signal, "KILL");
	assert_int_equal(end.code, -1);
	/* One session for all of them. */
	assert_ok(run(s, "echo $SSH_CLIENT", pid, &end, &e), &e);
	assert_ok(run(s, "echo $SSH_CLIENT", again, &end, &e), &e);
	assert_string_equal(pid, again);
	ssh_close(s);
}

static void streams(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	BUF_CLEANUP struct buf in, out, err_text;
	struct ssh_end end;
	struct err e = { 0 };

	(void)state;
	buf_init(&in, 1 << 23);
	buf_init(&out, 1 << 23);
	buf_init(&err_text, 100);
	for (int i = 0; i < 500000; i++)
		assert_ok(buf_addf(&in, &e, "line %d\n", i), &e);
	struct ssh_run cat = {
		.command = "cat", .in = in.data, .in_len = in.len, .out = &out, .err_text = &err_text
	};
	assert_ok(ssh_run(s, &cat, &end, &e), &e);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.data, in.data, in.len);
	/* Who reads one stream alone would wait for ever: the other one fills up. */
	buf_reset(&out);
	struct ssh_run flood = {
		.command = "head -c 20000000 /dev/zero | tr '\\0' x >&2; echo done; echo last words >&2",
		.out = &out,
		.err_text = &err_text
	};
	assert_ok(ssh_run(s, &flood, &end, &e), &e);
	assert_string_equal(buf_str(&out), "done\n");
	assert_int_equal(err_text.len, 100);
	assert_has(buf_str(&err_text), "xlast words\n");
	/* A command that does not read what it is given. */
	struct ssh_run deaf = {
		.command = "exec <&-; echo enough", .in = in.data, .in_len = in.len, .out = &out
	};
	buf_reset(&out);
	assert_ok(ssh_run(s, &deaf, &end, &e), &e);
	assert_string_equal(buf_str(&out), "enough\n");
	/* More than is wanted: an error, and the next command works. */
	BUF_CLEANUP struct buf little;
	buf_init(&little, 10);
	struct ssh_run much = { .command = "yes", .out = &little };
	assert_fails(ssh_run(s, &much, &end, &e), &e, ERR_TOO_LARGE);
	expect(s, "echo on", "on\n", 0);
	ssh_close(s);
}

static void timeouts(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	struct ssh_end end;
	struct err e = { 0 };
	char first[256], then[256];

	(void)state;
	assert_ok(run(s, "echo $SSH_CLIENT", first, &end, &e), &e);
	struct ssh_run slow = { .command = "sleep 60", .timeout_ms = 300 };
	int64_t before = clock_mono_ms();
	assert_fails(ssh_run(s, &slow, &end, &e), &e, ERR_TIMEOUT);
	assert_true(clock_mono_ms() - before < 5000);
	/* The session is not used any more: its channel would be left open. */
	assert_ok(run(s, "echo $SSH_CLIENT", then, &end, &e), &e);
	assert_string_not_equal(first, then);
	/* Output that never ends does not push the limit away. */
	struct ssh_run busy = { .command = "yes", .timeout_ms = 300 };
	assert_fails(ssh_run(s, &busy, &end, &e), &e, ERR_TIMEOUT);
	expect(s, "echo on", "on\n", 0);
	ssh_close(s);
}

static int abort_soon(void *arg)
{
	return ++*(int *)arg > 2 ? -1 : 0;
}

static void aborted(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	struct ssh_end end;
	struct err e = { 0 };
	int calls = 0;
	struct ssh_run r = { .command = "sleep 60", .poll = abort_soon, .poll_arg = &calls };

	(void)state;
	assert_fails(ssh_run(s, &r, &end, &e), &e, ERR_CONFLICT);
	expect(s, "echo on", "on\n", 0);
	ssh_close(s);
}

struct busy {
	struct ssh *s;
	atomic_bool runs, ended;
};

static int note_running(void *arg)
{
	struct busy *b = arg;

	atomic_store(&b->runs, true);
	return 0;
}

static void *be_busy(void *arg)
{
	struct busy *b = arg;
	struct ssh_run r = { .command = "sleep 5", .poll = note_running, .poll_arg = b };
	struct ssh_end end;

	(void)ssh_run(b->s, &r, &end, NULL);
	atomic_store(&b->ended, true);
	return NULL;
}

/* Who waits for another's transfer can be stopped as well. */
static void aborted_while_waiting(void **state)
{
	struct ssh_options o = options(server.port);
	struct busy b = { .s = opened(&o) };
	struct ssh_end end;
	struct err e = { 0 };
	int calls = 0;
	struct ssh_run r = { .command = "true", .poll = abort_soon, .poll_arg = &calls };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, be_busy, &b), 0);
	while (!atomic_load(&b.runs))
		(void)poll(NULL, 0, 5);
	assert_fails(ssh_run(b.s, &r, &end, &e), &e, ERR_CONFLICT);
	assert_false(atomic_load(&b.ended));
	assert_int_equal(pthread_join(thread, NULL), 0);
	expect(b.s, "echo on", "on\n", 0);
	ssh_close(b.s);
}

static void host_keys(void **state)
{
	char now[128], other[128], path[SSHD_PATH_BYTES], hashed[SSHD_PATH_BYTES], text[2600], pub[1024];
	struct ssh_options o = options(server.port);
	const char *keygen[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
		sshd_path(&home, "other", path), NULL };

	(void)state;
	assert_int_equal(sshd_tool(keygen), 0);
	fingerprint("sshd/host_ed25519.pub", now);
	fingerprint("other.pub", other);
	/* Unknown: another host's line, and none at all. */
	o.known_hosts_file = sshd_path(&home, "known_none", path);
	sshd_write(&home, "known_none", "# nothing\n\nexample.org ssh-ed25519 AAAA\n");
	refused(&o, ERR_UNAVAILABLE, "is not known", now);
	/* Changed: both fingerprints. */
	know("known_changed", server.port, "other.pub");
	o.known_hosts_file = sshd_path(&home, "known_changed", path);
	refused(&o, ERR_UNAVAILABLE, now, other);
	/* Of another type than the server has. */
	const char *ecdsa[] = { "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f",
		sshd_path(&home, "ecdsa", hashed), NULL };
	assert_int_equal(sshd_tool(ecdsa), 0);
	fingerprint("ecdsa.pub", other);
	know("known_type", server.port, "ecdsa.pub");
	o.known_hosts_file = sshd_path(&home, "known_type", path);
	refused(&o, ERR_UNAVAILABLE, now, other);
	/* Revoked, although another line knows it. */
	public_key("sshd/host_ed25519.pub", pub);
	snprintf(text, sizeof text, "[127.0.0.1]:%d %s\n@revoked * %s\n", server.port, pub, pub);
	sshd_write(&home, "known_revoked", text);
	o.known_hosts_file = sshd_path(&home, "known_revoked", path);
	refused(&o, ERR_UNAVAILABLE, "revoked", now);
	o.known_hosts_file = "/nonexistent/known_hosts";
	refused(&o, ERR_UNAVAILABLE, "known", "/nonexistent/known_hosts");
	/* Hashed, and among others. */
	snprintf(text, sizeof text, "@cert-authority * %s\nexample.org,[127.0.0.1]:%d %s comment\n", pub,
		server.port, pub);
	sshd_write(&home, "known_hashed", text);
	o.known_hosts_file = sshd_path(&home, "known_hashed", hashed);
	struct ssh *s = opened(&o);
	expect(s, "echo listed", "listed\n", 0);
	ssh_close(s);
	const char *hash[] = { "ssh-keygen", "-q", "-H", "-f", hashed, NULL };
	assert_int_equal(sshd_tool(hash), 0);
	s = opened(&o);
	expect(s, "echo hashed", "hashed\n", 0);
	ssh_close(s);
}

static void user_keys(void **state)
{
	char path[SSHD_PATH_BYTES];
	struct ssh_options o = options(server.port);
	static const struct {
		const char *type, *passphrase, *part;
	} rows[] = { { "ed25519", "secret", "passphrase" }, { "rsa", "", "RSA" },
		{ "ed25519", "", "refuses" }, { "ecdsa", "", "ed25519" } };

	(void)state;
	o.key_file = sshd_path(&home, "user", path);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *keygen[] = { "ssh-keygen", "-q", "-t", rows[i].type, "-N", rows[i].passphrase,
			"-f", path, NULL };
		(void)unlink(path);
		assert_int_equal(sshd_tool(keygen), 0);
		refused(&o, ERR_UNAVAILABLE, rows[i].part, path);
	}
	assert_int_equal(chmod(path, 0644), 0);
	refused(&o, ERR_UNAVAILABLE, path, "");
	sshd_write(&home, "user", "no key at all\n");
	refused(&o, ERR_UNAVAILABLE, "no private key", path);
	o.key_file = "/nonexistent/id";
	refused(&o, ERR_UNAVAILABLE, "/nonexistent/id", "");
}

static void locked_account(void **state)
{
	const char *lock[] = { "usermod", "-p", "!", home.account, NULL };
	const char *unlock[] = { "usermod", "-p", "*", home.account, NULL };
	struct ssh_options o = options(server.port);

	(void)state;
	assert_int_equal(sshd_tool(lock), 0);
	refused(&o, ERR_UNAVAILABLE, "locked", home.account);
	assert_int_equal(sshd_tool(unlock), 0);
}

static void server_restarts(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	struct ssh_end end;
	struct err e = { 0 };
	char out[256];

	(void)state;
	expect(s, "echo before", "before\n", 0);
	sshd_stop(&home, &server);
	server = sshd_start(&home, server.port, "sshd/host_ed25519", "");
	expect(s, "echo after", "after\n", 0);
	/* While a command runs: whether it ran is open, so it is not sent again. */
	assert_fails(run(s, "echo x >>$HOME/ran; kill -KILL $(ps -o ppid= -p $PPID) $PPID; sleep 5", out,
			     &end, &e),
		&e, ERR_UNAVAILABLE);
	expect(s, "cat $HOME/ran", "x\n", 0);
	ssh_close(s);
}

static void no_more_sessions(void **state)
{
	struct sshd_server none = sshd_start(&home, 0, "sshd/host_ed25519", "MaxSessions 0");
	char path[SSHD_PATH_BYTES];
	struct ssh_options o = options(none.port);

	(void)state;
	know("known_sessions", none.port, "sshd/host_ed25519.pub");
	o.known_hosts_file = sshd_path(&home, "known_sessions", path);
	refused(&o, ERR_BUSY, "MaxSessions", "");
	sshd_stop(&home, &none);
}

/* Something that listens and says @banner, or nothing. */
static void *speak(void *arg)
{
	const int *fds = arg; /* listening, 1: a banner that is none */
	int fd;

	while ((fd = accept(fds[0], NULL, NULL)) >= 0) {
		char sink[256];
		if (fds[1])
			(void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		if (fds[1])
			(void)shutdown(fd, SHUT_WR);
		while (read(fd, sink, sizeof sink) > 0)
			;
		close(fd);
	}
	return NULL;
}

static void no_ssh_there(void **state)
{
	static const struct {
		int banner;
		enum err_kind kind;
		const char *part;
	} rows[] = { { 1, ERR_UNAVAILABLE, "no SSH server" }, { 0, ERR_TIMEOUT, "key exchange" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
		socklen_t len = sizeof a;
		int fds[2] = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rows[i].banner };
		pthread_t thread;
		assert_int_equal(bind(fds[0], (struct sockaddr *)&a, len), 0);
		assert_int_equal(getsockname(fds[0], (struct sockaddr *)&a, &len), 0);
		assert_int_equal(listen(fds[0], 5), 0);
		assert_int_equal(pthread_create(&thread, NULL, speak, fds), 0);
		struct ssh_options o = options(ntohs(a.sin_port));
		o.connect_timeout_ms = 700;
		refused(&o, rows[i].kind, rows[i].part, "127.0.0.1");
		(void)shutdown(fds[0], SHUT_RDWR);
		assert_int_equal(pthread_join(thread, NULL), 0);
		close(fds[0]);
		if (i + 1 < ARRAY_LEN(rows))
			continue;
		refused(&o, ERR_UNAVAILABLE, "no connection", "127.0.0.1"); /* nobody listens any more */
		o.host = "no-such-host.invalid";
		refused(&o, ERR_UNAVAILABLE, "cannot be resolved", "no-such-host.invalid");
	}
}

/* Broken after three failures in a row, asked again after the back-off. Our own clock. */
static void breaker(void **state)
{
	struct sshd_server late = sshd_start(&home, 0, "sshd/host_ed25519", "");
	char path[SSHD_PATH_BYTES], out[256];
	struct ssh_options o = options(late.port);
	struct ssh_end end;
	struct err e = { 0 };

	(void)state;
	know("known_late", late.port, "sshd/host_ed25519.pub");
	o.known_hosts_file = sshd_path(&home, "known_late", path);
	o.backoff_ms = 60000;
	struct ssh *s = opened(&o);
	sshd_stop(&home, &late);
	for (int i = 0; i < 3; i++) {
		assert_fails(run(s, "true", out, &end, &e), &e, ERR_UNAVAILABLE);
		assert_has(e.msg, "no connection");
	}
	late = sshd_start(&home, late.port, "sshd/host_ed25519", "");
	for (int i = 0; i < 3; i++) {
		assert_fails(run(s, "true", out, &end, &e), &e, ERR_UNAVAILABLE);
		assert_has(e.msg, "not tried: 3 failures in a row");
		assert_has(e.msg, "no connection");
	}
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms();
	clock_test_set(wall + 61000, mono + 61000);
	expect(s, "echo closed", "closed\n", 0);
	clock_test_release();
	/* Forgotten: the next failures are counted from one. */
	sshd_stop(&home, &late);
	assert_fails(run(s, "true", out, &end, &e), &e, ERR_UNAVAILABLE);
	assert_fails(run(s, "true", out, &end, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "no connection");
	ssh_close(s);
}

static void *shout(void *arg)
{
	struct ssh_end end;
	struct err e = { 0 };
	char out[256];

	for (int i = 0; i < 5; i++)
		if (run(arg, "echo on", out, &end, &e) != 0 || strcmp(out, "on\n") != 0 || end.code != 0)
			return arg;
	return NULL;
}

static void many_threads(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	pthread_t threads[8];
	void *wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, shout, s), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	ssh_close(s);
}

static int in_child(void *arg)
{
	return shout(arg) ? 1 : 0;
}

/* A child makes a connection of its own; its parent's goes on. */
static void forked(void **state)
{
	struct ssh_options o = options(server.port);
	struct ssh *s = opened(&o);
	struct ssh_end end;
	struct err e = { 0 };
	char first[256], then[256];

	(void)state;
	assert_ok(run(s, "echo $SSH_CLIENT", first, &end, &e), &e);
	assert_int_equal(test_fork(in_child, s), 0);
	assert_ok(run(s, "echo $SSH_CLIENT", then, &end, &e), &e);
	assert_string_equal(first, then);
	ssh_close(s);
}

static void note_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	char *seen = arg;
	size_t used = strlen(seen);

	(void)text;
	snprintf(seen + used, 256 - used, "%s%s%s", used ? "," : "", what, outcome == PROBE_OK ? "" : "!");
}

static void probed(void **state)
{
	struct ssh_options o = options(server.port);
	char seen[256] = "", path[SSHD_PATH_BYTES];
	struct probe p = { .step = note_step, .arg = seen };
	struct ssh *s = opened(&o);
	struct err e = { 0 };

	(void)state;
	assert_ok(ssh_probe(s, &p, &e), &e);
	assert_string_equal(seen, "DNS,TCP,host key,login");
	ssh_close(s);
	static const struct {
		const char *host, *key, *known, *want;
	} rows[] = { { "no-such-host.invalid", NULL, NULL, "DNS!" },
		{ NULL, NULL, "known_none", "DNS,TCP,host key!" },
		{ NULL, NULL, "known_type", "DNS,TCP,host key!" },
		{ NULL, "other", NULL, "DNS,TCP,host key,login!" } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		o = options(server.port);
		o.host = rows[i].host ? rows[i].host : o.host;
		o.key_file = rows[i].key ? sshd_path(&home, rows[i].key, path) : o.key_file;
		o.known_hosts_file =
			rows[i].known ? sshd_path(&home, rows[i].known, path) : o.known_hosts_file;
		seen[0] = '\0';
		s = opened(&o);
		assert_fails(ssh_probe(s, &p, &e), &e, ERR_UNAVAILABLE);
		assert_string_equal(seen, rows[i].want);
		ssh_close(s);
	}
}

static void missing_options(void **state)
{
	struct ssh_options o = options(1);
	struct ssh *s;
	struct err e = { 0 };

	(void)state;
	o.user = "";
	assert_fails(ssh_open(&o, &s, &e), &e, ERR_CONFIG);
	assert_has(e.msg, "user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(streams),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(aborted),
		cmocka_unit_test(aborted_while_waiting),
		cmocka_unit_test(host_keys),
		cmocka_unit_test(user_keys),
		cmocka_unit_test(locked_account),
		cmocka_unit_test(server_restarts),
		cmocka_unit_test(no_more_sessions),
		cmocka_unit_test(no_ssh_there),
		cmocka_unit_test(breaker),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(forked),
		cmocka_unit_test(probed),
		cmocka_unit_test(missing_options),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	int r = sshd_home_open(&home);
	if (r != 0)
		return r;
	server = sshd_start(&home, 0, "sshd/host_ed25519", "");
	know("known", server.port, "sshd/host_ed25519.pub");
	(void)sshd_path(&home, "known", known);
	(void)sshd_path(&home, "id_ed25519", key);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sshd_stop(&home, &server);
	sshd_home_close(&home);
	return failed;
}
