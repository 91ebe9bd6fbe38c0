/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes by RDSEED, the generator made for seeding others, or by RDRAND where that is missing
 * or has nothing (Intel SDM volume 1, 7.3.17; AMD64 APM volume 3). Both may come up empty for a
 * moment, and are asked again.
 */
#include "random.h"

#include <cpuid.h>
#include <stdint.h>
#include <string.h>

#define TRIES 16

static bool has_rdrand, has_rdseed;

bool random_available(void)
{
	uint32_t a, b, c, d;

	has_rdrand = __get_cpuid(1, &a, &b, &c, &d) && c & bit_RDRND;
	has_rdseed = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_RDSEED;
	return has_rdrand;
}

static bool rdseed(uint64_t *value)
{
	unsigned char ok;

	__asm__ volatile("rdseed %0; setc %1" : "=r"(*value), "=q"(ok) : : "cc");
	return ok;
}

static bool rdrand(uint64_t *value)
{
	unsigned char ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(ok) : : "cc");
	return ok;
}

static uint64_t next(void)
{
	uint64_t value;

	for (unsigned i = 0; has_rdseed && i < TRIES; i++)
		if (rdseed(&value))
			return value;
	while (!rdrand(&value))
		__builtin_ia32_pause();
	return value;
}

void random_fill(void *ctx, void *bytes, size_t size)
{
	unsigned char *at = bytes;

	(void)ctx;
	while (size) {
		uint64_t value = next();
		size_t n = size < sizeof value ? size : sizeof value;

		memcpy(at, &value, n);
		at += n;
		size -= n;
	}
}
