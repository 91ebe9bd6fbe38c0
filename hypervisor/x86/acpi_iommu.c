/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMAR (VT-d specification 4.1, chapter 8) and IVRS (AMD I/O Virtualization Technology
 * specification 3.08, 5.2): where the IOMMU units are, and under which requester ids the I/O APICs
 * send. Which device is behind which unit does not matter, because all units are given the same
 * tables. A table that is damaged in any way describes no IOMMU at all: a unit left out would leave
 * its devices free.
 */
#include <core/lib.h>
#include <core/log.h>
#include <x86/acpi.h>

#define DMAR_BYTES	48u
#define DMAR_FLAGS	37u
#define DMAR_INTR_REMAP 1u
#define DRHD		0u
#define DRHD_BYTES	16u
#define SCOPE_BYTES	6u /* and two for each step of the path */
#define SCOPE_IOAPIC	3u

#define IVRS_BYTES	 48u
#define IVHD_BASIC	 0x10u
#define IVHD_BASIC_BYTES 24u
#define IVHD_FULL	 0x11u
#define IVHD_HID	 0x40u
#define IVHD_FULL_BYTES	 40u
#define ENTRY_SPECIAL	 0x48u
#define ENTRY_HID	 0xf0u
#define ENTRY_HID_BYTES	 22u
#define SPECIAL_IOAPIC	 1u

static uint64_t get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;
	memcpy(&value, at, bytes);
	return value;
}

static bool add_unit(struct acpi_iommus *out, uint64_t base, uint64_t segment)
{
	for (unsigned i = 0; i < out->units; i++) {
		if (out->unit[i].base == base)
			return true; /* IVRS describes a unit once for each of its formats */
	}
	if (out->units == ACPI_IOMMUS_MAX || !base || base % 4096 || base >> 52)
		return false;
	out->unit[out->units++] = (struct acpi_iommu){ .base = base, .segment = (uint16_t)segment };
	return true;
}

static void add_ioapic(struct acpi_iommus *out, uint8_t id, uint64_t rid)
{
	for (unsigned i = 0; i < out->sources; i++) {
		if (out->source[i].id == id)
			return;
	}
	if (out->sources < ACPI_IOAPICS_MAX)
		out->source[out->sources++] = (struct acpi_source){ id, (uint16_t)rid };
}

static bool parse_drhd(const uint8_t *drhd, uint64_t bytes, struct acpi_iommus *out)
{
	uint64_t at = DRHD_BYTES, segment;
	if (bytes < DRHD_BYTES)
		return false;
	segment = get(drhd + 6, 2);
	if (!add_unit(out, get(drhd + 8, 8), segment))
		return false;
	while (at < bytes) {
		uint64_t left = bytes - at;
		const uint8_t *scope = drhd + at;
		if (left < SCOPE_BYTES + 2 || scope[1] < SCOPE_BYTES + 2 || scope[1] > left)
			return false;
		/* One behind a bridge has a bus number that only configuration space tells. */
		if (scope[0] == SCOPE_IOAPIC && scope[1] == SCOPE_BYTES + 2 && !segment)
			add_ioapic(out, scope[4],
				   (uint64_t)scope[5] << 8 | (scope[6] & 31u) << 3 |
					   (scope[7] & 7u));
		at += scope[1];
	}
	return true;
}

static bool parse_dmar(const uint8_t *dmar, uint64_t bytes, struct acpi_iommus *out)
{
	out->irq_remap = dmar[DMAR_FLAGS] & DMAR_INTR_REMAP;
	for (uint64_t at = DMAR_BYTES, size; at < bytes; at += size) {
		if (bytes - at < 4)
			return false;
		size = get(dmar + at + 2, 2);
		if (size < 4 || size > bytes - at ||
		    (get(dmar + at, 2) == DRHD && !parse_drhd(dmar + at, size, out)))
			return false;
	}
	return true;
}

/* Length of a device entry: by its type, or it says (48882, 5.2.2.1). 0: none that fits. */
static uint64_t entry_bytes(const uint8_t *entry, uint64_t left)
{
	uint64_t size = 4u << (entry[0] >> 6);
	if (entry[0] == ENTRY_HID)
		size = left < ENTRY_HID_BYTES ? 0 : ENTRY_HID_BYTES + entry[21];
	return size <= left ? size : 0;
}

static bool parse_ivhd(const uint8_t *ivhd, uint64_t bytes, struct acpi_iommus *out)
{
	uint64_t at = ivhd[0] == IVHD_BASIC ? IVHD_BASIC_BYTES : IVHD_FULL_BYTES, size;
	if (bytes < at)
		return false;
	uint64_t segment = get(ivhd + 16, 2);
	if (!add_unit(out, get(ivhd + 8, 8), segment))
		return false;
	for (; at < bytes; at += size) {
		const uint8_t *e = ivhd + at;
		size = entry_bytes(e, bytes - at);
		if (!size)
			return false;
		if (e[0] == ENTRY_SPECIAL && e[7] == SPECIAL_IOAPIC && !segment)
			add_ioapic(out, e[4], get(e + 5, 2));
	}
	return true;
}

static bool parse_ivrs(const uint8_t *ivrs, uint64_t bytes, struct acpi_iommus *out)
{
	out->irq_remap = true;
	for (uint64_t at = IVRS_BYTES, size; at < bytes; at += size) {
		if (bytes - at < 4)
			return false;
		uint8_t type = ivrs[at];
		size = get(ivrs + at + 2, 2);
		if (size < 4 || size > bytes - at)
			return false;
		if ((type == IVHD_BASIC || type == IVHD_FULL || type == IVHD_HID) &&
		    !parse_ivhd(ivrs + at, size, out))
			return false;
	}
	return true;
}

void acpi_parse_iommu(const void *table, uint64_t bytes, struct acpi_iommus *out)
{
	bool dmar = !memcmp(table, "DMAR", 4);
	if (out->kind != ACPI_IOMMU_NONE || bytes < (dmar ? DMAR_BYTES : IVRS_BYTES))
		return;
	struct acpi_iommus found = { .kind = dmar ? ACPI_IOMMU_VTD : ACPI_IOMMU_AMD };
	if (!(dmar ? parse_dmar(table, bytes, &found) : parse_ivrs(table, bytes, &found)))
		log_line("acpi: the %s table is damaged, or has more than %u units: not used",
			 dmar ? "DMAR" : "IVRS", ACPI_IOMMUS_MAX);
	else if (found.units)
		*out = found;
}
