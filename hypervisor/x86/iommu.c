/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IOMMU as core/ sees it, whoever made it: which one there is, identities of DMA spaces, the
 * lock under which its tables and queues are used, the I/O APICs as sources of interrupts.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <core/pd.h>
#include <core/pool.h>
#include <x86/iommu.h>
#include <x86/pagetable.h>

#define DOMAINS_MAX  256u
#define CACHE_LINE   64u
#define TIMEOUT_US   1000000u
#define AMD_IR_IW(w) (1ull << 61 | (uint64_t)(w) << 62)
#define AMD_NEXT(l)  ((uint64_t)(l) << 9)

struct iommu iommu;

/* Protects the units, their tables and queues, and domains. A leaf: no other is taken under it. */
static struct spinlock iommu_lock;
static uint64_t domains[DOMAINS_MAX / 64]; /* set: in use */

static struct {
	uint8_t id;
	uint16_t rid;
	void *table;
} ioapic[ACPI_IOAPICS_MAX];
static unsigned ioapics;

/* Whether each I/O APIC's interrupts can be told from those that devices make up. */
static bool ioapics_known(const struct acpi_info *acpi)
{
	for (unsigned i = 0; i < acpi->ioapics; i++) {
		unsigned n = 0;
		while (n < acpi->iommus.sources && acpi->iommus.source[n].id != acpi->ioapic[i].id)
			n++;
		if (n == acpi->iommus.sources)
			return false;
		ioapic[i].id = acpi->ioapic[i].id;
		ioapic[i].rid = acpi->iommus.source[n].rid;
	}
	ioapics = acpi->ioapics;
	return true;
}

static void ioapics_open(void)
{
	for (unsigned i = 0; i < ioapics && iommu.ops->irq_tables; i++) {
		ioapic[i].table = iommu_pages(1);
		iommu.ops->assign(ioapic[i].rid, ioapic[i].table, NULL);
	}
}

void iommu_init(const struct acpi_info *acpi)
{
	static const struct iommu_ops *const choice[] = {
		[ACPI_IOMMU_VTD] = &vtd_ops, [ACPI_IOMMU_AMD] = &amd_ops
	};
	const struct iommu_ops *ops = choice[acpi->iommus.kind];
	iommu.irq_remap = acpi->iommus.irq_remap && ioapics_known(acpi);
	if (!ops || !ops->init(acpi)) {
		iommu.irq_remap = false;
		log_line("no IOMMU: drivers' devices can reach all memory");
		return;
	}
	iommu.ops = ops;
	if (iommu.irq_remap)
		ioapics_open();
	domains[0] = 1;
	log_line("IOMMU: %s, %u unit(s); DMA is blocked until assigned, interrupts are %s",
		 ops == &vtd_ops ? "VT-d" : "AMD-Vi", acpi->iommus.units,
		 iommu.irq_remap ? "remapped" : "not remapped: devices can raise any");
}

void *iommu_pages(unsigned pages)
{
	void *run = pages == 1 ? pool_alloc(0) : pool_alloc_run(pages * PAGE_SIZE);
	if (!run)
		panic("no memory for the IOMMU's tables");
	return run;
}

void iommu_wait(const volatile uint32_t *reg, uint32_t mask, uint32_t wanted)
{
	uint64_t end = tsc_read() + us_to_ticks(TIMEOUT_US);
	while ((*reg & mask) != wanted) {
		if (tsc_read() > end)
			panic("the IOMMU does not answer");
		cpu_pause();
	}
}

void iommu_written(const void *entries, size_t bytes)
{
	if (iommu.snoops)
		return;
	const char *end = (const char *)entries + bytes;
	for (const char *at = (const char *)align_down((uint64_t)entries, CACHE_LINE); at < end;
	     at += CACHE_LINE)
		__asm__ volatile("clflush %0" : : "m"(*at) : "memory");
	cpu_fence();
}

bool iommu_caches_absence(void)
{
	return iommu.caches_absence;
}

/* Requester ids repeat on every segment, so the tables are those of segment 0 alone. An I/O APIC
 * may send as a function that also exists, whose entry is then not to be given away. */
bool iommu_covers(uint32_t rid)
{
	for (unsigned i = 0; i < ioapics; i++) {
		if (ioapic[i].rid == rid)
			return false;
	}
	return iommu.ops && rid <= UINT16_MAX;
}

enum vela_status iommu_space_init(struct sp *sp)
{
	enum vela_status s = VELA_OVERFLOW;
	if (!iommu.ops)
		return VELA_NOT_SUPPORTED;
	spin_lock(&iommu_lock);
	for (uint32_t i = 0; i < DOMAINS_MAX && i < iommu.domains && s; i++) {
		if (domains[i / 64] >> i % 64 & 1)
			continue;
		domains[i / 64] |= 1ull << i % 64;
		sp->domain = i;
		s = VELA_OK;
	}
	spin_unlock(&iommu_lock);
	return s;
}

void iommu_space_end(struct sp *sp)
{
	if (!sp->domain)
		return;
	spin_lock(&iommu_lock);
	domains[sp->domain / 64] &= ~(1ull << sp->domain % 64);
	spin_unlock(&iommu_lock);
}

bool iommu_device_init(struct dc *dc, struct pd *payer)
{
	if (!iommu_covers(dc->rid) || !iommu.ops->irq_tables || !iommu.irq_remap)
		return true;
	dc->irq_table = pd_alloc_pages(payer, 0);
	return dc->irq_table;
}

void iommu_device_end(void *irq_table, struct pd *payer)
{
	pd_free_pages(payer, irq_table, 0);
}

void iommu_assign(const struct dc *dc, const struct sp *sp)
{
	if (!iommu_covers(dc->rid))
		return;
	spin_lock(&iommu_lock);
	iommu.ops->assign((uint16_t)dc->rid, dc->irq_table, sp);
	spin_unlock(&iommu_lock);
}

void iommu_flush(const struct sp *sp)
{
	spin_lock(&iommu_lock);
	iommu.ops->flush(sp);
	spin_unlock(&iommu_lock);
}

bool iommu_next_fault(struct iommu_fault *fault)
{
	if (!iommu.ops)
		return false;
	spin_lock(&iommu_lock);
	bool any = iommu.ops->next_fault(fault);
	spin_unlock(&iommu_lock);
	return any;
}

void iommu_irq_set(const struct iommu_irq *irq, bool open)
{
	spin_lock(&iommu_lock);
	iommu.ops->irq_set(irq, open);
	spin_unlock(&iommu_lock);
}

bool iommu_ioapic(int id, struct iommu_irq *irq)
{
	for (unsigned i = 0; i < ioapics; i++) {
		if (ioapic[i].id != id)
			continue;
		irq->rid = ioapic[i].rid;
		irq->table = ioapic[i].table;
		return true;
	}
	return false;
}

/* Second-level tables of VT-d (9.8): R and W stand where P and W do. Those of AMD (48882, 2.2.3)
 * ignore W and PS, but have bits of their own for reads and writes, and for the level below. */
uint64_t iommu_table_bits(int level)
{
	uint64_t bits = PTE_P | PTE_W;
	return iommu.ops->irq_tables ? bits | AMD_IR_IW(1) | AMD_NEXT(level - 1) : bits;
}

uint64_t iommu_leaf_bits(unsigned rights)
{
	return iommu.ops->irq_tables ? AMD_IR_IW(!!(rights & VELA_MEM_W)) : 0;
}
