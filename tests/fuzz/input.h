/* SPDX-License-Identifier: Apache-2.0 */
/* The input of a fuzzer as a row of choices; behind its end all of them are 0. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
	const uint8_t *bytes;
	size_t left;
};

/* The next bytes, at most 8, as a number, little-endian. */
static inline uint64_t take(struct input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && input->left; i++, input->left--)
		value |= (uint64_t)*input->bytes++ << (i * 8);
	return value;
}

#endif
