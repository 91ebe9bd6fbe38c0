/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine's low memory for the parsers of boot data: a buffer behind the window of phys.h, and
 * the kernel's log in a string. The sanitizer catches whatever is read beyond the window.
 */
#ifndef TEST_KERNEL_MEMORY_H
#define TEST_KERNEL_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern char logged[4096];

/* cmocka set-up and tear-down: a fresh machine of 2 MiB, zeroed, and an empty log. */
int memory_new(void **state);
int memory_free(void **state);

/* Where physical address pa lies in the test's process. */
void *memory_at(uint64_t pa);

/* Moves the bytes [pa, pa + size) to the end of memory, and the window's end with them: what lies
 * behind is out of reach. Returns their new address, a multiple of align. */
uint64_t memory_end_with(uint64_t pa, uint64_t size, uint64_t align);

/* Sets the byte at checksum_pa so that the bytes [pa, pa + size) add up to 0. */
void memory_fix_sum(uint64_t pa, uint64_t size, uint64_t checksum_pa);

void assert_logged(const char *text);
void assert_log_empty(void);

#endif
