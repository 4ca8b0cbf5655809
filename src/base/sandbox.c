#include "base/sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int limit(__rlimit_resource_t which, int64_t value, struct err *e)
{
	struct rlimit now, want = { .rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value };

	if (value <= 0)
		return 0;
	/* A parent may have set less already; a limit is only ever lowered. */
	if (getrlimit(which, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < want.rlim_max)
		return 0;
	return setrlimit(which, &want) < 0 ? err_errno(e, ERR_INTERNAL, "setrlimit") : 0;
}

/* @r: what adding the rules came to. Takes @ctx over. */
static int load(scmp_filter_ctx ctx, int r, struct err *e)
{
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0) {
		errno = -r;
		return err_errno(e, ERR_INTERNAL, "seccomp filter");
	}
	return 0;
}

static int deny_calls(struct err *e)
{
	static const int denied[] = { SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
		SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(execve), SCMP_SYS(execveat),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(mount), SCMP_SYS(umount2),
		SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(bpf),
		SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module),
		SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
		SCMP_SYS(kexec_file_load), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
		SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(move_mount), SCMP_SYS(fsopen),
		SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(open_tree), SCMP_SYS(mount_setattr),
		SCMP_SYS(open_by_handle_at), SCMP_SYS(pidfd_getfd), SCMP_SYS(swapon), SCMP_SYS(swapoff),
		SCMP_SYS(reboot) };
	static const scmp_datum_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
		CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (!ctx)
		return err_set(e, ERR_NOMEM, "no memory for a seccomp filter");
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(denied) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
		/* LeakSanitizer stops its own threads with ptrace at the end; everybody else may not trace at
		 * all. */
#if defined(__SANITIZE_ADDRESS__)
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 1,
			SCMP_A0(SCMP_CMP_EQ, PTRACE_TRACEME));
#else
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);
#endif
	/* Threads come from clone, namespaces too: its flags decide. clone3 hides its flags in memory; told
	 * that it does not exist, the C library falls back to clone. */
	for (size_t i = 0; i < ARRAY_LEN(namespaces) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return load(ctx, r, e);
}

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(e, ERR_INTERNAL, "no_new_privs");
	if (limit(RLIMIT_CPU, s->max_cpu_s, e) < 0 || limit(RLIMIT_FSIZE, s->max_file_bytes, e) < 0 ||
		limit(RLIMIT_CORE, 1, e) < 0)
		return -1;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	if (limit(RLIMIT_AS, s->max_memory_bytes, e) < 0)
		return -1;
#endif
	return deny_calls(e);
}

/* Everything that a filter has as the kernel takes it. libseccomp writes it to a descriptor only. */
static int export(scmp_filter_ctx ctx, struct sandbox_seal *ret, struct err *e)
{
	struct stat st;
	CLEANUP(close_p) int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(e, ERR_INTERNAL, "seccomp filter");
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0) {
		errno = -r;
		return err_errno(e, ERR_INTERNAL, "seccomp filter");
	}
	if (fstat(fd, &st) < 0 || st.st_size <= 0 ||
		st.st_size > (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter)))
		return err_set(e, ERR_INTERNAL, "seccomp filter of %lld bytes", (long long)st.st_size);
	CLEANUP(free_p) void *filter = malloc((size_t)st.st_size);
	if (!filter)
		return err_set(e, ERR_NOMEM, "no memory for a seccomp filter");
	if (pread(fd, filter, (size_t)st.st_size, 0) != st.st_size)
		return err_errno(e, ERR_INTERNAL, "seccomp filter");
	ret->filter = TAKE(filter);
	ret->len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	return 0;
}

int sandbox_seal_make(struct sandbox_seal *ret, struct err *e)
{
	static const int denied[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat),
		SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
		SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat),
		SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(rmdir),
		SCMP_SYS(truncate), SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchownat),
		SCMP_SYS(clone), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(kill), SCMP_SYS(tkill),
		SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(memfd_create), SCMP_SYS(ptrace),
		SCMP_SYS(prlimit64), SCMP_SYS(setrlimit) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	*ret = (struct sandbox_seal){ .filter = NULL };
	if (!ctx)
		return err_set(e, ERR_NOMEM, "no memory for a seccomp filter");
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(denied) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (r < 0)
		return load(ctx, r, e);
	r = export(ctx, ret, e);
	seccomp_release(ctx);
	return r;
}

void sandbox_seal_deinit(struct sandbox_seal *s)
{
	free(s->filter);
	s->filter = NULL;
}

int sandbox_seal(const struct sandbox_seal *s, int64_t max_cpu_s, struct err *e)
{
	const struct sock_fprog program = { .len = s->len, .filter = s->filter };

	if (limit(RLIMIT_CPU, max_cpu_s, e) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0
		       ? err_errno(e, ERR_INTERNAL, "seccomp filter")
		       : 0;
}
