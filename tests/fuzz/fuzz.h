/* SPDX-License-Identifier: Apache-2.0 */
/* What every libFuzzer target has: the entry that it defines, and a way to say that it found
 * something wrong. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

#endif
