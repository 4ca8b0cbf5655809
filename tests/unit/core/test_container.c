#include "support/testing.h"

#include "core/container.h"

#define B(text) text, sizeof(text) - 1
#define FTYP(brand)                                                                                          \
	"\0\0\0\x20"                                                                                         \
	"ftyp" brand "\0\0\2\0"

static void kinds(void **state)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
		const char *want; /* NULL: no video */
	} rows[] = {
		{ "mp4", B(FTYP("isom")), "mp4" },
		{ "mp42", B(FTYP("mp42")), "mp4" },
		{ "avc1", B(FTYP("avc1")), "mp4" },
		{ "m4v", B(FTYP("M4V ")), "mp4" },
		{ "mov", B(FTYP("qt  ")), "mp4" },
		{ "3gp", B(FTYP("3gp5")), "mp4" },
		{ "old mov: moov", B("\0\0\1\0moov\0\0\0\x6cmvhd"), "mp4" },
		{ "old mov: mdat", B("\0\1\0\0mdat\0\0\0\0\0\0"), "mp4" },
		{ "old mov: mdat to the end", B("\0\0\0\0mdat\0\0\0\0"), "mp4" },
		{ "old mov: wide", B("\0\0\0\x08wide\0\0\1\0mdat"), "mp4" },
		{ "64-bit length", B("\0\0\0\1mdat\0\0\0\0\0\1\0\0"), "mp4" },
		{ "free first",
			B("\0\0\0\x08"
			  "free\0\0\0\x20"
			  "ftyp"),
			"mp4" },
		{ "skip first",
			B("\0\0\0\x08skip\0\0\0\x20"
			  "ftyp"),
			"mp4" },
		{ "matroska", B("\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\x82\x88matroska\x42\x87\x81\4"),
			"mkv" },
		{ "webm", B("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm\x42\x87\x81\4"), "mkv" },
		{ "avi", B("RIFF\x24\0\0\0AVI LIST"), "avi" },
		{ "heic", B(FTYP("heic")), NULL },
		{ "heix", B(FTYP("heix")), NULL },
		{ "heim", B(FTYP("heim")), NULL },
		{ "heis", B(FTYP("heis")), NULL },
		{ "mif1", B(FTYP("mif1")), NULL },
		{ "avif", B(FTYP("avif")), NULL },
		{ "canon raw", B(FTYP("crx ")), NULL },
		{ "audio book", B(FTYP("M4B ")), NULL },
		{ "audio", B(FTYP("M4A ")), NULL },
		{ "impossible length",
			B("\0\0\0\4"
			  "ftypisom"),
			NULL },
		{ "unknown box",
			B("\0\0\0\x20"
			  "abcdisom\0\0\0\0"),
			NULL },
		{ "ebml, other type", B("\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\x82\x85other......"), NULL },
		{ "wav", B("RIFF\x24\0\0\0WAVEfmt "), NULL },
		{ "webp", B("RIFF\x24\0\0\0WEBPVP8 "), NULL },
		{ "jpeg", B("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1"), NULL },
		{ "png", B("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), NULL },
		{ "html", B("<!DOCTYPE html><html>"), NULL },
		{ "playlist", B("#EXTM3U\n#EXT-X-VERSION:3\n"), NULL },
		{ "elf",
			B("\x7f"
			  "ELF\2\1\1\0\0\0\0\0\0\0\0\0"),
			NULL },
		{ "zeros", B("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL },
		{ "empty", B(""), NULL },
		{ "cut mp4",
			B("\0\0\0\x20"
			  "ftyp"),
			NULL },
		{ "cut avi", B("RIFF\x24\0\0\0AVI"), NULL },
		{ "cut mkv", B("\x1a\x45\xdf\xa3"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* On the heap without a spare byte: reading past the end would show. */
		void *copy = malloc(rows[i].len ? rows[i].len : 1);
		assert_non_null(copy);
		memcpy(copy, rows[i].bytes, rows[i].len);
		const char *got = container_sniff(copy, rows[i].len);
		free(copy);
		if (rows[i].want ? !got || strcmp(got, rows[i].want) != 0 : got != NULL)
			fail_msg("%s: %s", rows[i].what, got ? got : "no video");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
