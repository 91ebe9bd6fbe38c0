/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the instruction emulator: registers, mode, page tables and the instruction come from the
 * input. Beside memory safety: devices only see widths that the bus has, a fault or refusal leaves
 * RIP alone, and the cached decoding of an instruction does what the first one did.
 */
#include <string.h>

#include "../fuzz.h"
#include "cpu/emulate.h"
#include "cpu/registers.h"

#define RAM_BYTES 0x8000u

static unsigned char ram[RAM_BYTES];
static uint64_t trace; /* of all accesses, in order */

static void note(uint64_t at, unsigned width, uint64_t value)
{
	require(width == 1 || width == 2 || width == 4 || width == 8);
	require(width == 8 || !(value >> 8 * width));
	trace = (trace ^ at ^ value ^ width) * 0x9e3779b97f4a7c15ull;
}

static uint64_t mmio_read(void *ctx, uint64_t gpa, unsigned width)
{
	(void)ctx;
	note(gpa, width, 0);
	return trace;
}

static void mmio_write(void *ctx, uint64_t gpa, unsigned width, uint64_t value)
{
	(void)ctx;
	note(gpa, width, value);
}

static uint32_t port_read(void *ctx, uint16_t port, unsigned width)
{
	(void)ctx;
	note(port, width, 0);
	require(width <= 4);
	return (uint32_t)trace;
}

static void port_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	(void)ctx;
	note(port, width, value);
	require(width <= 4);
}

static void take(const uint8_t **data, size_t *size, void *to, size_t bytes)
{
	size_t n = bytes < *size ? bytes : *size;

	memset(to, 0, bytes);
	memcpy(to, *data, n);
	*data += n;
	*size -= n;
}

/* Flat or odd segments, and one of the paging modes. */
static void set_mode(struct vela_state *s, unsigned choice)
{
	for (unsigned i = 0; i < VELA_SEGMENTS; i++)
		s->seg[i] = (struct vela_segment){ 8, choice & 64 ? 0xcf3 : 0xc93, 0xffffffffu, 0 };
	if (choice & 128)
		s->seg[VELA_ES] = (struct vela_segment){ 8, 0x96, 0xfff, 0x1000 };
	s->seg[VELA_CS].attr = choice & 8 ? 0x9b : 0xc9b;
	s->cr0 = choice & 7 ? CR0_PE : 0;
	s->cr3 = 0x1000;
	if ((choice & 7) < 2)
		return;
	s->cr0 |= CR0_PG | (choice & 16 ? CR0_WP : 0);
	s->cr4 = (choice & 7) == 2 ? CR4_PSE : CR4_PAE;
	if ((choice & 7) > 3) {
		s->efer = EFER_LME | EFER_LMA | EFER_NXE;
		s->seg[VELA_CS].attr = choice & 32 ? 0xc9b : 0xa9b;
	}
}

/* Tables at 0x1000 and 0x2000 that map the low gigabyte to itself in every mode, and the code. */
static void set_memory(const uint8_t *data, size_t size)
{
	static const uint64_t entries[] = { 0x2007, 0x2007 };
	static const uint64_t pages[] = { 0x87, 0x200087 };
	size_t n = size < 256 ? size : 256;

	memset(ram, 0, sizeof ram);
	memcpy(ram + 0x1000, entries, sizeof entries);
	memcpy(ram + 0x2000, pages, sizeof pages);
	memcpy(ram + 0x4000, data, n);
	memcpy(ram + 0x3000, data, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct emulate_io io = { mmio_read, mmio_write, port_read, port_write, NULL };
	struct guest_memory memory;
	static struct vela_state s, start;
	static struct emulator e;
	uint8_t choice[2];

	memset(&start, 0, sizeof start);
	take(&data, &size, choice, sizeof choice);
	take(&data, &size, start.gpr, sizeof start.gpr);
	set_mode(&start, choice[0]);
	start.rflags = choice[1] & 1 ? 2 | FLAG_DF : 2;
	start.rip = choice[1] & 2 ? 0x3ff8 : 0x4000;
	guest_memory_init(&memory, ram, sizeof ram);
	emulator_init(&e, &memory, &s, &io);
	enum emulate_result result[2];
	uint64_t traces[2], rips[2];

	for (unsigned i = 0; i < 2; i++) {
		set_memory(data, size);
		s = start;
		trace = 1;
		e.hint = EMULATE_NO_HINT;
		result[i] = emulate(&e);
		traces[i] = trace;
		rips[i] = s.rip;
		if (result[i] != EMULATE_DONE)
			require(s.rip == start.rip);
	}
	require(result[0] == result[1] && traces[0] == traces[1] && rips[0] == rips[1]);
	return 0;
}
