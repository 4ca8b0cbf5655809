#include "figure.h"

#include "noise.h"

/* Measures below are those of the adult figure of 1.75 m; each bone's scale is applied in add(). */
struct builder {
	struct figure *f;
	const struct body *b;
};

static void add(struct builder *w, struct part p)
{
	float k = skeleton_scale(w->b, p.bone);

	p.a = v_mul(p.a, k);
	p.b = v_mul(p.b, k);
	p.ra *= k;
	p.rb *= k;
	p.radii = v_mul(p.radii, k);
	p.blend *= k;
	if (w->f->parts < FIGURE_PARTS_MAX)
		w->f->part[w->f->parts++] = p;
}

/* A capsule from @a to @b; @shadow parts are also what light is blocked by. */
static void capsule(struct builder *w, enum bone bone, enum material mat, int group, struct vec3 a,
	struct vec3 b, float ra, float rb, float blend, int shadow)
{
	add(w, (struct part){ SHAPE_CAPSULE, bone, mat, group, a, b, ra, rb, { 0, 0, 0 }, blend, shadow });
}

static void ellipsoid(
	struct builder *w, enum material mat, struct vec3 at, struct vec3 radii, float blend, int shadow)
{
	enum shape shape = mat == MAT_HAIR ? SHAPE_HAIR_CAP : SHAPE_ELLIPSOID;

	add(w, (struct part){ shape, BONE_HEAD, mat, GROUP_TRUNK, at, at, 0, 0, radii, blend, shadow });
}

/* A capsule across the trunk, from side to side. */
static void bar(struct builder *w, enum bone bone, enum material mat, float x, float half, float z, float r,
	float blend)
{
	capsule(w, bone, mat, GROUP_TRUNK, v3(x, -half, z), v3(x, half, z), r, r, blend, 1);
}

static void build_trunk(struct builder *w)
{
	bar(w, BONE_PELVIS, MAT_TROUSERS, -.015f, .070f, .015f, .100f, .05f);
	bar(w, BONE_PELVIS, MAT_TROUSERS, -.050f, .060f, -.030f, .078f, .05f);
	bar(w, BONE_PELVIS, MAT_SHIRT, -.012f, .066f, .045f, .108f, .04f);
	bar(w, BONE_THORAX, MAT_SHIRT, .000f, .055f, .05f, .102f, .08f);
	bar(w, BONE_THORAX, MAT_SHIRT, .002f, .066f, .20f, .108f, .08f);
	bar(w, BONE_THORAX, MAT_SHIRT, .002f, .075f, .30f, .107f, .08f);
	bar(w, BONE_THORAX, MAT_SHIRT, -.012f, .05f, .42f, .056f, .07f);
	for (int i = -1; i < 2; i += 2) {
		float g = (float)i;

		capsule(w, BONE_THORAX, MAT_SHIRT, GROUP_TRUNK, v3(-.015f, g * .035f, .445f),
			v3(-.008f, g * .160f, .402f), .045f, .056f, .05f, 1);
		capsule(w, BONE_THORAX, MAT_SHIRT, GROUP_TRUNK, v3(-.05f, g * .075f, .34f),
			v3(-.03f, g * .08f, .22f), .07f, .06f, .05f, 0);
	}
	capsule(w, BONE_THORAX, MAT_SKIN, GROUP_TRUNK, v3(-.012f, 0, .43f), v3(.008f, 0, .57f), .054f, .050f,
		.02f, 1);
}

/* A short capsule on the head. */
static void feature(
	struct builder *w, enum material mat, struct vec3 a, struct vec3 b, float ra, float rb, float blend)
{
	capsule(w, BONE_HEAD, mat, GROUP_TRUNK, a, b, ra, rb, blend, 0);
}

static void build_head(struct builder *w)
{
	ellipsoid(w, MAT_SKIN, v3(-.012f, 0, .022f), v3(.094f, .073f, .093f), .02f, 1);
	ellipsoid(w, MAT_SKIN, v3(.022f, 0, -.040f), v3(.068f, .054f, .076f), .03f, 0);
	feature(w, MAT_SKIN, v3(.064f, -.008f, -.096f), v3(.064f, .008f, -.096f), .020f, .020f,
		.02f);                                                                        /* chin */
	feature(w, MAT_SKIN, v3(.084f, 0, .012f), v3(.103f, 0, -.028f), .008f, .013f, .012f); /* nose */
	feature(w, MAT_SKIN, v3(.092f, -.011f, -.033f), v3(.092f, .011f, -.033f), .008f, .008f, .008f);
	feature(w, MAT_SKIN, v3(.072f, -.034f, .027f), v3(.072f, .034f, .027f), .014f, .014f,
		.015f); /* brow */
	feature(w, MAT_LIP, v3(.083f, -.016f, -.064f), v3(.083f, .016f, -.064f), .0075f, .0075f, .006f);
	for (int i = -1; i < 2; i += 2) {
		float g = (float)i;

		feature(w, MAT_SKIN, v3(.000f, g * .038f, -.072f), v3(.055f, g * .013f, -.095f), .022f, .020f,
			.02f);
		ellipsoid(w, MAT_SKIN, v3(-.008f, g * .076f, -.008f), v3(.018f, .010f, .031f), .008f,
			0); /* ear */
		ellipsoid(w, MAT_SKIN, v3(.050f, g * .035f, -.028f), v3(.03f, .022f, .03f), .02f,
			0); /* cheek */
	}
	ellipsoid(w, MAT_HAIR, v3(-.020f, 0, .034f), v3(.103f, .082f, .097f), .006f, 0);
}

static void build_leg(struct builder *w, const struct body *b, enum side side)
{
	float g = side == SIDE_LEFT ? 1 : -1, thigh = (float)(b->thigh / b->limb_scale);
	float shank = (float)(b->shank / b->limb_scale);
	enum bone th = BONE_THIGH + side, sh = BONE_SHANK + side, ft = BONE_FOOT + side,
		  to = BONE_TOES + side;
	int grp = GROUP_LEG + (int)side;

	capsule(w, th, MAT_TROUSERS, grp, v3(-.005f, g * .006f, .01f), v3(0, 0, -thigh), .089f, .060f, .06f,
		1);
	capsule(w, th, MAT_TROUSERS, grp, v3(.012f, 0, -.24f * thigh), v3(.012f, 0, -.62f * thigh), .076f,
		.064f, .04f, 0);
	capsule(w, sh, MAT_TROUSERS, grp, v3(0, 0, 0), v3(-.004f, 0, -shank + .055f), .060f, .051f, .04f, 1);
	capsule(w, sh, MAT_TROUSERS, grp, v3(-.022f, 0, -.21f * shank), v3(-.016f, 0, -.47f * shank), .054f,
		.045f, .04f, 0);
	capsule(w, sh, MAT_SKIN, grp, v3(0, 0, -shank + .10f), v3(0, 0, -shank), .036f, .034f, .01f, 0);
	capsule(w, ft, MAT_SHOE, grp, v3(-.030f, 0, -.045f), v3(.105f, g * .004f, -.050f), .037f, .036f, .03f,
		1);
	capsule(w, ft, MAT_SHOE, grp, v3(-.012f, 0, -.005f), v3(.070f, 0, -.042f), .041f, .037f, .03f, 0);
	capsule(w, ft, MAT_SHOE, grp, v3(.10f, -g * .018f, -.052f), v3(.115f, g * .018f, -.055f), .030f,
		.028f, .03f, 0);
	capsule(w, to, MAT_SHOE, grp, v3(-.015f, -g * .016f, .031f), v3(.052f, -g * .006f, .026f), .032f,
		.026f, .03f, 1);
	capsule(w, to, MAT_SHOE, grp, v3(-.015f, g * .018f, .029f), v3(.030f, g * .018f, .024f), .030f, .024f,
		.03f, 0);
}

static void build_hand(struct builder *w, enum side side)
{
	float g = side == SIDE_LEFT ? 1 : -1;
	enum bone bone = BONE_HAND + side;
	int grp = GROUP_ARM + (int)side;

	capsule(w, bone, MAT_SKIN, grp, v3(-.012f, 0, -.03f), v3(-.014f, 0, -.085f), .017f, .017f, .02f, 1);
	capsule(w, bone, MAT_SKIN, grp, v3(.012f, 0, -.03f), v3(.015f, 0, -.085f), .017f, .016f, .02f, 0);
	for (int i = 0; i < 4; i++) { /* fingers of two parts, a little curled */
		float x = -.027f + .018f * (float)i, tip = i == 1 || i == 2 ? -.164f : -.158f;
		struct vec3 mid = v3(x * .95f, -g * .012f, -.135f);

		capsule(w, bone, MAT_SKIN, grp, v3(x, 0, -.085f), mid, .0095f, .0085f, .006f, 0);
		capsule(w, bone, MAT_SKIN, grp, mid, v3(x * .9f, -g * .032f, tip), .0085f, .007f, .004f, 0);
	}
	capsule(w, bone, MAT_SKIN, grp, v3(.02f, 0, -.025f), v3(.045f, -g * .012f, -.075f), .013f, .010f,
		.01f, 0);
	capsule(w, bone, MAT_SKIN, grp, v3(.045f, -g * .012f, -.075f), v3(.045f, -g * .018f, -.10f), .010f,
		.009f, .004f, 0);
}

static void build_arm(struct builder *w, const struct body *b, enum side side)
{
	float upper = (float)(b->upper_arm / b->limb_scale), fore = (float)(b->forearm / b->limb_scale);
	enum bone ua = BONE_UPPER_ARM + side, fa = BONE_FOREARM + side;
	int grp = GROUP_ARM + (int)side;

	capsule(w, ua, MAT_SHIRT, grp, v3(0, 0, 0), v3(0, 0, -.51f * upper), .060f, .055f, .03f, 1);
	capsule(w, ua, MAT_SKIN, grp, v3(0, 0, -.37f * upper), v3(0, 0, -upper), .045f, .037f, .02f, 1);
	capsule(w, fa, MAT_SKIN, grp, v3(0, 0, 0), v3(0, 0, -fore), .037f, .026f, .02f, 1);
	capsule(w, fa, MAT_SKIN, grp, v3(.004f, 0, -.03f), v3(.003f, 0, -.46f * fore), .040f, .034f, .02f, 0);
	build_hand(w, side);
}

/* Which of @n colours seed @seed wears; seed 1 wears the first. */
static uint32_t pick(uint32_t seed, uint32_t salt, uint32_t n)
{
	return (noise_hash(seed * 2654435761u + salt) % n + n - noise_hash(2654435761u + salt) % n) % n;
}

static struct palette choose_colours(uint32_t seed)
{
	static const struct vec3 shirts[] = { { .085f, .225f, .42f }, { .42f, .10f, .08f },
		{ .10f, .30f, .16f }, { .55f, .52f, .46f } };
	static const struct vec3 trousers[] = { { .30f, .27f, .22f }, { .07f, .09f, .15f },
		{ .16f, .17f, .17f }, { .20f, .14f, .09f } };
	static const struct vec3 skins[] = { { .62f, .40f, .29f }, { .70f, .50f, .40f }, { .40f, .23f, .14f },
		{ .22f, .12f, .075f } };
	static const struct vec3 hairs[] = { { .045f, .028f, .018f }, { .02f, .018f, .016f },
		{ .22f, .14f, .06f } };
	static const struct vec3 shoes[] = { { .62f, .09f, .07f }, { .08f, .08f, .09f },
		{ .10f, .22f, .45f } };

	return (struct palette){
		.shirt = shirts[pick(seed, 1, 4)],
		.trousers = trousers[pick(seed, 2, 4)],
		.skin = skins[pick(seed, 3, 4)],
		.hair = hairs[pick(seed, 4, 3)],
		.shoe = shoes[pick(seed, 5, 3)],
	};
}

void figure_build(struct figure *f, const struct body *body, uint32_t seed)
{
	struct builder w = { f, body };

	f->parts = 0;
	f->colours = choose_colours(seed);
	build_trunk(&w);
	build_head(&w);
	for (int s = 0; s < SIDE_COUNT; s++)
		build_leg(&w, body, (enum side)s);
	for (int s = 0; s < SIDE_COUNT; s++)
		build_arm(&w, body, (enum side)s);
}
