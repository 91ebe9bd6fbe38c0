/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD-Vi: one device table for all units of segment 0, and one in which everything is refused for
 * units of other segments. Each source of interrupts has a remapping table of its own, so an entry
 * needs no check of who uses it. Commands are carried out by all units, and every caller waits.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <core/pool.h>
#include <x86/iommu.h>
#include <x86/iommu_amd.h>
#include <x86/lapic.h>
#include <x86/pagetable.h>
#include <x86/phys.h>

#define DEVICES	      0x10000u
#define DEVICE_BYTES  32u
#define DEVICE_PAGES  (DEVICES * DEVICE_BYTES / (unsigned)PAGE_SIZE)
#define RING_BYTES    ((uint32_t)PAGE_SIZE) /* commands and events: 256 of 16 bytes */
#define APIC_ID_8BITS 0xfeu

struct unit {
	volatile char *regs;
	uint64_t *commands;
	const volatile uint64_t *events;
	uint32_t tail;				      /* of commands, bytes */
	uint32_t done[2] __attribute__((aligned(8))); /* written by the unit */
	uint32_t asked;
	bool other_segment;
};

static struct unit units[ACPI_IOMMUS_MAX];
static unsigned unit_count;
static uint64_t (*devices)[4];
static bool irte_128;

static volatile uint64_t *reg(const struct unit *u, unsigned offset)
{
	return (volatile uint64_t *)(u->regs + offset);
}

static void put(struct unit *u, uint64_t low, uint64_t high)
{
	u->commands[u->tail / 8] = low;
	u->commands[u->tail / 8 + 1] = high;
	u->tail = (u->tail + 16) % RING_BYTES;
}

/* Has every unit carry out a command, and waits for all (2.4.1). */
static void command(uint64_t low, uint64_t high)
{
	for (struct unit *u = units; u < units + unit_count; u++) {
		put(u, low, high);
		put(u, CMD_WAIT | image_pa(u->done), ++u->asked);
		cpu_fence(); /* tables and commands are written before the unit is told */
		*reg(u, REG_CMD_TAIL) = u->tail;
	}
	for (struct unit *u = units; u < units + unit_count; u++)
		iommu_wait(u->done, UINT32_MAX, u->asked);
}

static void amd_flush(const struct sp *sp)
{
	command(CMD_PAGES | (uint64_t)sp->domain << CMD_DOMAIN, PAGES_ALL);
}

static void word_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* As with VT-d, a device is blocked and all caches are invalidated before its entry is another's.
 */
static void amd_assign(uint16_t rid, void *irq_table, const struct sp *sp)
{
	uint64_t *e = devices[rid], irq = iommu.irq_remap ? DTE_IRQ_VALID : 0;
	if (irq_table)
		irq |= pool_pa(irq_table) | DTE_IRQ_256 | DTE_IRQ_REMAP;
	word_store(&e[0], DTE_VALID | DTE_TRANSLATION);
	word_store(&e[2], irq);
	command(CMD_ALL, 0);
	if (!sp)
		return;
	word_store(&e[1], sp->domain);
	word_store(&e[0], DTE_VALID | DTE_TRANSLATION | DTE_IR_IW | DTE_MODE(iommu.levels) |
				  pool_pa(sp->root));
	command(CMD_ALL, 0);
}

static void amd_irq_set(const struct iommu_irq *irq, bool open)
{
	uint64_t dest = (uint64_t)irq->apic_id << IRTE_DEST, enable = open ? IRTE_ENABLE : 0;
	if (irte_128) {
		uint64_t *e = (uint64_t *)irq->table + 2 * irq->vector;
		word_store(&e[0], 0);
		command(CMD_IRQ_TABLE | irq->rid, 0);
		word_store(&e[1], irq->vector | (uint64_t)(irq->apic_id >> 24) << IRTE_HIGH);
		word_store(&e[0], enable | (dest & UINT32_MAX));
	} else {
		uint32_t *e = (uint32_t *)irq->table + irq->vector;
		dest |= (uint64_t)irq->vector << IRTE_VECTOR;
		__atomic_store_n(e, (uint32_t)(enable | dest), __ATOMIC_RELEASE);
	}
	command(CMD_IRQ_TABLE | irq->rid, 0);
}

/* The low bits of the data are the index (2.2.5.1). */
static void amd_message(uint8_t vector, uint64_t *msi)
{
	msi[VELA_DEV_MSI_ADDRESS] = MSI_ADDRESS;
	msi[VELA_DEV_MSI_DATA] = vector;
}

/* A full log stops until it is started again (2.5.14). */
static void restart_log(const struct unit *u)
{
	*reg(u, REG_CONTROL) &= ~CONTROL_EVENTS;
	iommu_wait((volatile uint32_t *)reg(u, REG_STATUS), STATUS_LOG_RUNS, 0);
	*reg(u, REG_STATUS) = STATUS_OVERFLOW;
	*reg(u, REG_CONTROL) |= CONTROL_EVENTS;
}

static bool event_of(const struct unit *u, struct iommu_fault *f)
{
	uint64_t head = *reg(u, REG_EVENT_HEAD) % RING_BYTES;
	if (head == *reg(u, REG_EVENT_TAIL) % RING_BYTES) {
		if (*reg(u, REG_STATUS) & STATUS_OVERFLOW)
			restart_log(u);
		return false;
	}
	uint64_t event = u->events[head / 8], kind = VELA_FAULT_NONE;
	if (EVENT_CODE(event) == EVENT_PAGE_FAULT)
		kind = event & EVENT_IRQ     ? VELA_FAULT_INTERRUPT
		       : event & EVENT_WRITE ? VELA_FAULT_WRITE
					     : VELA_FAULT_READ;
	uint32_t rid = EVENT_RID(event) | (uint32_t)u->other_segment << 16;
	if (!(EVENTS_OF_DEVICES >> EVENT_CODE(event) & 1))
		rid = UINT32_MAX; /* nobody's */
	*f = (struct iommu_fault){ .rid = rid,
				   .address = u->events[head / 8 + 1] & ~(PAGE_SIZE - 1),
				   .reason = kind | EVENT_CODE(event) << 8 };
	*reg(u, REG_EVENT_HEAD) = (head + 16) % RING_BYTES;
	return true;
}

static bool amd_next_fault(struct iommu_fault *f)
{
	for (const struct unit *u = units; u < units + unit_count; u++) {
		if (event_of(u, f))
			return true;
	}
	return false;
}

static void *blocked_table(void)
{
	uint64_t(*table)[4] = iommu_pages(DEVICE_PAGES);
	for (unsigned i = 0; i < DEVICES; i++) {
		table[i][0] = DTE_VALID | DTE_TRANSLATION;
		table[i][2] = iommu.irq_remap ? DTE_IRQ_VALID : 0;
	}
	return table;
}

/* Firmware may have left it in use. */
static void start(struct unit *u, const void *table)
{
	uint64_t control = *reg(u, REG_CONTROL) & CONTROL_KEPT;
	*reg(u, REG_CONTROL) = control;
	u->commands = iommu_pages(1);
	void *events = iommu_pages(1);
	u->events = events;
	*reg(u, REG_DEVICES) = pool_pa(table) | (DEVICE_PAGES - 1);
	*reg(u, REG_COMMANDS) = pool_pa(u->commands) | BUFFER_256;
	*reg(u, REG_EVENTS) = pool_pa(events) | BUFFER_256;
	*reg(u, REG_CMD_HEAD) = *reg(u, REG_CMD_TAIL) = 0;
	*reg(u, REG_EVENT_HEAD) = *reg(u, REG_EVENT_TAIL) = 0;
	control |= CONTROL_COHERENT | CONTROL_COMMANDS | CONTROL_EVENTS |
		   (irte_128 ? CONTROL_IRTE_128 : 0) |
		   (iommu.apic_id_max == UINT32_MAX ? CONTROL_WIDE : 0);
	*reg(u, REG_CONTROL) = control;
	*reg(u, REG_CONTROL) = control | CONTROL_ENABLE;
}

/* The capability that tells whether absent entries are cached is in configuration space, which the
 * kernel does not read: they are taken to be. Tables are walked coherently. */
static bool amd_init(const struct acpi_info *acpi)
{
	uint64_t features = UINT64_MAX;
	void *other = NULL;
	for (; unit_count < acpi->iommus.units; unit_count++) {
		struct unit *u = &units[unit_count];
		u->regs = device_map(acpi->iommus.unit[unit_count].base, REGS_BYTES);
		u->other_segment = acpi->iommus.unit[unit_count].segment;
		features &= *reg(u, REG_FEATURES);
	}
	if (!(features & FEATURE_INV_ALL)) {
		log_line("AMD-Vi: not used: a unit cannot invalidate all at once");
		return false;
	}
	bool wide = features & FEATURE_WIDE && features & FEATURE_GA && lapic_wide();
	irte_128 = features & FEATURE_GA;
	iommu.levels = 4; /* which every unit has, like leaves of 2 MiB and 1 GiB */
	iommu.shift = 30;
	iommu.end = 1ull << 48;
	iommu.domains = UINT16_MAX;
	iommu.apic_id_max = wide ? UINT32_MAX : APIC_ID_8BITS;
	iommu.snoops = true;
	iommu.caches_absence = true;
	devices = blocked_table();
	for (struct unit *u = units; u < units + unit_count; u++) {
		if (u->other_segment && !other)
			other = blocked_table();
		start(u, u->other_segment ? other : devices);
	}
	command(CMD_ALL, 0);
	return true;
}

const struct iommu_ops amd_ops = {
	.init = amd_init,
	.assign = amd_assign,
	.flush = amd_flush,
	.next_fault = amd_next_fault,
	.irq_set = amd_irq_set,
	.message = amd_message,
	.ioapic_shift = 24, /* of the destination, which remapping ignores */
	.irq_tables = true,
};
