#include "kit.h"

#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "support/testing.h"
#include "synth.h"

struct patient adult(void)
{
	struct patient p;

	patient_init(&p);
	p.height_m = 1.70;
	p.age_months = 360;
	p.sex = 'F';
	return p;
}

void walk(struct patient p, double seconds, double width_m, double noise_px, uint64_t seed,
	struct analysis *ret)
{
	KEYPOINTS_CLEANUP struct keypoints front;
	KEYPOINTS_CLEANUP struct keypoints side;
	struct synth f = synth_adult(VIEW_FRONT), s = synth_adult(VIEW_SIDE);
	struct err e = { 0 };

	keypoints_init(&front);
	keypoints_init(&side);
	s.seconds = seconds;
	f.seconds = seconds > 6 ? 6 : seconds; /* farther away, the same noise would be more metres */
	s.width = seconds > 6 ? (int)(s.width * seconds / 6) : s.width; /* a way as long as the walk */
	f.width_m = width_m;
	f.noise_px = s.noise_px = noise_px;
	f.seed += seed;
	s.seed += seed;
	synth_fill(&f, &front);
	synth_fill(&s, &side);
	assert_ok(analyze(&front, &side, &p, ret, &e), &e);
}

void replace(struct buf *b, const char *from, const char *to)
{
	struct err e = { 0 };
	BUF_CLEANUP struct buf copy;
	const char *at = strstr(buf_str(b), from);

	if (!at)
		fail_msg("\"%s\" is not in the file", from);
	buf_init(&copy, 1 << 20);
	assert_ok(buf_add(&copy, b->data, (size_t)(at - b->data), &e), &e);
	assert_ok(buf_adds(&copy, to, &e), &e);
	assert_ok(buf_adds(&copy, at + strlen(from), &e), &e);
	buf_reset(b);
	assert_ok(buf_add(b, copy.data, copy.len, &e), &e);
}

void write_in(const char *dir, const char *name, const struct buf *b)
{
	char path[600];
	struct err e = { 0 };

	assert_ok(fsx_join(path, sizeof path, dir, name, &e), &e);
	assert_ok(fsx_replace(path, b->data, b->len, 0600, &e), &e);
}

void write_changed(const char *dir, const struct change *c)
{
	BUF_CLEANUP struct buf manifest;
	BUF_CLEANUP struct buf model;
	char old_sum[65], new_sum[65];
	uint8_t sum[32];
	struct err e = { 0 };

	buf_init(&manifest, 1 << 20);
	buf_init(&model, 1 << 20);
	assert_ok(fsx_read_file(MODELS "/manifest.json", &manifest, &e), &e);
	assert_ok(fsx_read_file(MODELS "/model.json", &model, &e), &e);
	assert_ok(sha256_of(model.data, model.len, sum, &e), &e);
	hex_encode(sum, sizeof sum, old_sum);
	replace(c->in_model ? &model : &manifest, c->from, c->to);
	if (c->in_model) { /* an honest checksum, so that the look inside is what refuses */
		assert_ok(sha256_of(model.data, model.len, sum, &e), &e);
		hex_encode(sum, sizeof sum, new_sum);
		replace(&manifest, old_sum, new_sum);
	}
	write_in(dir, "manifest.json", &manifest);
	write_in(dir, "model.json", &model);
}

static const char ramp_manifest[] =
	"{\"name\":\"ramp\",\"version\":\"1\",\"demonstration\":true,\"notice\":\"a "
	"test\",\"file\":\"model.json\","
	"\"sha256\":\"%s\",\"features\":[{\"name\":\"knee_range\",\"unit\":\"degrees\"}],\"max_missing\":0,"
	"\"min_cycles_a_side\":2,\"population\":{\"text\":\"t\",\"age_min_months\":36,\"age_max_months\":"
	"1200},"
	"\"training\":{\"data\":\"none\",\"date\":\"2026-01-01\"},\"calibration\":{\"slope\":1,\"intercept\":"
	"0},"
	"\"decision\":{\"threshold\":0.5,\"above\":\"a\",\"below\":\"b\"}}";

static const char ramp_tree[] =
	"%s{\"base_weights\":[0.0,0.0,0.0],\"categories\":[],\"categories_nodes\":[],\"categories_segments\":"
	"[],"
	"\"categories_sizes\":[],\"default_left\":[1,0,0],\"id\":%d,\"left_children\":[1,-1,-1],"
	"\"loss_changes\":[1.0,0.0,0.0],\"parents\":[2147483647,0,0],\"right_children\":[2,-1,-1],"
	"\"split_conditions\":[%.4f,-0.025,0.025],\"split_indices\":[0,0,0],\"split_type\":[0,0,0],"
	"\"sum_hessian\":[2.0,1.0,1.0],\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"1\",\"num_"
	"nodes\":"
	"\"3\","
	"\"size_leaf_vector\":\"0\"}}";

static const char ramp_end[] =
	"]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":\"5E-1\",\"boost_from_average\":"
	"\"1\","
	"\"num_class\":\"0\",\"num_feature\":\"1\",\"num_target\":\"1\"},\"objective\":{\"name\":"
	"\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}},\"version\":[1,7,4]}";

void write_ramp(const char *dir, double low, double high)
{
	enum { TREES = 200 };
	BUF_CLEANUP struct buf model;
	BUF_CLEANUP struct buf manifest;
	uint8_t sum[32];
	char hex[65];
	struct err e = { 0 };

	buf_init(&model, 1 << 20);
	buf_init(&manifest, 1 << 16);
	assert_ok(buf_addf(&model, &e,
			  "{\"learner\":{\"attributes\":{},\"feature_names\":[\"knee_range\"],\"feature_"
			  "types\":[],"
			  "\"gradient_booster\":{\"model\":{\"gbtree_model_param\":{\"num_parallel_tree\":"
			  "\"1\","
			  "\"num_trees\":\"%d\",\"size_leaf_vector\":\"0\"},\"tree_info\":[0",
			  TREES),
		&e);
	for (int i = 1; i < TREES; i++)
		assert_ok(buf_adds(&model, ",0", &e), &e);
	assert_ok(buf_adds(&model, "],\"trees\":[", &e), &e);
	for (int i = 0; i < TREES; i++)
		assert_ok(
			buf_addf(&model, &e, ramp_tree, i ? "," : "", i, low + (high - low) * i / TREES), &e);
	assert_ok(buf_adds(&model, ramp_end, &e), &e);
	assert_ok(sha256_of(model.data, model.len, sum, &e), &e);
	hex_encode(sum, sizeof sum, hex);
	assert_ok(buf_addf(&manifest, &e, ramp_manifest, hex), &e);
	write_in(dir, "model.json", &model);
	write_in(dir, "manifest.json", &manifest);
}
