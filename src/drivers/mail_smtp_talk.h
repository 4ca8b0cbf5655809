#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* How far one SMTP conversation came, and what the server said last. libcurl's own answer code is stale after
 * a transport error and does not tell a refused greeting from a refused message; the commands on the wire do.
 */

enum smtp_stage {
	SMTP_CONNECTING,
	SMTP_GREETED, /* EHLO was sent */
	SMTP_STARTTLS,
	SMTP_LOGIN,
	SMTP_READY, /* NOOP was sent: a probe */
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY, /* 354 was received */
};

struct smtp_talk {
	enum smtp_stage stage;
	int code;               /* of the last reply line in this stage, 0: none yet */
	char said[160];         /* that line for logs; never from a login */
	bool login_tried, over; /* over: QUIT was sent, which has an answer of its own */
};

/* For CURLOPT_DEBUGFUNCTION with CURLOPT_VERBOSE; CURLOPT_DEBUGDATA is the struct smtp_talk. */
int smtp_talk_watch(CURL *curl, curl_infotype type, char *data, size_t len, void *talk);

/* "RCPT TO" … for people. */
const char *smtp_stage_name(enum smtp_stage stage);
