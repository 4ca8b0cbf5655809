#include "drivers/cluster_local_slots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "drivers/cluster_local_dir.h"

/* Only the one whose turn it is looks for a place, so this costs next to nothing. */
enum { LOOK_MS = 100, STAND_MS = 60000 };

int cluster_slots_begin(struct cluster_slots *s, const char *dir, unsigned count, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char *slash = strrchr(dir, '/');

	*s = (struct cluster_slots){ .count = count ? count : 1, .turn_fd = -1, .helper = -1 };
	int len = slash ? (int)(slash - dir) : 1;
	snprintf(s->root, sizeof s->root, "%.*s", len, slash ? dir : ".");
	if (fsx_join(path, sizeof path, s->root, ".turn", e) < 0)
		return -1;
	s->turn_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->turn_fd < 0)
		return err_errno(e, ERR_IO, "open %s", path);
	pid_t parent = getpid();
	s->helper = fork();
	if (s->helper < 0)
		return err_errno(e, ERR_CHILD, "fork");
	if (s->helper == 0) {
		/* Waiting for a lock cannot be combined with waiting for anything else: so a child waits. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		while (fcntl(s->turn_fd, F_OFD_SETLKW, &whole) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	return 0;
}

static int take_turn(struct cluster_slots *s, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	/* Granted at once where the helper has it, since the lock belongs to the shared description. But
	 * asking before it has would step ahead of those who wait. */
	if (s->helper > 0 && waitpid(s->helper, NULL, WNOHANG) == 0)
		return CLUSTER_SLOTS_WAIT;
	s->helper = -1;
	if (fcntl(s->turn_fd, F_OFD_SETLK, &whole) == 0) {
		s->have_turn = 1;
		return 0;
	}
	if (errno == EAGAIN || errno == EACCES)
		return CLUSTER_SLOTS_WAIT;
	return err_errno(e, ERR_IO, "lock %s/.turn", s->root);
}

int cluster_slots_try(struct cluster_slots *s, struct err *e)
{
	if (!s->have_turn) {
		int r = take_turn(s, e);
		if (r != 0)
			return r;
	}
	for (unsigned i = 0; i < s->count; i++) {
		char path[CLUSTER_DIR_PATH_BYTES];
		int fd = -1;
		int n = snprintf(path, sizeof path, "%s/.slot-%u", s->root, i);
		if (n < 0 || (size_t)n >= sizeof path)
			return err_set(e, ERR_INVALID, "path too long: %s", s->root);
		int r = cluster_dir_lock(path, &fd, e);
		if (r == 0)
			return fd;
		if (r == CLUSTER_DIR_ABSENT)
			return err_set(e, ERR_IO, "%s is gone", s->root);
		if (r < 0)
			return CLUSTER_SLOTS_ERROR;
	}
	return CLUSTER_SLOTS_WAIT;
}

int64_t cluster_slots_wait_ms(const struct cluster_slots *s)
{
	return s->have_turn ? LOOK_MS : STAND_MS;
}

void cluster_slots_end(struct cluster_slots *s)
{
	if (s->helper > 0) {
		kill(s->helper, SIGKILL);
		waitpid(s->helper, NULL, 0);
		s->helper = -1;
	}
	close_p(&s->turn_fd);
	s->turn_fd = -1;
}
