/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake machine of memory.h. Relies on the window's variables, which multiboot.c defines.
 */
#include "memory.h"

#include <core/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86/phys.h>

#define MEMORY_BYTES 0x200000u

char logged[4096];

static uint8_t *memory;

static void use(uint8_t *buffer, uint64_t bytes)
{
	free(memory);
	memory = buffer;
	assert_non_null(memory);
	phys_base = (uintptr_t)memory;
	phys_end = bytes;
}

int memory_new(void **state)
{
	(void)state;
	use(calloc(1, MEMORY_BYTES), MEMORY_BYTES);
	logged[0] = 0;
	return 0;
}

int memory_free(void **state)
{
	(void)state;
	free(memory);
	memory = NULL;
	return 0;
}

void *memory_at(uint64_t pa)
{
	return memory + pa;
}

uint64_t memory_end_with(uint64_t pa, uint64_t size, uint64_t align)
{
	uint64_t to = (MEMORY_BYTES - size) & ~(align - 1);
	uint8_t *shorter = malloc(to + size);
	assert_non_null(shorter);
	memcpy(shorter, memory, to);
	memcpy(shorter + to, memory + pa, size);
	use(shorter, to + size);
	return to;
}

void memory_fix_sum(uint64_t pa, uint64_t size, uint64_t checksum_pa)
{
	uint8_t sum = 0;
	memory[checksum_pa] = 0;
	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[pa + i]);
	memory[checksum_pa] = (uint8_t)-sum;
}

void log_line(const char *format, ...)
{
	size_t used = strlen(logged);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(logged + used, sizeof logged - used, format, args);
	va_end(args);
	assert_true(n >= 0 && used + (size_t)n + 2 < sizeof logged);
	strcat(logged, "\n");
}

void assert_logged(const char *text)
{
	if (!strstr(logged, text))
		fail_msg("log lacks \"%s\"; it has:\n%s", text, logged);
}

void assert_log_empty(void)
{
	assert_string_equal(logged, "");
}
