/* Stands in for gait-pose and gait-analyze in a container: does what the first line of its video says, and
 * tells what it finds there. Linked statically: an image of it is one file. See test_containers.py. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <dirent.h>

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return NULL;
}

static int put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0)
		return -1;
	return fclose(f);
}

static void list(const char *path)
{
	DIR *dir = opendir(path);

	printf("see %s:", path);
	for (const struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir))
		if (d->d_name[0] != '.')
			printf(" %s", d->d_name);
	printf("\n");
	if (dir)
		closedir(dir);
}

static void try_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	printf("see write %s: %s\n", path, fd < 0 ? strerror(errno) : "done");
	if (fd >= 0)
		close(fd);
}

static void show_status(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
			strncmp(line, "Seccomp:", 8) == 0)
			printf("see %s", line);
	if (f)
		fclose(f);
}

static void look(const char *input, char **env)
{
	char folder[4096];

	snprintf(folder, sizeof folder, "%s", input);
	*strrchr(folder, '/') = '\0';
	list("/");
	list(folder);
	list("/dev");
	try_write("/written");
	try_write("/tmp/written");
	try_write(input);
	show_status();
	struct if_nameindex *names = if_nameindex();
	for (const struct if_nameindex *n = names; n && n->if_index; n++)
		printf("see interface %s\n", n->if_name);
	for (char **e = env; *e; e++)
		printf("see environment %s\n", *e);
}

static void eat(void)
{
	const size_t step = 8u << 20;

	for (size_t n = step;; n += step) {
		char *p = malloc(step);
		if (!p)
			exit(71);
		memset(p, 1, step);
		usleep(20000); /* where a watcher has to see it, not the kernel */
		if (n % (64u << 20) == 0)
			printf("ate %zu MB\n", n >> 20);
	}
}

static int multiply(void)
{
	int n = 0;

	for (;; n++) {
		pid_t pid = fork();
		if (pid == 0)
			pause();
		if (pid < 0 || n > 5000)
			break;
	}
	printf("see %d processes\n", n);
	return n > 5000 ? 99 : 70;
}

static int behave(const char *what, const char *input, const char *json, char **env)
{
	char path[4096];

	if (strncmp(what, "exit ", 5) == 0)
		return what[5] - '0' == 6 ? 65 : what[5] - '0';
	if (strcmp(what, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(what, "eat") == 0)
		eat();
	if (strcmp(what, "multiply") == 0)
		return multiply();
	if (strcmp(what, "look") == 0)
		look(input, env);
	if (!json)
		return 64;
	snprintf(path, sizeof path, "%s/walk_000000000000_keypoints.json", json);
	if (put(path, "{\"version\":1.3,\"people\":[]}") < 0)
		return 74;
	for (int i = 0; i <= 100; i += 10)
		printf("progress %d\n", i);
	return 0;
}

/* The second time, with the key points and the result. */
static int draw(const char *what, const char *keys, const char *events, const char *overlay)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/walk_000000000000_keypoints.json", keys);
	if (!events || !overlay || access(path, R_OK) < 0 || access(events, R_OK) < 0)
		return 66;
	if (access(path, W_OK) == 0 || access(events, W_OK) == 0)
		return 99; /* they are only lent */
	if (strcmp(what, "link") == 0)
		return symlink("/etc/passwd", overlay) < 0 ? 74 : 0;
	return put(overlay, "overlay") < 0 ? 74 : 0;
}

static int analyze(int argc, char **argv, const char *out)
{
	static const char *const reports[] = { "--csv", "--trc", "--mot", "--svg-curves", "--svg-events",
		"--svg-table", "--pdf" };

	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		const char *path = option(argc, argv, reports[i]);
		if (path && put(path, reports[i]) < 0)
			return 74;
	}
	return put(out, "{\"score\":{\"value\":0.5}}\n") < 0 ? 74 : 0;
}

int main(int argc, char **argv, char **env)
{
	const char *input = option(argc, argv, "--input"), *out = option(argc, argv, "--out"),
		   *keys = option(argc, argv, "--read_json");
	char what[256] = "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("probe 1") < 0;
	if (out)
		return analyze(argc, argv, out);
	FILE *f = input ? fopen(input, "re") : NULL;
	if (!f || !fgets(what, sizeof what, f))
		return 66;
	fclose(f);
	what[strcspn(what, "\n")] = '\0';
	if (keys)
		return draw(what, keys, option(argc, argv, "--events"), option(argc, argv, "--write_video"));
	return behave(what, input, option(argc, argv, "--write_json"), env);
}
