/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes of the processor, for a guest's entropy device. */
#ifndef VMM_MACHINE_RANDOM_H
#define VMM_MACHINE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the processor has a generator of random numbers. */
bool random_available(void);

/* Fills size bytes; ctx is not used. Only if random_available(). */
void random_fill(void *ctx, void *bytes, size_t size);

#endif
