/* SPDX-License-Identifier: Apache-2.0 */
/* A number that an attacker outside the process cannot guess easily; for canaries, not for keys. */
#ifndef RT_START_RANDOM_H
#define RT_START_RANDOM_H

#include <stdint.h>

uint64_t rt_random(void);

#endif
