/* SPDX-License-Identifier: Apache-2.0 */
/* Between the common part of the start-up code and the variants for processes and the root task. */
#ifndef RT_START_START_H
#define RT_START_START_H

#include <stdint.h>

/* Called from _start. */
_Noreturn void rt_start(const void *info);

/* The same for a thread beside the first, which has its number there. */
_Noreturn void rt_start_thread(unsigned n);

/* Checks the information page, sets name, clocks and what else differs. */
void rt_start_variant(const void *info);

#endif
