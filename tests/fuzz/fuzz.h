#pragma once

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry point. A finding ends the process (abort, or a sanitizer's report). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
