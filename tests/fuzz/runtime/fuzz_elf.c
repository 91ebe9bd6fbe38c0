/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzer of the ELF reader: what it accepts must keep the promises of rt/elf.h, on which the loader
 * in the root task relies without further checks.
 */
#include <rt/elf.h>

#include "../fuzz.h"

#define VA_END 0x0000600000000000ull

static void check_segment(const struct rt_elf_segment *s, const uint8_t *data, size_t size)
{
	volatile uint8_t touched;

	require(s->va % VELA_PAGE_SIZE == 0 && s->va >= VELA_IMAGE_VA);
	require(s->memory_bytes != 0 && s->memory_bytes <= VA_END - s->va);
	require(s->file_bytes <= s->memory_bytes);
	require(s->file_offset % VELA_PAGE_SIZE == 0);
	require(s->file_offset <= size && s->file_bytes <= size - s->file_offset);
	require(s->rights & VELA_MEM_R);
	require((s->rights & (VELA_MEM_W | VELA_MEM_X)) != (VELA_MEM_W | VELA_MEM_X));
	if (s->file_bytes) {
		touched = data[s->file_offset];
		touched = data[s->file_offset + s->file_bytes - 1];
	}
	(void)touched;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_elf elf;
	int entry_in_code = 0;

	if (rt_elf_read(&elf, data, size, VA_END) != RT_ELF_OK)
		return 0;
	require(elf.segments >= 1 && elf.segments <= RT_ELF_SEGMENTS_MAX);
	for (unsigned i = 0; i < elf.segments; i++) {
		const struct rt_elf_segment *s = &elf.segment[i];
		check_segment(s, data, size);
		if (i)
			require(s->va >= s[-1].va + s[-1].memory_bytes);
		entry_in_code |= s->rights & VELA_MEM_X && elf.entry >= s->va &&
				 elf.entry < s->va + s->file_bytes;
	}
	require(entry_in_code);
	return 0;
}
