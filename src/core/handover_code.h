#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a second device types or scans: 12 digits of Crockford's base 32, 60 random bits, in groups of four
 * for the eye. Used once, within ten minutes, and guesses are limited by address. */
enum { HANDOVER_CODE_BYTES = 13, HANDOVER_CODE_SHOWN_BYTES = 15, HANDOVER_CODE_RANDOM_BYTES = 8 };

/* "K7QF-2M9X-W3TD" */
void handover_code_make(
	const uint8_t random[HANDOVER_CODE_RANDOM_BYTES], char ret_shown[HANDOVER_CODE_SHOWN_BYTES]);

/* As people type it: any case, blanks and dashes anywhere, o for 0, i and l for 1. False where it is none. */
bool handover_code_read(const char *text, char ret[HANDOVER_CODE_BYTES]);
