/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables. Static tables are structures filled here; the DSDT is compiled from dsdt.asl. Field
 * names follow ACPI 6.0, section 5.2.
 */
#include "acpi.h"

#include <string.h>

#include "device/acpipm.h"
#include "device/hpet.h"
#include "device/ioapic.h"
#include "device/lapic.h"
#include "device/reset.h"
#include "device/rtc146818.h"

static const unsigned char dsdt[] = {
#embed "dsdt.aml"
};

#define PACKED __attribute__((packed))

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;
_Static_assert(sizeof(struct rsdp) == 36, "ACPI 5.2.5.3");

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;
_Static_assert(sizeof(struct header) == 36, "ACPI 5.2.6");

struct xsdt {
	struct header header;
	uint64_t table[4];
} PACKED;

struct address {
	uint8_t space; /* 1: I/O ports */
	uint8_t bits;
	uint8_t offset;
	uint8_t access; /* 1: bytes, 2: words, 3: double words */
	uint64_t address;
} PACKED;

struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_tmr, gpe0, gpe1;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cst_cnt;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct address reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt, x_pm2_cnt, x_pm_tmr, x_gpe0,
		x_gpe1, sleep_control, sleep_status;
	uint64_t hypervisor;
} PACKED;
_Static_assert(sizeof(struct fadt) == 276, "ACPI 5.2.9");

#define FADT_WBINVD	   (1u << 0)
#define FADT_PROC_C1	   (1u << 2)
#define FADT_PWR_BUTTON	   (1u << 4) /* no fixed power button */
#define FADT_SLP_BUTTON	   (1u << 5) /* no fixed sleep button */
#define FADT_FIX_RTC	   (1u << 6) /* no RTC wake status */
#define FADT_TMR_VAL_EXT   (1u << 8)
#define FADT_RESET_REG_SUP (1u << 10)

#define BOOT_ARCH_LEGACY 1u /* ISA devices */
#define BOOT_ARCH_8042	 2u
#define BOOT_ARCH_NO_VGA 4u
#define C2_UNSUPPORTED	 101
#define C3_UNSUPPORTED	 1001

struct hpet_table {
	struct header header;
	uint32_t block_id;
	struct address base;
	uint8_t number;
	uint16_t least_ticks;
	uint8_t protection;
} PACKED;
_Static_assert(sizeof(struct hpet_table) == 56, "IA-PC HPET 1.0a, 3.2.4");

#define HPET_LEAST_TICKS 1000 /* of a period that the monitor can keep: 10 us */

struct facs {
	char signature[4];
	uint32_t length;
	uint32_t rest[14];
} PACKED;
_Static_assert(sizeof(struct facs) == 64, "ACPI 5.2.10");

struct madt_lapic {
	uint8_t type, length, processor, id;
	uint32_t flags;
} PACKED;

struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t base, gsi;
} PACKED;

struct madt_override {
	uint8_t type, length, bus, source;
	uint32_t gsi;
	uint16_t flags;
} PACKED;

struct madt_nmi {
	uint8_t type, length, processor;
	uint16_t flags;
	uint8_t lint;
} PACKED;

struct mcfg {
	struct header header;
	uint64_t reserved0;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved1;
} PACKED;
_Static_assert(sizeof(struct mcfg) == 60, "PCI firmware specification 3.0, section 4.1.2");

#define MADT_ISA_FLAGS	  0u   /* as the bus has it: active high, edge */
#define MADT_HIGH_LEVEL	  0xdu /* active high, level */
#define MADT_PCAT_COMPAT  1u
#define MADT_LAPIC_USABLE 1u

/* Guest memory that is filled in ascending order. */
struct area {
	unsigned char *base;
	uint64_t used;
};

static uint8_t checksum(const void *table, size_t bytes)
{
	const uint8_t *at = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + at[i]);
	return (uint8_t)-sum;
}

static struct header header(const char *signature, size_t length, uint8_t revision)
{
	struct header h = {
		.length = (uint32_t)length,
		.revision = revision,
		.oem = { 'V', 'E', 'L', 'A', ' ', ' ' },
		.oem_table = { 'M', 'A', 'C', 'H', 'I', 'N', 'E', ' ' },
		.oem_revision = 1,
		.creator = { 'V', 'E', 'L', 'A' },
		.creator_revision = 1,
	};

	memcpy(h.signature, signature, sizeof h.signature);
	return h;
}

/* Appends bytes at the next multiple of 64; returns their gpa. */
static uint64_t append(struct area *area, const void *bytes, size_t length)
{
	uint64_t at = (area->used + 63) & ~63ull;

	memcpy(area->base + at, bytes, length);
	area->used = at + length;
	return ACPI_BASE + at;
}

/* The same for a table whose checksum is not set yet. */
static uint64_t append_table(struct area *area, void *table, size_t length)
{
	struct header *h = table;

	h->checksum = 0;
	h->checksum = checksum(table, length);
	return append(area, table, length);
}

static struct address io(unsigned port, uint8_t bits, uint8_t access)
{
	return (struct address){ 1, bits, 0, access, port };
}

static uint64_t write_fadt(struct area *area, uint64_t facs_gpa, uint64_t dsdt_gpa)
{
	struct fadt t = {
		.header = header("FACP", sizeof t, 6),
		.facs = (uint32_t)facs_gpa,
		.dsdt = (uint32_t)dsdt_gpa,
		.x_dsdt = dsdt_gpa,
		.sci_int = IRQ_SCI,
		.pm1a_evt = ACPI_PM_PORT + ACPIPM_EVENT_OFFSET,
		.pm1a_cnt = ACPI_PM_PORT + ACPIPM_CONTROL_OFFSET,
		.pm_tmr = ACPI_PM_PORT + ACPIPM_TIMER_OFFSET,
		.pm1_evt_len = 4,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.c2_latency = C2_UNSUPPORTED,
		.c3_latency = C3_UNSUPPORTED,
		.century = RTC_CENTURY,
		.boot_arch = BOOT_ARCH_LEGACY | BOOT_ARCH_8042 | BOOT_ARCH_NO_VGA,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_PWR_BUTTON | FADT_SLP_BUTTON |
			 FADT_FIX_RTC | FADT_TMR_VAL_EXT | FADT_RESET_REG_SUP,
		.reset_reg = io(RESET_CF9_PORT, 8, 1),
		.reset_value = 6,
		.x_pm1a_evt = io(ACPI_PM_PORT + ACPIPM_EVENT_OFFSET, 32, 2),
		.x_pm1a_cnt = io(ACPI_PM_PORT + ACPIPM_CONTROL_OFFSET, 16, 2),
		.x_pm_tmr = io(ACPI_PM_PORT + ACPIPM_TIMER_OFFSET, 32, 3),
	};

	return append_table(area, &t, sizeof t);
}

static size_t put(unsigned char *table, size_t used, const void *entry, size_t bytes)
{
	memcpy(table + used, entry, bytes);
	return used + bytes;
}

#define CPUS_MAX 64u

static uint64_t write_madt(struct area *area, unsigned cpus)
{
	static const struct madt_ioapic ioapic = { 1, sizeof ioapic, 0, 0, IOAPIC_DEFAULT_BASE, 0 };
	static const struct madt_override pit = { 2,	   sizeof pit, 0,
						  IRQ_PIT, IOAPIC_PIT, MADT_ISA_FLAGS };
	static const struct madt_override sci = { 2,	   sizeof sci, 0,
						  IRQ_SCI, IRQ_SCI,    MADT_HIGH_LEVEL };
	static const struct madt_nmi nmi = { 4, sizeof nmi, 0xff, 0, 1 };
	_Alignas(8) unsigned char
		table[sizeof(struct header) + 8 + 128 + CPUS_MAX * sizeof(struct madt_lapic)];
	uint32_t fixed[2] = { LAPIC_DEFAULT_BASE, MADT_PCAT_COMPAT };
	size_t used = put(table, sizeof(struct header), fixed, sizeof fixed);

	for (unsigned i = 0; i < cpus && i < CPUS_MAX; i++) {
		struct madt_lapic lapic = { 0, sizeof lapic, (uint8_t)i, (uint8_t)i,
					    MADT_LAPIC_USABLE };

		used = put(table, used, &lapic, sizeof lapic);
	}
	used = put(table, used, &ioapic, sizeof ioapic);
	used = put(table, used, &pit, sizeof pit);
	used = put(table, used, &sci, sizeof sci);
	used = put(table, used, &nmi, sizeof nmi);
	struct header h = header("APIC", used, 4);

	put(table, 0, &h, sizeof h);
	return append_table(area, table, used);
}

static uint64_t write_mcfg(struct area *area)
{
	struct mcfg t = { .header = header("MCFG", sizeof t, 1), .base = PCI_ECAM_BASE };

	return append_table(area, &t, sizeof t);
}

static uint64_t write_hpet(struct area *area)
{
	struct hpet_table t = {
		.header = header("HPET", sizeof t, 1),
		.block_id = HPET_BLOCK_ID,
		.base = { 0, 64, 0, 0, HPET_BASE },
		.least_ticks = HPET_LEAST_TICKS,
	};

	return append_table(area, &t, sizeof t);
}

static void write_rsdp(unsigned char *at, uint64_t xsdt)
{
	struct rsdp r = {
		.signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' },
		.oem = { 'V', 'E', 'L', 'A', ' ', ' ' },
		.revision = 2,
		.length = sizeof r,
		.xsdt = xsdt,
	};

	r.checksum = checksum(&r, 20);
	r.extended_checksum = checksum(&r, sizeof r);
	memcpy(at, &r, sizeof r);
}

bool acpi_write(const struct guest_memory *memory, unsigned cpus, bool hpet, uint64_t *rsdp)
{
	_Static_assert(sizeof dsdt < 16384, "all tables fit into 32 KiB");
	struct area area = { guest_ptr(memory, ACPI_BASE, 32768), sizeof(struct rsdp) };
	struct facs facs = { .signature = { 'F', 'A', 'C', 'S' }, .length = sizeof facs };
	size_t size = sizeof(struct xsdt) - (hpet ? 0 : sizeof(uint64_t));
	struct xsdt xsdt = { .header = header("XSDT", size, 1) };

	if (!area.base)
		return false;
	uint64_t facs_gpa = append(&area, &facs, sizeof facs);
	uint64_t dsdt_gpa = append(&area, dsdt, sizeof dsdt);

	xsdt.table[0] = write_fadt(&area, facs_gpa, dsdt_gpa);
	xsdt.table[1] = write_madt(&area, cpus);
	xsdt.table[2] = write_mcfg(&area);
	if (hpet)
		xsdt.table[3] = write_hpet(&area);
	write_rsdp(area.base, append_table(&area, &xsdt, size));
	*rsdp = ACPI_BASE;
	return true;
}
