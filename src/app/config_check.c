#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "app/config_value.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "app/site.h"
#include "core/ssh_key.h"

/* The world around the settings. Looks only. */

struct findings {
	struct config_finding *list;
	unsigned count, max;
};

/* A finding's words are "TEXT\nWHAT TO DO". */
__attribute__((format(printf, 4, 5))) static void find(
	struct findings *f, enum config_index i, bool fatal, const char *fmt, ...)
{
	char words[sizeof f->list->text + sizeof f->list->todo];
	va_list ap;

	if (f->count == f->max)
		return;
	va_start(ap, fmt);
	if (vsnprintf(words, sizeof words, fmt, ap) < 0)
		words[0] = '\0';
	va_end(ap);
	struct config_finding *n = &f->list[f->count++];
	char *todo = strchr(words, '\n');
	*n = (struct config_finding){ .option = i, .fatal = fatal };
	if (todo)
		*todo++ = '\0';
	snprintf(n->text, sizeof n->text, "%.*s", (int)sizeof n->text - 1, words);
	snprintf(n->todo, sizeof n->todo, "%.*s", (int)sizeof n->todo - 1, todo ? todo : "");
}

/* @path, or its closest parent that is there, in @out. */
static void nearest(const char *path, char out[CONFIG_PATH_BYTES], struct stat *st)
{
	snprintf(out, CONFIG_PATH_BYTES, "%s", path);
	while (stat(out, st) < 0 && out[1]) {
		char *slash = strrchr(out, '/');
		if (!slash)
			return;
		slash[slash == out] = '\0';
	}
}

/* A directory that gaitd makes: there and writable, or to be made in one that is. */
static void check_made(struct findings *f, enum config_index i, const char *path)
{
	char there[CONFIG_PATH_BYTES];
	struct stat st = { 0 };

	nearest(path, there, &st);
	bool is_writable_dir = S_ISDIR(st.st_mode) && access(there, R_OK | W_OK | X_OK) == 0;
	if (is_writable_dir)
		return;
	if (strcmp(there, path) != 0)
		find(f, i, true,
			"%s is not there, and this user may not make it in %s\n"
			"make it: install -d -m 700 -o USER %s, with the user that runs gaitd",
			path, there, path);
	else if (!S_ISDIR(st.st_mode))
		find(f, i, true, "%s is no directory\nremove it or name another place", path);
	else
		find(f, i, true, "%s may not be written by this user\nchown it to the user that runs gaitd",
			path);
}

static void check_path(struct findings *f, enum config_index i, const char *path)
{
	const char *want = config_options[i].least;
	bool is_program = strcmp(want, "program") == 0, is_dir = strcmp(want, "dir") == 0;
	struct stat st;

	if (strcmp(want, "made") == 0)
		check_made(f, i, path);
	else if (stat(path, &st) < 0)
		find(f, i, true, "%s: %s\n%s", path, strerror(errno),
			is_program ? "build or install it, or name the right place" : "name the right place");
	else if (is_dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		find(f, i, true, "%s is no %s\nname the right place", path, is_dir ? "directory" : "file");
	else if (access(path, is_dir ? R_OK | X_OK : is_program ? X_OK : R_OK) < 0)
		find(f, i, true, "%s may not be %s by this user\nchange its mode or owner", path,
			is_program ? "run" : "read");
}

static void check_secret(struct findings *f, enum config_index i, const char *path)
{
	char secret[4096];
	long least = strtol(config_options[i].least, NULL, 10);
	struct err e = { 0 };

	if (fsx_read_secret(path, secret, sizeof secret, &e) < 0)
		find(f, i, true, "%s\nchmod 600 it, owned by the user that runs gaitd", e.msg);
	else if (strlen(secret) < (size_t)least)
		find(f, i, true,
			"%s: its first line is shorter than %ld characters\n"
			"write a new one: head -c 32 /dev/urandom | base64 >%s",
			path, least, path);
	secret_wipe(secret, sizeof secret);
}

/* Does @url lead to this machine itself? */
static bool is_here(const char *url)
{
	const char *host = strstr(url, "://");
	char name[300];

	host = host ? host + 3 : url;
	if (*host == '[')
		snprintf(name, sizeof name, "%.*s", (int)strcspn(host + 1, "]"), host + 1);
	else
		snprintf(name, sizeof name, "%.*s", (int)strcspn(host, ":/?#"), host);
	return config_is_loopback(name);
}

/* In clear to another machine: everybody on the way may see patients' videos. */
static void check_s3_url(struct findings *f, enum config_index i, const char *url)
{
	if (str_starts(url, "http://") && !is_here(url))
		find(f, i, false,
			"%s: videos and results go to the store in clear\n"
			"use https:// where the store speaks TLS",
			url);
}

/* What libs3 cannot do must not be believed to be done. */
static void check_libs3(struct findings *f, const struct config *cfg)
{
	if (!*cfg->blob_s3_endpoint)
		find(f, CONFIG_blob_s3_endpoint, true,
			"is empty although blob.driver is libs3\nname the store: Amazon's takes blob.driver "
			"= s3 only");
	if (strcmp(cfg->blob_s3_encryption, "none") != 0)
		find(f, CONFIG_blob_s3_encryption, true,
			"%s cannot be asked for by libs3\nlet the store encrypt by itself, or use "
			"blob.driver = s3",
			cfg->blob_s3_encryption);
	if (*cfg->blob_s3_session_token_file)
		find(f, CONFIG_blob_s3_session_token_file, true,
			"cannot be sent by libs3\nuse keys without a session token, or blob.driver = s3");
}

static void check_s3(struct findings *f, const struct config *cfg)
{
	const struct {
		enum config_index i;
		const char *value, *todo;
	} needed[] = { { CONFIG_blob_s3_bucket, cfg->blob_s3_bucket, "make a bucket and name it" },
		{ CONFIG_blob_s3_access_key, cfg->blob_s3_access_key, "name the access key's id" },
		{ CONFIG_blob_s3_secret_key_file, cfg->blob_s3_secret_key_file,
			"write the secret key into a file of mode 0600 and name it" } };

	bool is_libs3 = strcmp(cfg->blob_driver, "libs3") == 0;
	if (!is_libs3 && strcmp(cfg->blob_driver, "s3") != 0)
		return;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!*needed[i].value)
			find(f, needed[i].i, true, "is empty although blob.driver is %s\n%s",
				cfg->blob_driver, needed[i].todo);
	check_s3_url(f, CONFIG_blob_s3_endpoint, cfg->blob_s3_endpoint);
	if (is_libs3)
		check_libs3(f, cfg);
	else
		check_s3_url(f, CONFIG_blob_s3_public_endpoint, cfg->blob_s3_public_endpoint);
	if (*cfg->blob_s3_prefix && !str_ends(cfg->blob_s3_prefix, "/"))
		find(f, CONFIG_blob_s3_prefix, true, "%s does not end in '/'\nwrite %s/", cfg->blob_s3_prefix,
			cfg->blob_s3_prefix);
	if (!is_libs3 && cfg->blob_url_ttl_ms > 7 * 86400 * INT64_C(1000))
		find(f, CONFIG_blob_url_ttl, false,
			"%s: S3 lets no signed address hold for more than 7 days\n"
			"set it to 7d, and cluster.walltime to less",
			cfg->text[CONFIG_blob_url_ttl]);
	if (*cfg->blob_s3_kms_key && strcmp(cfg->blob_s3_encryption, "aws:kms") != 0)
		find(f, CONFIG_blob_s3_kms_key, false,
			"is not used: blob.s3_encryption is %s\nset that to aws:kms, or empty this",
			cfg->blob_s3_encryption);
}

static void check_pbs_words(struct findings *f, const struct config *cfg)
{
	static const struct {
		const char *what;
		enum config_index i;
	} rows[] = { { "queue", CONFIG_cluster_queue }, { "account", CONFIG_cluster_account },
		{ "project", CONFIG_cluster_project }, { "place", CONFIG_cluster_place },
		{ "resources", CONFIG_cluster_resources }, { "cpus", CONFIG_cluster_cpus },
		{ "gpus", CONFIG_cluster_gpus }, { "memory", CONFIG_cluster_memory } };
	struct pbs_site site;
	const char *what = "";
	struct err e = { 0 };

	site_of(cfg, &site);
	if (pbs_site_check(&site, &what, &e) == 0)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].what, what) == 0)
			find(f, rows[i].i, true, "%s\nonly such values are handed to qsub", e.msg);
}

static bool is_found(const struct findings *f, enum config_index i)
{
	for (unsigned k = 0; k < f->count; k++)
		if (f->list[k].option == i)
			return true;
	return false;
}

static void check_pbs(struct findings *f, const struct config *cfg)
{
	const struct {
		enum config_index i;
		const char *value, *todo;
	} needed[] = { { CONFIG_cluster_host, cfg->cluster_host, "name the login node" },
		{ CONFIG_cluster_user, cfg->cluster_user, "name the account there" },
		{ CONFIG_cluster_key_file, cfg->cluster_key_file,
			"make a key and name it: ssh-keygen -t ed25519 -N ''" },
		{ CONFIG_cluster_known_hosts_file, cfg->cluster_known_hosts_file,
			"name the file with the login node's key" } };
	const char *unused = " is of no use with Slurm's commands\nempty it, or use cluster.resources";
	struct err e = { 0 };

	if (strcmp(cfg->cluster_driver, "pbs") != 0)
		return;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!*needed[i].value)
			find(f, needed[i].i, true, "is empty although cluster.driver is pbs\n%s",
				needed[i].todo);
	/* Whether it can be read at all was looked at with the other secrets. */
	if (*cfg->cluster_key_file && !is_found(f, CONFIG_cluster_key_file) &&
		ssh_key_check(cfg->cluster_key_file, &e) < 0)
		find(f, CONFIG_cluster_key_file, true, "%s\ncluster.key_file wants a key of type ed25519",
			e.msg);
	check_pbs_words(f, cfg);
	if (strcmp(cfg->cluster_scheduler, "slurm") == 0 && *cfg->cluster_project)
		find(f, CONFIG_cluster_project, false, "%s%s", cfg->cluster_project, unused);
	if (strcmp(cfg->cluster_scheduler, "slurm") == 0 && *cfg->cluster_place)
		find(f, CONFIG_cluster_place, false, "%s%s", cfg->cluster_place, unused);
}

/* A compute node that fetches its work by HTTP must get to gaitd and to the store. */
static void check_way_back(struct findings *f, const struct config *cfg)
{
	static const char todo[] =
		"name the address that compute nodes reach, or set cluster.transfer to relay";
	const char *store =
		*cfg->blob_s3_public_endpoint ? cfg->blob_s3_public_endpoint : cfg->blob_s3_endpoint;

	if (strcmp(cfg->cluster_driver, "pbs") != 0 || strcmp(cfg->cluster_transfer, "direct") != 0)
		return;
	if (!*cfg->http_public_url)
		find(f, CONFIG_http_public_url, false,
			"is empty: compute nodes would report to %s, where gaitd listens\n%s",
			cfg->http_listen, todo);
	else if (is_here(cfg->http_public_url))
		find(f, CONFIG_http_public_url, false,
			"%s is every machine's own address: compute nodes report to themselves there\n%s",
			cfg->http_public_url, todo);
	if (strcmp(cfg->blob_driver, "dir") != 0 && *store && is_here(store))
		find(f,
			*cfg->blob_s3_public_endpoint ? CONFIG_blob_s3_public_endpoint
						      : CONFIG_blob_s3_endpoint,
			false, "%s is every machine's own address: compute nodes find no store there\n%s",
			store, todo);
}

static void check_disk(struct findings *f, const struct config *cfg)
{
	char data[CONFIG_PATH_BYTES], blobs[CONFIG_PATH_BYTES];
	struct stat data_st = { 0 }, blobs_st = { 0 };
	int64_t bytes;

	nearest(cfg->data_dir, data, &data_st);
	nearest(cfg->blob_dir, blobs, &blobs_st);
	if (strcmp(cfg->blob_driver, "dir") == 0 && data_st.st_dev != blobs_st.st_dev)
		find(f, CONFIG_blob_dir, false,
			"%s is on another file system than data.dir\n"
			"uploads are copied instead of linked: put both on one to save the time and the "
			"space",
			cfg->blob_dir);
	if (fsx_free_bytes(data, &bytes, NULL) == 0 &&
		bytes < cfg->upload_min_free_bytes + cfg->upload_max_body_bytes)
		find(f, CONFIG_upload_min_free_bytes, false,
			"%lld MB are free in %s: a largest upload would leave less than "
			"upload.min_free_bytes\n"
			"make room, or lower upload.min_free_bytes or upload.max_body_bytes",
			(long long)(bytes / 1000000), data);
}

/* Is the option for drivers that are not in use? Its text then says "(driver NAME)" or "(drivers NAME,
 * NAME)": a web host without engines is no worse for that. */
static bool is_idle(const struct config *cfg, enum config_index i)
{
	const char *near, *p = strstr(config_options[i].text, "(driver");
	char name[64];

	if (!p)
		return false;
	snprintf(name, sizeof name, "%s.driver", config_options[i].section);
	const struct config_option *driver = config_find(name, &near);
	if (!driver)
		return false;
	const char *chosen = cfg->text[driver - config_options];
	size_t len = strlen(chosen);
	for (p += strcspn(p, " "); *p == ' ' || *p == ','; p += strcspn(p, " ,)")) {
		p += strspn(p, " ,");
		if (strncmp(p, chosen, len) == 0 && strchr(" ,)", p[len]))
			return false;
	}
	return true;
}

static void check_smtp(struct findings *f, const struct config *cfg)
{
	bool user = cfg->mail_smtp_user[0], password = cfg->mail_smtp_password_file[0];
	bool in_clear = strcmp(cfg->mail_smtp_security, "none") == 0;
	/* What may be reached in clear: a relay on the machine itself. */
	bool here = config_is_loopback(cfg->mail_smtp_host);

	if (!cfg->mail_smtp_host[0])
		find(f, CONFIG_mail_smtp_host, true,
			"is empty although mail.driver is smtp\nname the mail server");
	if (user != password)
		find(f, user ? CONFIG_mail_smtp_password_file : CONFIG_mail_smtp_user, true,
			"is empty although %s is set\nset both, or neither where the server wants no login",
			user ? "mail.smtp_user" : "mail.smtp_password_file");
	if (in_clear && user && !here)
		find(f, CONFIG_mail_smtp_security, true,
			"none would send the password in clear to %s\nset it to starttls or tls",
			cfg->mail_smtp_host);
	else if (in_clear && !here)
		find(f, CONFIG_mail_smtp_security, false,
			"mail goes to %s in clear: every reader on the way sees who is a patient\n"
			"set it to starttls or tls",
			cfg->mail_smtp_host);
}

static void check_relay(struct findings *f, const struct config *cfg)
{
	static const char http[] = "http://";

	if (!cfg->mail_http_url[0]) {
		find(f, CONFIG_mail_http_url, true, "is empty although mail.driver is http\nname the relay");
		return;
	}
	if (strncmp(cfg->mail_http_url, http, sizeof http - 1) != 0) {
		if (strncmp(cfg->mail_http_url, "https://", 8) != 0)
			find(f, CONFIG_mail_http_url, true,
				"is no https address\nname the relay as https://HOST/PATH");
		return;
	}
	if (!is_here(cfg->mail_http_url))
		find(f, CONFIG_mail_http_url, true, "would send mail in clear to another machine\nuse https");
}

static void check_mail(struct findings *f, const struct config *cfg)
{
	if (strcmp(cfg->mail_driver, "smtp") == 0)
		check_smtp(f, cfg);
	else if (strcmp(cfg->mail_driver, "http") == 0)
		check_relay(f, cfg);
	if (strcmp(cfg->mail_driver, "maildir") != 0 &&
		cfg->origin[CONFIG_mail_from].source == CONFIG_DEFAULT)
		find(f, CONFIG_mail_from, false,
			"is %s, which nobody can answer and many servers refuse\nname an address of this "
			"site",
			cfg->mail_from);
}

unsigned config_check(const struct config *cfg, struct config_finding *ret, unsigned max)
{
	struct findings f = { ret, 0, max };

	for (int i = 0; i < CONFIG_COUNT; i++) {
		const char *path = cfg->text[i];
		if (path[0] == '\0' || is_idle(cfg, (enum config_index)i))
			continue;
		if (config_options[i].type == CONFIG_PATH)
			check_path(&f, (enum config_index)i, path);
		else if (config_options[i].type == CONFIG_SECRET_FILE)
			check_secret(&f, (enum config_index)i, path);
	}
	if (cfg->model_allow_demonstration && cfg->model_dir[0] == '\0')
		find(&f, CONFIG_model_dir, false,
			"is empty although model.allow_demonstration is set\nname the model's directory: "
			"without it no "
			"result has a score");
	check_mail(&f, cfg);
	check_disk(&f, cfg);
	check_s3(&f, cfg);
	check_pbs(&f, cfg);
	check_way_back(&f, cfg);
	return f.count;
}
