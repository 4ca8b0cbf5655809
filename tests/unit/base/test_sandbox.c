#include "support/testing.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/sandbox.h"

static char dir[TEST_DIR_BYTES];

static int enter(void)
{
	struct sandbox s = { .max_cpu_s = 30, .max_file_bytes = 1 << 20 };
	struct err e = { 0 };

	return sandbox_enter(&s, &e);
}

/* The bodies run in a child of their own and answer with the errno of what they try; 0: it worked. */
static int try_socket(void *arg)
{
	(void)arg;
	return enter() < 0 ? 250 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int try_unix_socket(void *arg)
{
	(void)arg;
	return enter() < 0 ? 250 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int try_exec(void *arg)
{
	(void)arg;
	if (enter() < 0)
		return 250;
	execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int try_fexec(void *arg)
{
	char *argv[] = { (char *)(uintptr_t) "true", NULL }, *env[] = { NULL };
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);

	(void)arg;
	if (enter() < 0)
		return 250;
	syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
	return errno;
}

static int try_ptrace(void *arg)
{
	(void)arg;
	return enter() < 0 ? 250 : ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

static int try_unshare(void *arg)
{
	(void)arg;
	return enter() < 0 ? 250 : unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static int try_clone_namespace(void *arg)
{
	(void)arg;
	if (enter() < 0)
		return 250;
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int try_clone3_namespace(void *arg)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

	(void)arg;
	if (enter() < 0)
		return 250;
	long pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		_exit(0);
	/* The C library falls back to clone, whose flags the filter can see. */
	return pid < 0 ? (errno == ENOSYS ? EPERM : errno) : 0;
}

static int try_new_mount_calls(void *arg)
{
	(void)arg;
	return enter() < 0 ? 250 : syscall(SYS_fsopen, "tmpfs", 0) < 0 ? errno : 0;
}

static void what_hostile_code_wants_is_refused(void **state)
{
	static const struct {
		const char *what;
		int (*body)(void *arg);
	} rows[] = {
		{ "socket", try_socket },
		{ "unix socket", try_unix_socket },
		{ "execve", try_exec },
		{ "execveat", try_fexec },
		{ "ptrace", try_ptrace },
		{ "unshare", try_unshare },
		{ "clone with a namespace", try_clone_namespace },
		{ "clone3 with a namespace", try_clone3_namespace },
		{ "fsopen", try_new_mount_calls },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = test_fork(rows[i].body, NULL);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EPERM)
			fail_msg("%s: status %x", rows[i].what, (unsigned)status);
	}
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

/* What a decoder and a pose engine need. */
static int work(void *arg)
{
	char path[TEST_DIR_BYTES + 8], text[6] = "";
	pthread_t thread;
	int number = 41;

	(void)arg;
	if (enter() < 0)
		return 1;
	snprintf(path, sizeof path, "%s/f", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, 5) != 5 || strcmp(text, "hello") != 0)
		return 2;
	snprintf(path, sizeof path, "%s/out", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0)
		return 3;
	snprintf(path, sizeof path, "%s/sub", dir);
	if (mkdir(path, 0700) < 0)
		return 4;
	if (pthread_create(&thread, NULL, add_one, &number) != 0 || pthread_join(thread, NULL) != 0 ||
		number != 42)
		return 5;
	void *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		return 6;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 7;
}

static void files_and_threads_work(void **state)
{
	char path[TEST_DIR_BYTES + 8];

	(void)state;
	test_dir(dir);
	snprintf(path, sizeof path, "%s/f", dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs("hello", f);
	fclose(f);
	int status = test_fork(work, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	test_dir_remove(dir);
}

static void *open_socket(void *ret)
{
	*(int *)ret = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
	return NULL;
}

static int socket_in_thread(void *arg)
{
	pthread_t thread;
	int answer = 251;

	(void)arg;
	if (enter() < 0 || pthread_create(&thread, NULL, open_socket, &answer) != 0)
		return 250;
	pthread_join(thread, NULL);
	return answer;
}

static void threads_inherit_it(void **state)
{
	(void)state;
	int status = test_fork(socket_in_thread, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EPERM);
}

static int check_limits(void *arg)
{
	struct rlimit r, lower = { 1000, 1000 };
	struct sandbox s = { .max_cpu_s = 7, .max_file_bytes = 5000 };
	struct err e = { 0 };

	(void)arg;
	setrlimit(RLIMIT_FSIZE, &lower);
	if (sandbox_enter(&s, &e) < 0)
		return 1;
	if (getrlimit(RLIMIT_CPU, &r) < 0 || r.rlim_max != 7)
		return 2;
	if (getrlimit(RLIMIT_FSIZE, &r) < 0 || r.rlim_max != 1000) /* never raised */
		return 3;
	return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max <= 1 ? 0 : 4;
}

static void limits_are_only_lowered(void **state)
{
	(void)state;
	int status = test_fork(check_limits, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* After sandbox_seal(): 0 from each of these would be a hole. */
static int seal(void)
{
	struct sandbox_seal s;
	struct err e = { 0 };

	return enter() < 0 || sandbox_seal_make(&s, &e) < 0 || sandbox_seal(&s, 5, &e) < 0 ? -1 : 0;
}

static int sealed_open(void *arg)
{
	(void)arg;
	return seal() < 0 ? 250 : open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int sealed_fork(void *arg)
{
	(void)arg;
	if (seal() < 0)
		return 250;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int sealed_thread(void *arg)
{
	pthread_t thread;
	int number = 0;

	(void)arg;
	if (seal() < 0)
		return 250;
	return pthread_create(&thread, NULL, add_one, &number) != 0 ? EPERM : 0;
}

static int sealed_signal(void *arg)
{
	(void)arg;
	return seal() < 0 ? 250 : kill(getppid(), 0) < 0 ? errno : 0;
}

static int sealed_limit(void *arg)
{
	struct rlimit more = { RLIM_INFINITY, RLIM_INFINITY };

	(void)arg;
	return seal() < 0 ? 250 : setrlimit(RLIMIT_CPU, &more) < 0 ? errno : 0;
}

static int sealed_unlink(void *arg)
{
	(void)arg;
	return seal() < 0 ? 250 : unlink("/nonexistent/file") < 0 ? errno : 0;
}

static void a_sealed_process_reaches_nothing_new(void **state)
{
	static const struct {
		const char *what;
		int (*body)(void *arg);
	} rows[] = {
		{ "open", sealed_open },
		{ "fork", sealed_fork },
		{ "thread", sealed_thread },
		{ "kill", sealed_signal },
		{ "a higher limit", sealed_limit },
		{ "unlink", sealed_unlink },
		{ "socket", try_socket },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = test_fork(rows[i].body, NULL);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EPERM)
			fail_msg("%s: status %x", rows[i].what, (unsigned)status);
	}
}

/* Pipes that are open, memory and time are all that a worker needs. */
static int sealed_work(void *arg)
{
	int fds[2];
	char c = 0;

	(void)arg;
	if (pipe2(fds, O_CLOEXEC) < 0 || seal() < 0)
		return 1;
	char *block = malloc(8 << 20);
	if (!block || write(fds[1], "x", 1) != 1 || read(fds[0], &c, 1) != 1 || c != 'x')
		return 2;
	memset(block, 1, 8 << 20);
	free(block);
	return 0;
}

static void a_sealed_process_works(void **state)
{
	(void)state;
	int status = test_fork(sealed_work, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int sealed_loop(void *arg)
{
	struct sandbox_seal s;
	struct err e = { 0 };

	(void)arg;
	if (enter() < 0 || sandbox_seal_make(&s, &e) < 0 || sandbox_seal(&s, 1, &e) < 0)
		return 1;
	for (volatile unsigned long n = 0;; n++)
		;
}

static void a_sealed_process_has_its_time(void **state)
{
	(void)state;
	int status = test_fork(sealed_loop, NULL);
	assert_true(WIFSIGNALED(status));
	assert_true(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hostile_code_wants_is_refused),
		cmocka_unit_test(files_and_threads_work),
		cmocka_unit_test(threads_inherit_it),
		cmocka_unit_test(limits_are_only_lowered),
		cmocka_unit_test(a_sealed_process_reaches_nothing_new),
		cmocka_unit_test(a_sealed_process_works),
		cmocka_unit_test(a_sealed_process_has_its_time),
	};

	return cmocka_run_group_tests_name("base/sandbox", tests, NULL, NULL);
}
