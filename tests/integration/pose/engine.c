#include "support/testing.h"

#include "engine.h"

#include "base/child.h"
#include "base/fsx.h"

const char *engine_weights(void)
{
	return GAIT_SOURCE_DIR "/build/weights";
}

void engine_need_weights(void)
{
	if (fsx_exists(GAIT_SOURCE_DIR "/build/weights/pose_landmark_full.tflite"))
		return;
	printf("skipped: the model files are absent, run scripts/weights\n");
	exit(77);
}

int engine_run(const char *const *args, struct buf *out, struct buf *err_text)
{
	const char *argv[32] = { GAIT_POSE, "--weights", engine_weights() };
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e;
	size_t n = 3;

	for (; *args; args++) {
		assert_true(n + 1 < ARRAY_LEN(argv));
		argv[n++] = *args;
	}
	assert_ok(child_run(&spec, 240000, out, err_text, &end, &e), &e);
	if (!end.exited)
		fail_msg("gait-pose was ended by signal %d%s: %s", end.signal,
			end.timed_out ? " (too slow)" : "", err_text ? buf_str(err_text) : "");
	return end.code;
}
