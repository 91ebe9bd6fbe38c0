/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator's test guest; see guest.h. */
#include "guest.h"

#include "cpu/alu.h"
#include "cpu/registers.h"

static uint64_t record(struct guest *g, struct access access)
{
	if (g->accesses < sizeof g->access / sizeof g->access[0])
		g->access[g->accesses++] = access;
	return g->answer & alu_mask(access.width);
}

static uint64_t mmio_read(void *ctx, uint64_t gpa, unsigned width)
{
	return record(ctx, (struct access){ false, false, gpa, width, 0 });
}

static void mmio_write(void *ctx, uint64_t gpa, unsigned width, uint64_t value)
{
	record(ctx, (struct access){ true, false, gpa, width, value });
}

static uint32_t port_read(void *ctx, uint16_t port, unsigned width)
{
	return (uint32_t)record(ctx, (struct access){ false, true, port, width, 0 });
}

static void port_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	record(ctx, (struct access){ true, true, port, width, value });
}

void guest_init(struct guest *g)
{
	const struct emulate_io io = { mmio_read, mmio_write, port_read, port_write, g };

	memset(g, 0, sizeof *g);
	guest_memory_init(&g->memory, g->ram, sizeof g->ram);
	for (unsigned i = 0; i < VELA_SEGMENTS; i++)
		g->state.seg[i] = (struct vela_segment){ 8, 0xc93, 0xffffffffu, 0 };
	g->state.seg[VELA_CS].attr = 0xc9b;
	g->state.cr0 = CR0_PE;
	g->state.rip = GUEST_CODE;
	g->state.rflags = 2;
	emulator_init(&g->emulator, &g->memory, &g->state, &io);
}

void guest_long_mode(struct guest *g)
{
	const uint64_t pml4[1] = { 0x2003 }, low[1] = { 0x83 };
	const uint64_t high[1] = { 0x3003 }, device[1] = { 0xfe000083 };

	memcpy(g->ram + 0x1000, pml4, sizeof pml4);
	memcpy(g->ram + 0x2000, low, sizeof low);	    /* a 1 GiB page */
	memcpy(g->ram + 0x2000 + 3 * 8, high, sizeof high); /* directory of 3 GiB to 4 GiB */
	memcpy(g->ram + 0x3000 + 0x1f0 * 8, device, sizeof device);
	g->state.cr0 |= CR0_PG | CR0_WP;
	g->state.cr3 = 0x1000;
	g->state.cr4 = CR4_PAE;
	g->state.efer = EFER_LME | EFER_LMA | EFER_NXE;
	g->state.seg[VELA_CS].attr = 0xa9b;
}

enum emulate_result guest_run(struct guest *g, const void *code, size_t bytes, uint64_t hint)
{
	g->accesses = 0;
	memset(g->ram + g->state.rip, 0x90, 16);
	memcpy(g->ram + g->state.rip, code, bytes);
	g->emulator.hint = hint;
	g->emulator.hint_write = true;
	return emulate(&g->emulator);
}
