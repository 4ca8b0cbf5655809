#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "http/internal.h"
#include "http/reply.h"

/* Files of the web app. A name with a hash in it (app-3f9c2b1a.js) never changes its content and may be kept
 * for ever; everything else is asked for again. Addresses without a dot are the app's own: index.html serves
 * them. Where a file has a packed neighbour (app-3f9c2b1a.js.br, .gz), browsers that take it get that. */

static const char builtin_page[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\"><title>gaitd</title>\n"
	"<h1>gaitd runs</h1>\n"
	"<p>No web app is installed here: build it with <code>scripts/web</code> (needs npm), or name its "
	"folder in the setting <code>http.static_dir</code>. What works without one:</p>\n"
	"<ul>\n<li>Send two videos with curl and an API token (<code>gaitctl tokens add</code>):\n"
	"<pre>curl -H 'Authorization: Bearer gt_&hellip;' -F fileuploadfront=@front.mp4 -F "
	"fileuploadside=@side.mp4 \\\n"
	"  -F age=8 -F sex=F -F height=130cm -F weight=27kg &lt;this address&gt;/api/v1/upload</pre></li>\n"
	"<li>Follow and read jobs: <code>gaitctl jobs list</code>, <code>gaitctl jobs watch ID</code>, or\n"
	"<code>GET /api/v1/jobs/ID</code>, <code>/events</code>, <code>/result</code></li>\n"
	"<li>The whole interface: <a href=\"/openapi.yaml\">openapi.yaml</a></li>\n</ul>\n</html>\n";

static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".map", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".webp", "image/webp" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".wasm", "application/wasm" },
	{ ".mp4", "video/mp4" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".yaml", "application/yaml" },
};

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_ends(path, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

/* Every step a plain name: no empty one, no hidden one, so no ".." either. */
static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || path[0] == '.' || memchr(path, '\\', len))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

/* "name-HASH.ext" or "name.HASH.ext" with at least 8 characters of hexadecimal or base64url that hold a
 * digit. */
static bool is_hashed(const char *path)
{
	const char *name = strrchr(path, '/'), *ext = strrchr(path, '.');

	name = name ? name + 1 : path;
	if (!ext || ext <= name)
		return false;
	const char *from = ext;
	bool digit = false;
	while (from > name && from[-1] != '-' && from[-1] != '.') {
		from--;
		digit = digit || (*from >= '0' && *from <= '9');
	}
	return from > name && ext - from >= 8 && digit;
}

/* Symbolic links are not followed, at any step of the way. */
static int open_below(const char *dir, const char *path)
{
	CLEANUP(close_p) int at = open(dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	char name[256];

	while (at >= 0) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';

		if (len >= sizeof name)
			break;
		memcpy(name, path, len);
		name[len] = '\0';
		int next = openat(at, name,
			O_NOFOLLOW | O_CLOEXEC | (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
		if (last || next < 0)
			return next;
		(void)close(at);
		at = next;
		path += len + 1;
	}
	errno = ENOENT;
	return -1;
}

/* Does "gzip, br;q=0.5" name this coding, and not with the weight 0? A "*" is no promise that it is
 * understood. Source   RFC 9110 (2022), 12.5.3 */
static bool accepts(const char *header, const char *coding)
{
	size_t len = strlen(coding);

	for (const char *p = header; p; p = strchr(p, ',')) {
		p += strspn(p, ", \t");
		if (strncasecmp(p, coding, len) != 0 || !memchr(",; \t", p[len], 5))
			continue;
		p += len + strspn(p + len, " \t");
		if (*p != ';')
			return true;
		p += 1 + strspn(p + 1, " \t");
		return strncasecmp(p, "q=0", 3) != 0 || strcspn(p + 3, "123456789") < strcspn(p + 3, ",");
	}
	return false;
}

/* What gaitd sends in place of a file that has it beside it, made once when the app was built. */
static const struct {
	const char *coding, *suffix;
} packings[] = { { "br", ".br" }, { "gzip", ".gz" } };

/* The file, or its packed neighbour, with the coding in *ret_coding (NULL: as it is). */
static int open_best(struct http_req *r, const char *path, struct stat *ret_st, const char **ret_coding)
{
	const char *accepted = http_req_header(r, "Accept-Encoding");
	char packed[1024];

	*ret_coding = NULL;
	for (size_t i = 0; accepted && i < ARRAY_LEN(packings); i++) {
		int n = snprintf(packed, sizeof packed, "%s%s", path, packings[i].suffix);

		if (n < 0 || (size_t)n >= sizeof packed || !accepts(accepted, packings[i].coding))
			continue;
		CLEANUP(close_p) int fd = open_below(r->srv->opt.static_dir, packed);
		if (fd < 0 || fstat(fd, ret_st) != 0 || !S_ISREG(ret_st->st_mode))
			continue;
		*ret_coding = packings[i].coding;
		return take_fd(&fd);
	}
	CLEANUP(close_p) int fd = open_below(r->srv->opt.static_dir, path);
	if (fd < 0 || fstat(fd, ret_st) != 0 || !S_ISREG(ret_st->st_mode))
		return -1;
	return take_fd(&fd);
}

static int serve(struct http_req *r, const char *path, struct err *e)
{
	struct stat st;
	const char *coding;
	char etag[80];
	CLEANUP(close_p) int fd = open_best(r, path, &st, &coding);

	if (fd < 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such file");
	snprintf(etag, sizeof etag, "%llx-%llx-%lx%s%s", (unsigned long long)st.st_size,
		(unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec, coding ? "-" : "",
		coding ? coding : "");
	if (http_reply_header(r, "Cache-Control",
		    is_hashed(path) ? "public, max-age=31536000, immutable" : "no-cache", e) ||
		http_reply_header(r, "Vary", "Accept-Encoding", e) ||
		(coding && http_reply_header(r, "Content-Encoding", coding, e)))
		return -1;
	return http_reply_file(r,
		&(struct http_file){
			.fd = take_fd(&fd), .size_bytes = st.st_size, .type = type_of(path), .etag = etag },
		e);
}

/* What programs ask for: one that errs there, or asks on a listener that does not have it, must not get a
 * page. */
static bool is_interface(const char *path)
{
	static const char *const names[] = { "api", "healthz", "readyz", "metrics" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);
		if (strncmp(path, names[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

int static_end(struct http_req *r, struct err *e)
{
	const char *path = r->target.path + 1;

	r->answer.page = true;
	if (!r->srv->opt.static_dir) {
		if (*path)
			return err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
		if (http_reply_header(r, "Cache-Control", "no-cache", e))
			return -1;
		return http_reply_text(r, 200, "text/html; charset=utf-8", builtin_page, e);
	}
	if (is_interface(path))
		return err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
	const char *name = strrchr(r->target.path, '/');
	if (!*path || !strchr(name, '.'))
		path = "index.html";
	else if (!is_plain_path(path))
		return err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
	return serve(r, path, e);
}
