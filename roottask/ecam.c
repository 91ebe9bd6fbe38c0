/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration spaces in memory; see ecam.h. */
#include "ecam.h"

#include "root.h"
#include "window.h"

uint32_t pci_read32(const void *config, unsigned offset)
{
	return *(const volatile uint32_t *)((const char *)config + offset);
}

void pci_write32(void *config, unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)((char *)config + offset) = value;
}

void pci_write16(void *config, unsigned offset, uint16_t value)
{
	*(volatile uint16_t *)((char *)config + offset) = value;
}

bool ecam_find(const struct vela_info *info, uint64_t id, struct extent *extent)
{
	const uint64_t bus = id >> 8 & 0xff;

	for (unsigned i = 0; i < info->ecams && i < VELA_ECAMS_MAX; i++) {
		const struct vela_ecam *ecam = &info->ecam[i];

		if (ecam->segment != id >> 16 || bus < ecam->first_bus || bus > ecam->last_bus)
			continue;
		*extent = (struct extent){ ecam->base + ((id & 0xffff) * PCI_CONFIG_BYTES),
					   PCI_CONFIG_BYTES };
		return true;
	}
	return false;
}

void *ecam_open(const struct vela_info *info, uint64_t id)
{
	struct extent extent;

	if (!ecam_find(info, id, &extent))
		return NULL;
	return window_open(extent, VELA_MEM_R | VELA_MEM_W | VELA_MEM_UC);
}

/* Looks at one function and, if it is a bridge, notes the bus behind it. */
static bool look(const struct vela_info *info, uint64_t id, bool *multi, uint64_t buses[4],
		 bool (*each)(void *context, uint64_t id, void *config), void *context)
{
	struct extent extent;
	uint8_t first, last;
	bool go_on = true;
	void *config;

	*multi = false;
	if (!ecam_find(info, id, &extent) || !(config = window_borrow_registers(extent)))
		return true;
	if (pci_present(config)) {
		*multi = pci_is_multi(config);
		if (pci_bridge(config, &first, &last))
			buses[first / 64] |= 1ull << first % 64;
		go_on = each(context, id, config);
	}
	window_return(extent);
	return go_on;
}

static bool look_at_bus(const struct vela_info *info, unsigned segment, unsigned bus,
			uint64_t buses[4], bool (*each)(void *context, uint64_t id, void *config),
			void *context)
{
	bool multi, ignored;

	for (unsigned device = 0; device < 32; device++) {
		if (!look(info, ECAM_ID(segment, bus, device, 0), &multi, buses, each, context))
			return false;
		for (unsigned function = 1; multi && function < 8; function++)
			if (!look(info, ECAM_ID(segment, bus, device, function), &ignored, buses,
				  each, context))
				return false;
	}
	return true;
}

/* A bridge that leads back to a bus of a smaller number is not followed: firmware numbers buses
 * from the root on. */
void ecam_each(const struct vela_info *info, bool (*each)(void *context, uint64_t id, void *config),
	       void *context)
{
	for (unsigned i = 0; i < info->ecams && i < VELA_ECAMS_MAX; i++) {
		uint64_t buses[4] = { 0 };

		buses[info->ecam[i].first_bus / 64] |= 1ull << info->ecam[i].first_bus % 64;
		for (unsigned bus = info->ecam[i].first_bus; bus <= info->ecam[i].last_bus; bus++)
			if (buses[bus / 64] >> bus % 64 & 1 &&
			    !look_at_bus(info, info->ecam[i].segment, bus, buses, each, context))
				return;
	}
}
