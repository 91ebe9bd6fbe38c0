/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loaders share: error texts, placement of files, initial processor states. Relies
 * on guest memory and the state page's layout only.
 */
#include "boot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CR0_PE	0x1ull
#define CR0_ET	0x10ull
#define CR0_NE	0x20ull
#define CR0_PG	0x80000000ull
#define CR4_PAE 0x20ull

#define EFER_LME 0x100ull
#define EFER_LMA 0x400ull

#define PTE_PRESENT 0x1ull
#define PTE_WRITE   0x2ull
#define PTE_LARGE   0x80ull

/* Segment attributes in the format of struct vela_segment. */
#define ATTR_CODE32 0xc9bu
#define ATTR_CODE64 0xa9bu
#define ATTR_DATA   0xc93u
#define ATTR_LDT    0x082u
#define ATTR_TSS    0x08bu

/* The Linux boot protocol wants these selectors. */
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u

bool boot_fail(struct boot_error *error, const char *file, const char *format, ...)
{
	va_list arguments;
	int n = snprintf(error->text, sizeof error->text, "%s: ", file);

	if (n < 0 || (size_t)n >= sizeof error->text)
		n = 0;
	va_start(arguments, format);
	vsnprintf(error->text + n, sizeof error->text - (size_t)n, format, arguments);
	va_end(arguments);
	return false;
}

bool boot_range_free(const struct guest_memory *memory, uint64_t gpa, uint64_t size)
{
	uint64_t end = gpa + size;

	if (end < gpa || !guest_ptr(memory, gpa, size))
		return false;
	if (gpa < BOOT_AREA_END && end > 0)
		return false;
	return end <= CONVENTIONAL_END || gpa >= EXTENDED_BASE;
}

bool boot_string(const struct guest_memory *memory, uint64_t *gpa, uint64_t end, const char *text)
{
	size_t bytes = strlen(text) + 1;

	if (*gpa > end || bytes > end - *gpa || !guest_write(memory, *gpa, text, bytes))
		return false;
	*gpa += bytes;
	return true;
}

uint64_t boot_place(const struct guest_memory *memory, const struct boot_file *file,
		    uint64_t bottom, uint64_t top)
{
	if (top > memory->low_bytes)
		top = memory->low_bytes;
	if (bottom >= top || file->size > top - bottom)
		return 0;
	uint64_t gpa = (top - file->size) & ~0xfffull;

	if (gpa < bottom || !guest_write(memory, gpa, file->bytes, file->size))
		return 0;
	return gpa;
}

static void state_common(struct vela_state *state, uint64_t entry, uint16_t code_attr)
{
	const struct vela_segment data = { SELECTOR_DATA, ATTR_DATA, 0xffffffffu, 0 };

	memset((unsigned char *)state + sizeof state->exit, 0, sizeof *state - sizeof state->exit);
	state->rip = entry;
	state->rflags = 2;
	state->cr0 = CR0_PE | CR0_ET | CR0_NE;
	state->dr6 = 0xffff0ff0u;
	state->dr7 = 0x400;
	state->pat = 0x0007040600070406ull;
	for (unsigned i = VELA_ES; i <= VELA_GS; i++)
		state->seg[i] = data;
	state->seg[VELA_CS] = (struct vela_segment){ SELECTOR_CODE, code_attr, 0xffffffffu, 0 };
	state->seg[VELA_LDTR] = (struct vela_segment){ 0, ATTR_LDT, 0xffff, 0 };
	state->seg[VELA_TR] = (struct vela_segment){ 0, ATTR_TSS, 0x67, 0 };
	state->seg[VELA_IDTR].limit = 0;
}

void boot_state_32(struct vela_state *state, uint64_t entry)
{
	state_common(state, entry, ATTR_CODE32);
}

/* One page map, one pointer table, and four directories of 2 MiB pages. */
static bool write_page_tables(const struct guest_memory *memory)
{
	uint64_t *table = guest_ptr(memory, BOOT_PAGE_TABLES, 6 * 4096);

	if (!table)
		return false;
	memset(table, 0, 2 * 4096);
	table[0] = (BOOT_PAGE_TABLES + 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4; i++)
		table[512 + i] = (BOOT_PAGE_TABLES + (2 + i) * 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		table[1024 + i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
	return true;
}

bool boot_state_64(const struct guest_memory *memory, struct vela_state *state, uint64_t entry)
{
	static const uint64_t gdt[4] = {
		[SELECTOR_CODE / 8] = 0x00af9b000000ffffull,
		[SELECTOR_DATA / 8] = 0x00cf93000000ffffull,
	};

	if (!write_page_tables(memory) || !guest_write(memory, BOOT_GDT, gdt, sizeof gdt))
		return false;
	state_common(state, entry, ATTR_CODE64);
	state->cr0 |= CR0_PG;
	state->cr3 = BOOT_PAGE_TABLES;
	state->cr4 = CR4_PAE;
	state->efer = EFER_LME | EFER_LMA;
	state->seg[VELA_GDTR] = (struct vela_segment){ 0, 0, sizeof gdt - 1, BOOT_GDT };
	return true;
}
