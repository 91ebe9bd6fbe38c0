/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks RSDP → XSDT or RSDT → MADT, FADT (ACPI Specification 6.4, chapter 5) and MCFG (PCI Firmware
 * Specification 3.3, 4.1.2). Tables are read
 * through the window of phys.h; a length or a checksum that is wrong makes a table not exist.
 * Nothing is trusted to be aligned. Pure but for that window; unit-tested on the host.
 */
#include <core/lib.h>
#include <core/log.h>
#include <x86/acpi.h>
#include <x86/lapic.h>
#include <x86/phys.h>

#define LAPIC_USUAL  0xfee00000u
#define IOAPIC_USUAL 0xfec00000u

#define RSDP_OLD_BYTES 20u
#define RSDP_BYTES     36u
#define TABLE_MAX      0x100000u /* larger ones are taken for damaged */

#define MADT_LAPIC	   0u
#define MADT_IOAPIC	   1u
#define MADT_ISO	   2u
#define MADT_LAPIC_ADDRESS 5u
#define MADT_X2APIC	   9u
#define CPU_ENABLED	   1u
#define ISO_POLARITY(f)	   ((f) & 3u)
#define ISO_TRIGGER(f)	   ((f) >> 2 & 3u)
#define ISO_SET		   3u /* active low; level */

#define FADT_RESET_SUPPORTED (1u << 10)

#define ECAM_BUS_BYTES 0x100000u
#define ECAM_BASE_MAX  (1ull << 52)

struct rsdp {
	char signature[8];
	uint8_t checksum, oem[6], revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} __attribute__((packed));

struct table {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum, oem[26];
} __attribute__((packed));

struct madt {
	struct table table;
	uint32_t lapic_base, flags;
} __attribute__((packed));

struct madt_entry {
	uint8_t type, size;
	union {
		struct {
			uint8_t acpi_id, id;
			uint32_t flags;
		} __attribute__((packed)) lapic;
		struct {
			uint8_t id, reserved;
			uint32_t base, gsi_base;
		} __attribute__((packed)) ioapic;
		struct {
			uint8_t bus, irq;
			uint32_t gsi;
			uint16_t flags;
		} __attribute__((packed)) iso;
		struct {
			uint16_t reserved;
			uint64_t base;
		} __attribute__((packed)) address;
		struct {
			uint16_t reserved;
			uint32_t id, flags;
		} __attribute__((packed)) x2apic;
	};
} __attribute__((packed));

struct fadt {
	struct table table;
	uint8_t unused1[40];
	uint32_t pm_timer;
	uint8_t unused2[11], pm_timer_bytes, unused3[20];
	uint32_t flags;
	uint8_t reset_space, reset_width, reset_shift, reset_access;
	uint64_t reset_address;
	uint8_t reset_value;
} __attribute__((packed));
_Static_assert(offsetof(struct fadt, pm_timer) == 76, "ACPI 5.2.9");
_Static_assert(offsetof(struct fadt, reset_value) == 128, "ACPI 5.2.9");

struct mcfg_entry {
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved;
} __attribute__((packed));

struct mcfg {
	struct table table;
	uint64_t reserved;
	struct mcfg_entry entry[];
} __attribute__((packed));
_Static_assert(sizeof(struct mcfg) == 44, "PCI Firmware Specification, table 4-3");

static bool sum_is_zero(const void *p, uint64_t bytes)
{
	const uint8_t *byte = p;
	uint8_t sum = 0;
	while (bytes--)
		sum += *byte++;
	return !sum;
}

/* The table at pa if it is whole and at least so long. */
static const void *table_at(uint64_t pa, const char *signature, uint64_t at_least)
{
	const struct table *t = phys_ptr(pa, sizeof *t);
	if (!t || memcmp(t->signature, signature, 4) != 0)
		return NULL;
	if (t->length < at_least || t->length > TABLE_MAX || !phys_ptr(pa, t->length) ||
	    !sum_is_zero(t, t->length)) {
		log_line("acpi: the %s table at %lx is damaged", signature, pa);
		return NULL;
	}
	return t;
}

static void add_cpu(struct acpi_info *out, uint32_t id, uint32_t flags)
{
	if (!(flags & CPU_ENABLED))
		return;
	for (unsigned i = 0; i < out->cpus; i++) {
		if (out->apic_id[i] == id)
			return;
	}
	if (out->cpus < VELA_CPUS_MAX)
		out->apic_id[out->cpus++] = id;
	else
		log_line("acpi: CPU with APIC ID %u left out, %u is the most", id, VELA_CPUS_MAX);
}

static void add_ioapic(struct acpi_info *out, const struct madt_entry *e)
{
	if (out->ioapics < ACPI_IOAPICS_MAX)
		out->ioapic[out->ioapics++] =
			(struct acpi_ioapic){ e->ioapic.base, e->ioapic.gsi_base, e->ioapic.id };
	else
		log_line("acpi: I/O APIC at %x left out", e->ioapic.base);
}

static void set_iso(struct acpi_info *out, const struct madt_entry *e)
{
	if (e->iso.bus == 0 && e->iso.irq < ACPI_ISA_IRQS)
		out->iso[e->iso.irq] = (struct acpi_iso){
			.present = true,
			.level = ISO_TRIGGER(e->iso.flags) == ISO_SET,
			.low = ISO_POLARITY(e->iso.flags) == ISO_SET,
			.gsi = e->iso.gsi,
		};
}

static void parse_madt_entry(const struct madt_entry *e, struct acpi_info *out)
{
	static const uint8_t sizes[] = { [MADT_LAPIC] = 8,
					 [MADT_IOAPIC] = 12,
					 [MADT_ISO] = 10,
					 [MADT_LAPIC_ADDRESS] = 12,
					 [MADT_X2APIC] = 16 };
	if (e->type < sizeof sizes && e->size < sizes[e->type]) {
		log_line("acpi: short MADT entry of type %u", e->type);
		return;
	}
	switch (e->type) {
	case MADT_LAPIC:
		add_cpu(out, e->lapic.id, e->lapic.flags);
		break;
	case MADT_X2APIC:
		add_cpu(out, e->x2apic.id, e->x2apic.flags);
		break;
	case MADT_IOAPIC:
		add_ioapic(out, e);
		break;
	case MADT_ISO:
		set_iso(out, e);
		break;
	case MADT_LAPIC_ADDRESS:
		out->lapic_base = e->address.base;
	}
}

static void parse_madt(const struct madt *madt, struct acpi_info *out)
{
	const uint8_t *at = (const uint8_t *)(madt + 1);
	const uint8_t *end = (const uint8_t *)madt + madt->table.length;
	out->ioapics = 0;
	out->lapic_base = madt->lapic_base;
	while (end - at >= 2) {
		const struct madt_entry *e = (const struct madt_entry *)at;
		if (e->size < 2 || e->size > end - at) {
			log_line("acpi: MADT entries after offset %u are damaged",
				 (unsigned)(at - (const uint8_t *)madt));
			return;
		}
		parse_madt_entry(e, out);
		at += e->size;
	}
}

static void parse_fadt(const struct fadt *fadt, struct acpi_info *out)
{
	if (fadt->pm_timer_bytes == 4 && fadt->pm_timer <= UINT16_MAX)
		out->pm_timer_port = (uint16_t)fadt->pm_timer;
	/* ACPI 1.0 tables end before the reset register. */
	if (fadt->table.length < sizeof *fadt || !(fadt->flags & FADT_RESET_SUPPORTED))
		return;
	out->reset = (struct acpi_reset){
		.space = fadt->reset_space,
		.width = fadt->reset_width,
		.address = fadt->reset_address,
		.value = fadt->reset_value,
		.present = true,
	};
}

static void parse_mcfg(const struct mcfg *mcfg, struct acpi_info *out)
{
	uint64_t count = (mcfg->table.length - sizeof *mcfg) / sizeof mcfg->entry[0];
	for (const struct mcfg_entry *e = mcfg->entry; count--; e++) {
		if (!e->base || e->base % ECAM_BUS_BYTES || e->base > ECAM_BASE_MAX ||
		    e->first_bus > e->last_bus || out->ecams == VELA_ECAMS_MAX) {
			log_line("acpi: PCI configuration space at %lx left out", e->base);
			continue;
		}
		out->ecam[out->ecams++] = (struct vela_ecam){
			.base = e->base,
			.segment = e->segment,
			.first_bus = e->first_bus,
			.last_bus = e->last_bus,
		};
	}
}

/* Looks at every table that the root table names by pointers of this many bytes. */
static bool parse_root(const struct table *root, unsigned pointer_bytes, struct acpi_info *out)
{
	const uint8_t *at = (const uint8_t *)(root + 1);
	bool found = false;
	for (uint64_t left = root->length - sizeof *root; left >= pointer_bytes;
	     left -= pointer_bytes, at += pointer_bytes) {
		uint64_t pa = 0;
		memcpy(&pa, at, pointer_bytes);
		if (!phys_ptr(pa, sizeof *root)) {
			log_line("acpi: table at %lx is out of reach", pa);
			continue;
		}
		const struct madt *madt = found ? NULL : table_at(pa, "APIC", sizeof *madt);
		if (madt) {
			parse_madt(madt, out);
			found = true;
		}
		const struct fadt *fadt = table_at(pa, "FACP", offsetof(struct fadt, flags));
		if (fadt)
			parse_fadt(fadt, out);
		const struct mcfg *mcfg = table_at(pa, "MCFG", sizeof *mcfg);
		if (mcfg)
			parse_mcfg(mcfg, out);
		const struct table *remap = table_at(pa, "DMAR", sizeof *remap);
		if (!remap)
			remap = table_at(pa, "IVRS", sizeof *remap);
		if (remap)
			acpi_parse_iommu(remap, remap->length, &out->iommus);
	}
	return found;
}

static bool parse_tables(uint64_t rsdp_pa, struct acpi_info *out)
{
	const struct rsdp *rsdp = phys_ptr(rsdp_pa, RSDP_OLD_BYTES);
	if (!rsdp || memcmp(rsdp->signature, "RSD PTR ", 8) != 0 ||
	    !sum_is_zero(rsdp, RSDP_OLD_BYTES))
		return false;
	const struct table *root = NULL;
	if (rsdp->revision >= 2 && phys_ptr(rsdp_pa, RSDP_BYTES) && sum_is_zero(rsdp, RSDP_BYTES))
		root = table_at(rsdp->xsdt, "XSDT", sizeof *root);
	if (root)
		return parse_root(root, 8, out);
	root = table_at(rsdp->rsdt, "RSDT", sizeof *root);
	return root && parse_root(root, 4, out);
}

bool acpi_parse(uint64_t rsdp_pa, struct acpi_info *out)
{
	memset(out, 0, sizeof *out);
	out->cpus = 1;
	out->apic_id[0] = lapic_id();
	out->ioapics = 1;
	out->ioapic[0].base = IOAPIC_USUAL;
	out->lapic_base = LAPIC_USUAL;
	for (unsigned i = 0; i < ACPI_ISA_IRQS; i++)
		out->iso[i].gsi = i;
	if (parse_tables(rsdp_pa, out))
		return true;
	log_line("acpi: no usable tables: one CPU, interrupt controllers where they usually are");
	return false;
}
