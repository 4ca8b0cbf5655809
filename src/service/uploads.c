#include "service/uploads.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As many entries as connections can upload at once; a linear search over them costs nothing beside a video.
 */
struct uploads {
	pthread_mutex_t lock;
	struct {
		char user[ID_BYTES];
		unsigned n;
	} slots[1024];
	char locked[1024][ID_BYTES]; /* resumable uploads that a request is at; "" free */
};

int uploads_new(struct uploads **ret, struct err *e)
{
	struct uploads *u = calloc(1, sizeof *u);

	if (!u)
		return err_set(e, ERR_NOMEM, "upload table");
	pthread_mutex_init(&u->lock, NULL);
	*ret = u;
	return 0;
}

void uploads_free(struct uploads *u)
{
	if (!u)
		return;
	pthread_mutex_destroy(&u->lock);
	free(u);
}

int uploads_enter(struct uploads *u, const char *user, unsigned most, struct err *e)
{
	enum { SLOTS = sizeof u->slots / sizeof u->slots[0] };
	int free_slot = -1, r = 0;

	pthread_mutex_lock(&u->lock);
	for (int i = 0; i < SLOTS; i++) {
		if (u->slots[i].n == 0) {
			free_slot = free_slot < 0 ? i : free_slot;
		} else if (strcmp(u->slots[i].user, user) == 0) {
			free_slot = i;
			break;
		}
	}
	if (free_slot < 0)
		r = err_set(e, ERR_BUSY, "too many uploads at once: try again in a minute");
	else if (u->slots[free_slot].n >= most)
		r = err_set(e, ERR_RATE,
			"%u uploads of this account are under way, which is the limit: wait for one to end",
			most);
	else if (u->slots[free_slot].n++ == 0)
		snprintf(u->slots[free_slot].user, ID_BYTES, "%s", user);
	pthread_mutex_unlock(&u->lock);
	return r;
}

void uploads_leave(struct uploads *u, const char *user)
{
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < sizeof u->slots / sizeof u->slots[0]; i++)
		if (u->slots[i].n > 0 && strcmp(u->slots[i].user, user) == 0) {
			u->slots[i].n--;
			break;
		}
	pthread_mutex_unlock(&u->lock);
}

int uploads_lock(struct uploads *u, const char *id, struct err *e)
{
	char *free_slot = NULL;
	int r = 0;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < sizeof u->locked / sizeof u->locked[0] && r == 0; i++) {
		if (!*u->locked[i])
			free_slot = free_slot ? free_slot : u->locked[i];
		else if (strcmp(u->locked[i], id) == 0)
			r = err_set(e, ERR_LOCKED, "another request is at work on this upload");
	}
	if (r == 0 && !free_slot)
		r = err_set(e, ERR_BUSY, "too many uploads at once: try again in a minute");
	else if (r == 0)
		snprintf(free_slot, ID_BYTES, "%s", id);
	pthread_mutex_unlock(&u->lock);
	return r;
}

int uploads_check(struct uploads *u, const char *id, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < sizeof u->locked / sizeof u->locked[0] && r == 0; i++)
		if (strcmp(u->locked[i], id) == 0)
			r = err_set(e, ERR_LOCKED, "another request is at work on this upload");
	pthread_mutex_unlock(&u->lock);
	return r;
}

void uploads_unlock(struct uploads *u, const char *id)
{
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < sizeof u->locked / sizeof u->locked[0]; i++)
		if (strcmp(u->locked[i], id) == 0)
			u->locked[i][0] = '\0';
	pthread_mutex_unlock(&u->lock);
}

void uploads_write_back(int fd, int64_t *done, int64_t at)
{
	static const int64_t every_bytes = 8 << 20;

	if (at - *done < every_bytes)
		return;
	(void)sync_file_range(fd, *done, at - *done, SYNC_FILE_RANGE_WRITE);
	*done = at;
}
