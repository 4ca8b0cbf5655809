#pragma once

#include <stddef.h>

/* The kind of a video file by its first bytes, never by its name: "mp4" (ISO base media, ISO/IEC
 * 14496-12:2022, which QuickTime shares), "mkv" (EBML with DocType matroska or webm, RFC 8794, 2020), "avi"
 * (RIFF), or NULL. Looks at fixed places of at most CONTAINER_HEAD_BYTES; the real parsing happens in a
 * limited child. */
enum { CONTAINER_HEAD_BYTES = 64 };
const char *container_sniff(const void *head, size_t len);
