#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/ids.h"
#include "core/release.h"
#include "ports/blob.h"
#include "ports/cluster.h"
#include "ports/mailer.h"
#include "service/wake.h"
#include "store/store.h"

/* What the use cases share: the store, the three ports, the data folder and the settings. Made by
 * src/app/wire.c, which alone knows the drivers. */

struct service_options {
	const char *data_dir;   /* spool/, keys, lock */
	const char *public_url; /* "http://127.0.0.1:8437", without a final slash; links in mail, callbacks */
	const char *callback_url; /* what attempts call: public_url + "/api/v1" */
	const char *site_name;
	const char *mail_from; /* bare address; its domain ends the Message-IDs */
	bool mail_may_send_score;
	enum release_mode release_mode; /* of results that complete from now on */
	const char *consent_version;    /* "" while no consent text is configured */
	const char *consent_text;       /* what submitters read; "" likewise */
	int64_t max_video_bytes, min_free_bytes, max_body_bytes;
	unsigned max_uploads_per_user, refuse_above_queued;
	unsigned max_resumable_per_user; /* uploads that wait for their job */
	int64_t expire_uploads_ms;       /* since the last byte of one */
	int max_attempts;
	unsigned max_in_flight;
	/* Of an attempt: the first guess, then within limits (core/walltime.h). */
	int64_t walltime_s, walltime_min_s, walltime_max_s, startup_s;
	int64_t never_runs_ms; /* how long a request may wait that the scheduler says it can never run */
	bool relay;            /* nodes reach neither gaitd nor the store */
	bool want_gpu;
	const char *pose_path; /* tells how many frames a video has; "" or NULL: nobody does */
	int64_t status_interval_ms, poll_interval_ms, url_ttl_s, session_ttl_ms;
	unsigned sign_ins_per_address, sign_ins_per_account; /* failures within … */
	int64_t sign_in_window_ms;                           /* … this long */
	bool allow_demonstration;
	const char *engine;     /* "gait-pose": what attempts are told to run */
	const char *pose_model; /* "full" or "heavy" */
	double max_video_s;
	unsigned max_analyses, max_analyses_per_user; /* at once */
	int64_t max_analysis_bytes;
};

struct service {
	struct service_options opt; /* strings borrowed from the configuration */
	struct store *store;        /* owned by wire.c, as are the ports */
	struct blob *blob;
	struct cluster *cluster;
	struct mailer *mailer;

	char spool[4000], spool_tmp[4010];
	int lock_fd;         /* flock on the data folder; -1 in gaitctl */
	uint8_t key[32];     /* the server's secret: attempt tokens */
	char boot[ID_BYTES]; /* every lease of this process begins with it */

	/* The notifier's own: mail cannot leave at present, so that only single tries are made until then. */
	struct mail_hold {
		int failures;     /* in a row */
		int64_t since_ms; /* wall clock, before the last failed try */
		int64_t until_ms; /* monotonic */
	} mail_hold;

	struct wake worker, stager, reaper, fetch, notifier, hub_news, health_wish;
	atomic_bool ready;              /* the start-up reconciliation is done */
	_Atomic int64_t reserved_bytes; /* of uploads under way */
	struct uploads *uploads;        /* who uploads how many at present */
	struct sign_in_limits *sign_ins;
	struct analyses *analyses; /* who has how many analyses under way */
	struct scorer *scorer;     /* NULL in gaitctl */
	struct hub *hub;
	struct fetcher *fetcher;
	struct health_watch *health;
	struct queue_view *queue_view;
	struct status_cache *status_cache; /* NULL in gaitctl */
};

/**
 * service_open() - prepare the data folder and the shared state
 * @alone   gaitd: take the lock (ERR_CONFLICT where another gaitd holds it); gaitctl passes false
 * Ports and store are set by the caller afterwards. Return 0; -1 with ERR_IO, ERR_CONFLICT, ERR_CONFIG
 */
int service_open(const struct service_options *opt, bool alone, struct service *ret, struct err *e);
void service_close(struct service *s);

/**
 * service_reconcile() - after a crash, before uploads are accepted
 * Voids the leases of earlier boots, removes spool files that no row knows and whatever lies in spool/tmp,
 * keeps unfinished uploads and the room that they still need.
 */
int service_reconcile(struct service *s, struct err *e);

/* The path of a spooled video. */
int service_spool_path(const struct service *s, const char *name, char *out, size_t size, struct err *e);

/* A new id, and a new lease of this boot. */
void service_new_id(char out[ID_BYTES]);
void service_new_lease(const struct service *s, char *out, size_t size);

/* Jitter for retries. */
uint32_t service_random(void);

/* Log one failure of a background step. */
void service_log_failure(const char *event, const char *job, const struct err *e);
