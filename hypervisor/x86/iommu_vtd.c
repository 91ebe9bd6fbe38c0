/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VT-d: one root table, one table of interrupts and one format of page tables for all units of
 * segment 0; units of other segments get empty tables. Legacy mode, second-level translation only.
 * Caches are invalidated through the units' queues, and every caller waits until it has happened.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <core/pool.h>
#include <x86/iommu.h>
#include <x86/iommu_vtd.h>
#include <x86/lapic.h>
#include <x86/pagetable.h>
#include <x86/phys.h>

#define BUSES	      256u
#define QUEUE_BYTES   ((uint32_t)PAGE_SIZE)
#define DESCRIPTOR    16u
#define APIC_ID_8BITS 0xfeu

struct entry {
	uint64_t low, high;
};

struct unit {
	volatile char *regs;
	uint64_t cap, ecap;
	uint64_t drain; /* what its IOTLB commands ask for besides */
	struct entry *queue;
	uint32_t tail; /* bytes */
	uint32_t done; /* written by the unit */
	uint32_t asked;
	uint16_t segment;
};

static struct unit units[ACPI_IOMMUS_MAX];
static unsigned unit_count;
static struct entry *root, *irtes, *context; /* of segment 0; context of bus b at b * 256 */
static void *empty;

static volatile uint32_t *reg32(const struct unit *u, unsigned offset)
{
	return (volatile uint32_t *)(u->regs + offset);
}

static volatile uint64_t *reg64(const struct unit *u, unsigned offset)
{
	return (volatile uint64_t *)(u->regs + offset);
}

/* Switches one thing on or off (11.4.4.1). */
static void command(const struct unit *u, uint32_t bit, bool on)
{
	uint32_t status = *reg32(u, REG_GSTS) & STATUS_LASTING;
	*reg32(u, REG_GCMD) = on ? status | bit : status & ~bit;
	iommu_wait(reg32(u, REG_GSTS), bit, on ? bit : 0);
}

static void put(struct unit *u, uint64_t low, uint64_t high)
{
	if ((low & INV_TYPE) == INV_IOTLB)
		low |= u->drain;
	u->queue[u->tail / DESCRIPTOR] = (struct entry){ low, high };
	u->tail = (u->tail + DESCRIPTOR) % QUEUE_BYTES;
}

/* Has every unit carry out one or two commands, and waits for all (6.5.2.8). The queue is read
 * coherently and is never more than a few commands long. */
static void invalidate(uint64_t first, uint64_t second)
{
	for (struct unit *u = units; u < units + unit_count; u++) {
		uint64_t status = (uint64_t)++u->asked << INV_WAIT_DATA;
		put(u, first, 0);
		if (second)
			put(u, second, 0);
		put(u, INV_WAIT | status, image_pa(&u->done));
		cpu_fence(); /* tables and commands are written before the unit is told */
		*reg64(u, REG_IQT) = u->tail;
	}
	for (struct unit *u = units; u < units + unit_count; u++)
		iommu_wait(&u->done, UINT32_MAX, u->asked);
}

static void vtd_flush(const struct sp *sp)
{
	invalidate(INV_IOTLB_DOMAIN | (uint64_t)sp->domain << INV_DOMAIN, 0);
}

static void entry_store(uint64_t *half, uint64_t value)
{
	__atomic_store_n(half, value, __ATOMIC_RELEASE);
	iommu_written(half, sizeof *half);
}

/* A change of a device's entry is rare: all of the caches are invalidated, which is right in every
 * caching mode and flushes write buffers as well (6.5, 6.8). Blocked comes first, so that no entry
 * is ever half one device's and half another's. */
static void vtd_assign(uint16_t rid, void *, const struct sp *sp)
{
	struct entry *e = &context[rid];
	entry_store(&e->low, 0);
	invalidate(INV_CONTEXT_ALL, INV_IOTLB_ALL);
	if (!sp)
		return;
	entry_store(&e->high, (uint64_t)sp->domain << CONTEXT_DOMAIN | CONTEXT_WIDTH(iommu.levels));
	entry_store(&e->low, pool_pa(sp->root) | ENTRY_PRESENT);
	invalidate(INV_CONTEXT_ALL, INV_IOTLB_ALL);
}

static void vtd_irq_set(const struct iommu_irq *irq, bool open)
{
	struct entry *e = &irtes[irq->vector];
	unsigned dest = lapic_wide() ? IRTE_DEST_WIDE : IRTE_DEST_NARROW;
	entry_store(&e->low, 0);
	invalidate(INV_IRQ_ALL, 0);
	if (!open)
		return;
	entry_store(&e->high, IRTE_VERIFY_RID | irq->rid);
	entry_store(&e->low, IRTE_PRESENT | (irq->level ? IRTE_LEVEL : 0) |
				     (uint64_t)irq->vector << IRTE_VECTOR |
				     (uint64_t)irq->apic_id << dest);
	invalidate(INV_IRQ_ALL, 0);
}

/* Without a sub-handle: the data do not matter (5.1.2.2). */
static void vtd_message(uint8_t vector, uint64_t *msi)
{
	msi[VELA_DEV_MSI_ADDRESS] = MSI_ADDRESS | MSI_REMAPPABLE | (uint64_t)vector << MSI_INDEX;
	msi[VELA_DEV_MSI_DATA] = 0;
}

static bool fault_of(struct unit *u, struct iommu_fault *f)
{
	unsigned count = CAP_FAULTS(u->cap), first = FSTS_FIRST(*reg32(u, REG_FSTS));
	for (unsigned i = 0; i < count; i++) {
		unsigned at = (first + i) % count;
		volatile uint64_t *record = reg64(u, CAP_FAULTS_AT(u->cap) + 16 * at);
		uint64_t high = record[1];
		if (!(high & FAULT_VALID))
			continue;
		unsigned reason = FAULT_REASON(high), kind;
		bool irq = reason >= REASON_IRQ && reason <= REASON_IRQ_LAST;
		kind = irq		   ? VELA_FAULT_INTERRUPT
		       : high & FAULT_READ ? VELA_FAULT_READ
					   : VELA_FAULT_WRITE;
		*f = (struct iommu_fault){ .rid = (uint32_t)u->segment << 16 | FAULT_RID(high),
					   .address =
						   irq ? *record >> 48 : *record & ~(PAGE_SIZE - 1),
					   .reason = kind | reason << 8 };
		record[1] = FAULT_VALID;
		return true;
	}
	/* Only after the records are empty does the unit record again (7.3). */
	*reg32(u, REG_FSTS) = FSTS_OVERFLOW;
	return false;
}

static bool vtd_next_fault(struct iommu_fault *f)
{
	for (struct unit *u = units; u < units + unit_count; u++) {
		if (*reg32(u, REG_FSTS) & (FSTS_PENDING | FSTS_OVERFLOW) && fault_of(u, f))
			return true;
	}
	return false;
}

/* Looks at every unit: what all of them can do goes into iommu. False when that is too little. */
static bool join(void)
{
	uint64_t levels = CAP_LEVELS_3 | CAP_LEVELS_4, large = 3;
	unsigned bits = 63;
	bool queued = true;
	for (struct unit *u = units; u < units + unit_count; u++) {
		levels &= u->cap;
		large &= CAP_LARGE(u->cap);
		queued &= !!(u->ecap & ECAP_QUEUE);
		iommu.snoops &= !!(u->ecap & ECAP_COHERENT);
		iommu.caches_absence |= u->cap & (CAP_CACHING | CAP_WRITE_BUFFER);
		iommu.irq_remap &=
			u->ecap & ECAP_REMAP && (!lapic_wide() || u->ecap & ECAP_EXTENDED);
		if (CAP_DOMAINS(u->cap) < iommu.domains)
			iommu.domains = CAP_DOMAINS(u->cap);
		if (CAP_ADDRESS(u->cap) < bits)
			bits = CAP_ADDRESS(u->cap);
	}
	iommu.levels = levels & CAP_LEVELS_4 ? 4 : 3;
	iommu.shift = large == 3 ? 30 : large & 1 ? 21 : PAGE_SHIFT;
	if (bits > PAGE_SHIFT + 9 * iommu.levels)
		bits = PAGE_SHIFT + 9 * iommu.levels;
	iommu.end = 1ull << bits;
	return levels && queued;
}

static bool find_units(const struct acpi_iommus *acpi)
{
	for (; unit_count < acpi->units; unit_count++) {
		struct unit *u = &units[unit_count];
		uint64_t base = acpi->unit[unit_count].base;
		u->segment = acpi->unit[unit_count].segment;
		u->regs = device_map(base, PAGE_SIZE);
		u->cap = *reg64(u, REG_CAP);
		u->ecap = *reg64(u, REG_ECAP);
		u->drain = (u->cap & CAP_DRAIN_WRITE ? INV_DRAIN_WRITE : 0) |
			   (u->cap & CAP_DRAIN_READ ? INV_DRAIN_READ : 0);
		uint64_t bytes = CAP_FAULTS_AT(u->cap) + 16 * CAP_FAULTS(u->cap);
		if (bytes > PAGE_SIZE) /* mappings follow each other */
			device_map(base + PAGE_SIZE, bytes - PAGE_SIZE);
	}
	iommu.domains = UINT16_MAX;
	iommu.snoops = true;
	iommu.apic_id_max = lapic_wide() ? UINT32_MAX : APIC_ID_8BITS;
	return join();
}

static void make_tables(void)
{
	empty = iommu_pages(1);
	root = iommu_pages(1);
	irtes = iommu_pages(1);
	context = iommu_pages(BUSES);
	for (unsigned bus = 0; bus < BUSES; bus++)
		root[bus].low = pool_pa(&context[bus * 256]) | ENTRY_PRESENT;
	iommu_written(empty, PAGE_SIZE);
	iommu_written(root, PAGE_SIZE);
	iommu_written(irtes, PAGE_SIZE);
	iommu_written(context, BUSES * PAGE_SIZE);
}

/* Firmware may have left it in use. Faults are read when somebody asks: an interrupt for each would
 * be a way for devices to take time from everybody. */
static void start_queue(struct unit *u)
{
	struct iommu_fault old;
	if (*reg32(u, REG_GSTS) & CMD_QUEUE)
		command(u, CMD_QUEUE, false);
	*reg32(u, REG_FECTL) = FECTL_MASKED;
	*reg32(u, REG_FSTS) = FSTS_ALL;
	for (unsigned i = 0; i < CAP_FAULTS(u->cap) && fault_of(u, &old); i++)
		;
	u->queue = iommu_pages(1);
	*reg64(u, REG_IQT) = 0;
	*reg64(u, REG_IQA) = pool_pa(u->queue);
	command(u, CMD_QUEUE, true);
}

static void start_remapping(const struct unit *u)
{
	*reg64(u, REG_IRTA) =
		pool_pa(u->segment ? empty : irtes) | IRTA_256 | (lapic_wide() ? IRTA_EXTENDED : 0);
	command(u, CMD_SET_IRTA, true);
}

static bool vtd_init(const struct acpi_info *acpi)
{
	if (!find_units(&acpi->iommus)) {
		log_line("VT-d: not used: a unit lacks queued invalidation or page tables of 3 or "
			 "4 levels");
		return false;
	}
	make_tables();
	for (struct unit *u = units; u < units + unit_count; u++) {
		start_queue(u);
		*reg64(u, REG_RTADDR) = pool_pa(u->segment ? empty : root);
		command(u, CMD_SET_ROOT, true);
		if (iommu.irq_remap)
			start_remapping(u);
	}
	invalidate(INV_CONTEXT_ALL, INV_IOTLB_ALL);
	if (iommu.irq_remap)
		invalidate(INV_IRQ_ALL, 0);
	for (struct unit *u = units; u < units + unit_count; u++) {
		if (iommu.irq_remap) {
			command(u, CMD_COMPATIBLE, false);
			command(u, CMD_REMAP, true);
		}
		command(u, CMD_TRANSLATE, true);
		if (u->cap & CAP_PROTECTED) {
			*reg32(u, REG_PMEN) &= ~PMEN_ENABLE;
			iommu_wait(reg32(u, REG_PMEN), PMEN_STATUS, 0);
		}
	}
	return true;
}

const struct iommu_ops vtd_ops = {
	.init = vtd_init,
	.assign = vtd_assign,
	.flush = vtd_flush,
	.next_fault = vtd_next_fault,
	.irq_set = vtd_irq_set,
	.message = vtd_message,
	.ioapic_high = IOAPIC_REMAPPABLE,
	.ioapic_shift = IOAPIC_INDEX,
};
