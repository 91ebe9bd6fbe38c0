/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces of devices; see bars.h. */
#include "bars.h"

#include <rt/process.h>

/* Interrupt controllers and IOMMUs of every PC lie here; no device's registers may. */
#define PLATFORM_BASE 0xfec00000ull
#define PLATFORM_END  0xff000000ull

static bool overlap(const struct pci_bar *bar, uint64_t base, uint64_t size)
{
	return bar->base < base + size && base < bar->base + bar->bytes;
}

const char *bar_trouble(const struct vela_info *info, const struct pci_bar *bar)
{
	if (!bar->base)
		return "was given no address by the firmware";
	if (bar->bytes > RT_BAR_STRIDE || bar->base % VELA_PAGE_SIZE ||
	    bar->base > UINT64_MAX - bar->bytes)
		return "is too large or not at the start of a page";
	for (unsigned i = 0; i < info->memories && i < VELA_MEMORY_MAX; i++)
		if (info->memory[i].type != VELA_MEMORY_RESERVED &&
		    overlap(bar, info->memory[i].base, info->memory[i].size))
			return "lies over memory";
	for (unsigned i = 0; i < info->ecams && i < VELA_ECAMS_MAX; i++) {
		const struct vela_ecam *ecam = &info->ecam[i];
		const uint64_t buses = ecam->last_bus + 1ull - ecam->first_bus;

		if (overlap(bar, ecam->base + ((uint64_t)ecam->first_bus << 20), buses << 20))
			return "lies over configuration space";
	}
	if (overlap(bar, PLATFORM_BASE, PLATFORM_END - PLATFORM_BASE))
		return "lies over interrupt controllers";
	return NULL;
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + VELA_PAGE_SIZE - 1) & ~(VELA_PAGE_SIZE - 1ull);
}

unsigned bar_pieces(const struct pci_messages *messages, unsigned n, const struct pci_bar *bar,
		    struct extent pieces[BAR_PIECES])
{
	const uint64_t end = pages(bar->bytes);
	const bool apart = messages->msix && messages->table_bar == n &&
			   messages->table % VELA_PAGE_SIZE == 0 && messages->table < end;
	const uint64_t from = apart ? messages->table : end;
	const uint64_t to = apart ? from + pages(messages->table_bytes) : end;
	unsigned count = 0;

	if (from)
		pieces[count++] = (struct extent){ 0, from };
	if (to < end)
		pieces[count++] = (struct extent){ to, end - to };
	return count;
}
