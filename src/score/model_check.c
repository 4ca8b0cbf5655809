#include "score/model_check.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum { DEPTH = 16, MAX_TREES = 5000, MAX_NODES = 4095, MAX_MEMBERS = 64 };

/* Of a member that stands twice we would read the first and XGBoost the last, which nobody looked at. */
static int check_members(const struct json *v, struct err *e)
{
	size_t n = 0;

	for (const struct json *m = json_first(v); m; m = json_next(m)) {
		if (json_is_object(v) && ++n > MAX_MEMBERS)
			return err_set(e, ERR_CORRUPT, "an object has more than %d members", MAX_MEMBERS);
		for (const struct json *k = json_is_object(v) ? json_first(v) : m; k != m; k = json_next(k))
			if (strcmp(json_name(k), json_name(m)) == 0)
				return err_set(e, ERR_CORRUPT, "\"%.40s\" stands twice", json_name(m));
		if ((json_is_object(m) || json_is_array(m)) && check_members(m, e) < 0)
			return -1;
	}
	return 0;
}

/* Numbers stand as text in XGBoost's "…_param" objects. */
static bool text_is(const struct json *object, const char *member, const char *want)
{
	return strcmp(json_str(json_get(object, member), ""), want) == 0;
}

static int check_shape(const struct json *learner, const struct manifest *m, struct err *e)
{
	size_t i = 0;
	char count[24];

	for (const struct json *v = json_first(json_get(learner, "feature_names")); v; v = json_next(v), i++)
		if (i >= m->features || strcmp(json_str(v, ""), feature_name(m->feature[i])) != 0)
			return err_set(e, ERR_CORRUPT,
				"feature %zu of the model is \"%.60s\", which the manifest does not have "
				"there",
				i + 1, json_str(v, ""));
	if (i < m->features)
		return err_set(e, ERR_CORRUPT, "the manifest's feature %s is missing in the model",
			feature_name(m->feature[i]));
	snprintf(count, sizeof count, "%zu", m->features);
	if (!text_is(json_get(learner, "learner_model_param"), "num_feature", count))
		return err_set(e, ERR_CORRUPT, "num_feature is not %zu", m->features);
	/* Another count of outputs would make XGBoost fill a larger array than it is asked for. */
	const struct json *param = json_get(learner, "learner_model_param");
	if (!text_is(param, "num_class", "0"))
		return err_set(e, ERR_CORRUPT, "its num_class is not 0");
	if (json_get(param, "num_target") && !text_is(param, "num_target", "1"))
		return err_set(e, ERR_CORRUPT, "its num_target is not 1");
	return 0;
}

/* -1 (a leaf) or a later node. */
static int check_children(const struct json *list, size_t nodes, struct err *e)
{
	size_t i = 0;

	for (const struct json *v = json_first(list); v; v = json_next(v), i++) {
		int64_t child = json_int(v, -2);
		if (child != -1 && (child <= (int64_t)i || child >= (int64_t)nodes))
			return err_set(e, ERR_CORRUPT, "node %zu has a child outside its tree", i);
	}
	return i == nodes ? 0 : err_set(e, ERR_CORRUPT, "%zu children for %zu nodes", i, nodes);
}

static int check_tree(const struct json *tree, size_t at, size_t features, struct err *e)
{
	static const char *const same_length[] = { "left_children", "right_children", "split_indices",
		"split_conditions", "parents", "default_left", "base_weights", "loss_changes", "sum_hessian",
		"split_type" };
	const struct json *left = json_get(tree, "left_children"), *right = json_get(tree, "right_children");
	size_t nodes = json_len(left);
	char count[24];

	/* XGBoost puts it where its id says: another place stays empty, and it reads from there. */
	if (json_int(json_get(tree, "id"), -1) != (int64_t)at)
		return err_set(e, ERR_CORRUPT, "its id is not its place");
	snprintf(count, sizeof count, "%zu", nodes);
	if (nodes < 1 || nodes > MAX_NODES || !text_is(json_get(tree, "tree_param"), "num_nodes", count))
		return err_set(e, ERR_CORRUPT, "its count of nodes is wrong or above %d", MAX_NODES);
	snprintf(count, sizeof count, "%zu", features);
	if (!text_is(json_get(tree, "tree_param"), "num_feature", count))
		return err_set(e, ERR_CORRUPT, "its num_feature is not %zu", features);
	for (size_t i = 0; i < sizeof same_length / sizeof *same_length; i++)
		if (json_len(json_get(tree, same_length[i])) != nodes)
			return err_set(e, ERR_CORRUPT, "%s has not one entry a node", same_length[i]);
	if (check_children(left, nodes, e) < 0 || check_children(right, nodes, e) < 0)
		return -1;
	const struct json *r = json_first(right);
	for (const struct json *l = json_first(left); l; l = json_next(l), r = json_next(r))
		if ((json_int(l, -1) < 0) != (json_int(r, -1) < 0))
			return err_set(e, ERR_CORRUPT, "a node has one child only");
	for (const struct json *v = json_first(json_get(tree, "split_indices")); v; v = json_next(v))
		if (json_int(v, -1) < 0 || (size_t)json_int(v, -1) >= features)
			return err_set(e, ERR_CORRUPT, "it splits at a feature that is not there");
	for (const struct json *v = json_first(json_get(tree, "split_type")); v; v = json_next(v))
		if (json_int(v, -1) != 0)
			return err_set(e, ERR_CORRUPT, "it splits at categories; only numbers are supported");
	return 0;
}

static int check_booster(const struct json *booster, size_t features, struct err *e)
{
	const struct json *model = json_get(booster, "model");
	size_t trees = json_len(json_get(model, "trees")), groups = 0, i = 0;
	char count[24];

	if (!text_is(booster, "name", "gbtree"))
		return err_set(e, ERR_CORRUPT, "its booster is \"%.40s\", not gbtree",
			json_str(json_get(booster, "name"), ""));
	snprintf(count, sizeof count, "%zu", trees);
	if (trees < 1 || trees > MAX_TREES ||
		!text_is(json_get(model, "gbtree_model_param"), "num_trees", count))
		return err_set(e, ERR_CORRUPT, "its count of trees is wrong or above %d", MAX_TREES);
	for (const struct json *v = json_first(json_get(model, "tree_info")); v; v = json_next(v), groups++)
		if (json_int(v, -1) != 0)
			return err_set(e, ERR_CORRUPT, "it has more than one output");
	if (groups != trees)
		return err_set(e, ERR_CORRUPT, "tree_info has not one entry a tree");
	for (const struct json *v = json_first(json_get(model, "trees")); v; v = json_next(v), i++)
		if (check_tree(v, i, features, e) < 0)
			return err_wrap(e, "tree %zu", i);
	return 0;
}

int model_check(const char *text, size_t len, const struct manifest *m, struct err *e)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;

	/* Whatever begins otherwise XGBoost takes for one of its binary formats, also after a blank. */
	if (len < 2 || text[0] != '{' || text[1] != '"')
		return err_set(e, ERR_CORRUPT, "XGBoost's JSON begins with {\" and this does not");
	if (json_parse(text, len, DEPTH, &root, e) < 0 || check_members(root, e) < 0)
		return -1;
	const struct json *learner = json_get(root, "learner");
	if (!json_is_object(learner))
		return err_set(e, ERR_CORRUPT, "this is no XGBoost model in JSON");
	if (!text_is(json_get(learner, "objective"), "name", "binary:logistic"))
		return err_set(e, ERR_CORRUPT, "its objective is \"%.40s\", not binary:logistic",
			json_str(json_get(json_get(learner, "objective"), "name"), ""));
	if (check_shape(learner, m, e) < 0)
		return -1;
	return check_booster(json_get(learner, "gradient_booster"), m->features, e);
}
