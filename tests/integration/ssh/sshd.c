#include "sshd.h"

#include "support/testing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/fsx.h"

#define SCRIPT GAIT_SOURCE_DIR "/tests/support/sshd.sh"

int sshd_tool(const char *const *argv)
{
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e = { 0 };
	struct buf said;

	buf_init(&said, 4000);
	if (child_run(&spec, 60000, NULL, &said, &end, &e) < 0)
		fail_msg("%s: %s", argv[0], e.msg);
	if (end.code != 0)
		(void)fprintf(stderr, "%s", buf_str(&said));
	buf_deinit(&said);
	return end.exited ? end.code : -1;
}

const char *sshd_path(const struct sshd_home *h, const char *name, char out[SSHD_PATH_BYTES])
{
	assert_int_equal(fsx_join(out, SSHD_PATH_BYTES, h->folder, name, NULL), 0);
	return out;
}

void sshd_write(const struct sshd_home *h, const char *name, const char *text)
{
	char path[SSHD_PATH_BYTES];
	struct err e = { 0 };

	assert_ok(fsx_replace(sshd_path(h, name, path), text, strlen(text), 0600, &e), &e);
}

static void read_line(const struct sshd_home *h, const char *name, char *out, size_t size)
{
	char path[SSHD_PATH_BYTES];
	CLEANUP(fclose_p) FILE *f = fopen(sshd_path(h, name, path), "re");

	assert_non_null(f);
	assert_non_null(fgets(out, (int)size, f));
	out[strcspn(out, "\n")] = '\0';
}

int sshd_home_open(struct sshd_home *h)
{
	char port[16];
	const char *argv[] = { "bash", SCRIPT, "start", h->folder, NULL };

	snprintf(h->folder, sizeof h->folder, "/tmp/gait-ssh-XXXXXX");
	if (!mkdtemp(h->folder) || chmod(h->folder, 0755) < 0)
		return 1;
	int r = sshd_tool(argv);
	if (r != 0) {
		test_dir_remove(h->folder);
		return r;
	}
	read_line(h, "account", h->account, sizeof h->account);
	read_line(h, "port", port, sizeof port);
	h->port = atoi(port);
	return 0;
}

void sshd_home_close(struct sshd_home *h)
{
	const char *argv[] = { "bash", SCRIPT, "stop", h->folder, NULL };

	(void)sshd_tool(argv);
	test_dir_remove(h->folder);
}

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof a;
	CLEANUP(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static bool answers(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	CLEANUP(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
}

struct sshd_server sshd_start(const struct sshd_home *h, int port, const char *host_key, const char *more)
{
	char config[SSHD_PATH_BYTES], key[SSHD_PATH_BYTES], keys[SSHD_PATH_BYTES], text[2048];
	struct sshd_server s = { .port = port ? port : free_port() };
	const char *argv[] = { "/usr/sbin/sshd", "-D", "-e", "-f", sshd_path(h, "own_config", config), NULL };
	struct child_spec spec = {
		.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .new_session = true
	};
	struct err e = { 0 };

	snprintf(text, sizeof text,
		"%s\nPort %d\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\nAuthorizedKeysFile "
		"%s\nAllowUsers %s\n"
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nUseDNS "
		"no\nStrictModes no\n",
		more, s.port, sshd_path(h, host_key, key), sshd_path(h, "sshd/authorized_keys", keys),
		h->account);
	sshd_write(h, "own_config", text);
	assert_ok(child_start(&spec, &s.pid, &e), &e);
	for (int64_t deadline = clock_mono_ms() + 10000; !answers(s.port); (void)poll(NULL, 0, 10))
		assert_true(clock_mono_ms() < deadline);
	return s;
}

/* Those that serve a connection: a child of root's, and its own child of the account's, which must be gone
 * when this returns, or it would still say a word or two. */
static void end_children(const struct sshd_home *h, pid_t parent)
{
	char pid[16];
	const char *root[] = { "pkill", "-KILL", "-P", pid, NULL };
	const char *own[] = { "pkill", "-KILL", "-u", h->account, "-x", "sshd", NULL };

	snprintf(pid, sizeof pid, "%d", (int)parent);
	(void)sshd_tool(root);
	for (int64_t deadline = clock_mono_ms() + 10000; sshd_tool(own) == 0; (void)poll(NULL, 0, 10))
		assert_true(clock_mono_ms() < deadline);
}

void sshd_stop(const struct sshd_home *h, struct sshd_server *s)
{
	if (s->pid <= 0)
		return;
	end_children(h, s->pid);
	assert_int_equal(kill(s->pid, SIGKILL), 0);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	s->pid = 0;
}
