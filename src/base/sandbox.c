#include "base/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

static int deny_calls(struct err *e)
{
	static const int denied[] = { SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
		SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(mount), SCMP_SYS(umount2),
		SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(bpf),
		SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module),
		SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
		SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (!ctx)
		return err_set(e, ERR_NOMEM, "seccomp filter");
	for (size_t i = 0; i < ARRAY_LEN(denied); i++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
		if (r < 0) {
			seccomp_release(ctx);
			errno = -r;
			return err_errno(e, ERR_INTERNAL, "seccomp rule");
		}
	}
	int r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0) {
		errno = -r;
		return err_errno(e, ERR_INTERNAL, "seccomp load");
	}
	return 0;
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
