#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void set_v4(struct peer_addr *a, const struct in_addr *v4)
{
	memcpy(a->b, mapped, sizeof mapped);
	memcpy(a->b + 12, v4, 4);
}

static bool is_v4(const struct peer_addr *a)
{
	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

bool peer_from_sockaddr(const struct sockaddr *sa, struct peer_addr *ret)
{
	if (sa->sa_family == AF_INET) {
		set_v4(ret, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(ret->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, sizeof ret->b);
	return true;
}

bool peer_parse(const char *text, struct peer_addr *ret)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		set_v4(ret, &v4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return false;
	memcpy(ret->b, &v6, sizeof ret->b);
	return true;
}

void peer_text(const struct peer_addr *a, char out[PEER_TEXT_BYTES])
{
	if (is_v4(a))
		(void)inet_ntop(AF_INET, a->b + 12, out, PEER_TEXT_BYTES);
	else
		(void)inet_ntop(AF_INET6, a->b, out, PEER_TEXT_BYTES);
}

bool peer_is_loopback(const struct peer_addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return is_v4(a) ? a->b[12] == 127 : memcmp(a->b, one, sizeof one) == 0;
}

static int add_block(struct peer_list *list, char *item, struct err *e)
{
	char *slash = strchr(item, '/');
	struct peer_addr net;
	int64_t bits = -1;

	if (slash)
		*slash = '\0';
	if (!peer_parse(item, &net))
		return err_set(e, ERR_CONFIG, "trusted proxies: \"%s\" is no address", item);
	int64_t most = is_v4(&net) ? 32 : 128;
	if (!slash)
		bits = most;
	else if (!str_to_i64(slash + 1, 0, most, &bits))
		return err_set(e, ERR_CONFIG, "trusted proxies: \"/%s\" is no prefix length", slash + 1);
	if (list->n == sizeof list->items / sizeof list->items[0])
		return err_set(e, ERR_CONFIG, "trusted proxies: more than %u entries", list->n);
	list->items[list->n].net = net;
	list->items[list->n++].bits = (unsigned)(bits + 128 - most);
	return 0;
}

int peer_list_parse(const char *text, struct peer_list *ret, struct err *e)
{
	static const char between[] = ", \t\r\n";
	struct peer_list list = { .n = 0 };

	while (text && *(text += strspn(text, between))) {
		size_t len = strcspn(text, between);
		char item[64];

		if (len >= sizeof item)
			return err_set(e, ERR_CONFIG, "trusted proxies: an entry of %zu characters", len);
		memcpy(item, text, len);
		item[len] = '\0';
		if (add_block(&list, item, e))
			return -1;
		text += len;
	}
	*ret = list;
	return 0;
}

static bool in_block(const struct peer_addr *net, unsigned bits, const struct peer_addr *a)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(net->b, a->b, whole) != 0)
		return false;
	return rest == 0 || ((net->b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
}

bool peer_list_has(const struct peer_list *list, const struct peer_addr *a)
{
	for (unsigned i = 0; i < list->n; i++)
		if (in_block(&list->items[i].net, list->items[i].bits, a))
			return true;
	return false;
}

/* "192.0.2.1", "192.0.2.1:8080", "[2001:db8::1]:80", "2001:db8::1", each also in double quotes. */
static bool parse_node(struct strv node, struct peer_addr *ret)
{
	char text[64];

	node = strv_trim(node);
	if (node.n >= 2 && node.p[0] == '"' && node.p[node.n - 1] == '"')
		node = (struct strv){ node.p + 1, node.n - 2 };
	if (node.n == 0 || node.n >= sizeof text)
		return false;
	memcpy(text, node.p, node.n);
	text[node.n] = '\0';
	if (text[0] == '[') {
		char *close = strchr(text, ']');

		if (!close || (close[1] != '\0' && close[1] != ':'))
			return false;
		*close = '\0';
		return peer_parse(text + 1, ret);
	}
	char *colon = strchr(text, ':');
	if (colon && !strchr(colon + 1, ':')) /* one colon: a port behind IPv4 */
		*colon = '\0';
	return peer_parse(text, ret);
}

/* The value of for= among `for=…;by=…;proto=…` (names without case). */
static struct strv forwarded_for(struct strv element)
{
	while (element.n > 0) {
		const char *semi = memchr(element.p, ';', element.n);
		size_t len = semi ? (size_t)(semi - element.p) : element.n;
		struct strv pair = strv_trim((struct strv){ element.p, len });

		if (pair.n > 4 && strv_ieq((struct strv){ pair.p, 4 }, "for="))
			return (struct strv){ pair.p + 4, pair.n - 4 };
		len += semi != NULL;
		element = (struct strv){ element.p + len, element.n - len };
	}
	return (struct strv){ "", 0 };
}

void peer_forwarded(
	const struct peer_list *trusted, const char *header, bool is_rfc7239, struct peer_addr *client)
{
	size_t end = header ? strlen(header) : 0;

	while (end > 0 && peer_list_has(trusted, client)) {
		size_t start = end;

		while (start > 0 && header[start - 1] != ',')
			start--;
		struct strv node = { header + start, end - start };
		if (is_rfc7239)
			node = forwarded_for(node);
		struct peer_addr next;
		if (!parse_node(node, &next))
			return;
		*client = next;
		end = start > 0 ? start - 1 : 0;
	}
}

enum { BUCKETS = 1024 };

struct count {
	struct count *next;
	struct peer_addr a;
	unsigned n;
};

struct peer_counts {
	struct count *buckets[BUCKETS];
};

static struct peer_addr count_key(const struct peer_addr *a)
{
	struct peer_addr key = *a;

	if (!is_v4(a))
		memset(key.b + 8, 0, 8);
	return key;
}

static struct count **find_count(struct peer_counts *c, const struct peer_addr *key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof key->b; i++)
		hash = (hash ^ key->b[i]) * 16777619u;
	struct count **slot = &c->buckets[hash % BUCKETS];
	while (*slot && memcmp(&(*slot)->a, key, sizeof *key) != 0)
		slot = &(*slot)->next;
	return slot;
}

struct peer_counts *peer_counts_new(void)
{
	return calloc(1, sizeof(struct peer_counts));
}

void peer_counts_free(struct peer_counts *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct count *n = c->buckets[i], *next; n; n = next) {
			next = n->next;
			free(n);
		}
	free(c);
}

bool peer_counts_add(struct peer_counts *c, const struct peer_addr *a, unsigned max)
{
	struct peer_addr key = count_key(a);
	struct count **slot = find_count(c, &key);

	if (!*slot) {
		struct count *fresh = calloc(1, sizeof *fresh);

		if (!fresh)
			return false;
		fresh->a = key;
		*slot = fresh;
	}
	if ((*slot)->n >= max)
		return false;
	(*slot)->n++;
	return true;
}

void peer_counts_del(struct peer_counts *c, const struct peer_addr *a)
{
	struct peer_addr key = count_key(a);
	struct count **slot = find_count(c, &key), *n = *slot;

	if (!n || --n->n > 0)
		return;
	*slot = n->next;
	free(n);
}
