/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device contexts: what the IOMMU lets a device reach, its interrupts, its faults; and the
 * hypercall for all of it.
 */
#include <arch/iommu.h>
#include <arch/irq.h>
#include <core/calls.h>
#include <core/dc.h>
#include <core/irq.h>
#include <core/pd.h>

#define FAULTS_PER_LOOK 64u /* a device may make them faster than they are read */

static struct list dcs = { &dcs, &dcs };
static struct spinlock
	dc_lock; /* protects dcs and what each refers to; before sp->lock, irq_lock */

static struct dc *find(uint32_t rid)
{
	for (struct list *l = dcs.next; l != &dcs; l = l->next) {
		struct dc *dc = container_of(l, struct dc, link);
		if (dc->rid == rid)
			return dc;
	}
	return NULL;
}

/* Gives what the hardware has recorded to whom it concerns. */
static void collect_faults(void)
{
	struct iommu_fault f;
	for (unsigned n = 0; n < FAULTS_PER_LOOK && iommu_next_fault(&f); n++) {
		struct dc *dc = find(f.rid);
		if (!dc)
			continue;
		dc->faults[VELA_DEV_FAULT_COUNT]++;
		dc->faults[VELA_DEV_FAULT_ADDRESS] = f.address;
		dc->faults[VELA_DEV_FAULT_REASON] = f.reason;
	}
}

static bool enter(struct dc *dc)
{
	spin_lock(&dc_lock);
	collect_faults(); /* those of an earlier context are not this one's */
	bool first = !find(dc->rid);
	if (first) {
		list_insert(&dcs, &dc->link);
		iommu_assign(dc, NULL);
	}
	spin_unlock(&dc_lock);
	return first;
}

enum vela_status dc_create(struct pd *payer, const uint64_t *params, struct object **out)
{
	if (params[VELA_DC_RID] > UINT32_MAX)
		return VELA_BAD_ARG;
	struct dc *dc = pd_alloc(payer, sizeof *dc);
	if (!dc)
		return VELA_NO_MEMORY;
	dc->rid = (uint32_t)params[VELA_DC_RID];
	enum vela_status s = VELA_NO_MEMORY;
	if (iommu_device_init(dc, payer)) {
		*out = &dc->object;
		if (enter(dc))
			return VELA_OK;
		iommu_device_end(dc->irq_table, payer);
		s = VELA_BUSY;
	}
	pd_free(payer, dc, sizeof *dc);
	return s;
}

/* The lock is held. */
static void confine(struct dc *dc, struct sp *sp)
{
	sp_detach(&dc->use);
	iommu_assign(dc, sp);
	sp_attach(sp, &dc->use, &dc->object);
}

enum vela_status dc_assign(struct dc *dc, struct sp *sp)
{
	if (!iommu_covers(dc->rid))
		return VELA_NOT_SUPPORTED;
	spin_lock(&dc_lock);
	confine(dc, sp);
	spin_unlock(&dc_lock);
	return VELA_OK;
}

bool dc_release(struct sp *sp)
{
	spin_lock(&dc_lock);
	bool any = !list_empty(&sp->users);
	if (any)
		confine(container_of(sp->users.next, struct dc, use.link), NULL);
	spin_unlock(&dc_lock);
	return any;
}

enum vela_status dc_faults(struct dc *dc, uint64_t words[VELA_DEV_FAULT_WORDS])
{
	if (!iommu_covers(dc->rid))
		return VELA_NOT_SUPPORTED;
	spin_lock(&dc_lock);
	collect_faults();
	memcpy(words, dc->faults, sizeof dc->faults);
	spin_unlock(&dc_lock);
	return VELA_OK;
}

enum vela_status dc_irq_bind(struct dc *dc, uint64_t number, struct sm *sm, uint64_t cpu,
			     uint64_t msi[VELA_DEV_MSI_WORDS])
{
	if (number >= VELA_DEV_IRQS)
		return VELA_BAD_ARG;
	if (!cpu_valid(cpu))
		return VELA_BAD_CPU;
	if (!arch_msi_reaches(dc, cpus[cpu]))
		return VELA_NOT_SUPPORTED;
	spin_lock(&dc_lock);
	enum vela_status s = irq_message_bind(&dc->line[number], sm);
	if (!s)
		arch_msi_route(dc, dc->line[number], cpus[cpu], msi);
	spin_unlock(&dc_lock);
	return s;
}

enum vela_status dc_irq_free(struct dc *dc, uint64_t number)
{
	if (number >= VELA_DEV_IRQS)
		return VELA_BAD_ARG;
	spin_lock(&dc_lock);
	if (dc->line[number])
		arch_msi_block(dc, dc->line[number]);
	irq_message_free(&dc->line[number]);
	spin_unlock(&dc_lock);
	return VELA_OK;
}

void dc_free(struct dc *dc)
{
	struct pd *payer = dc->object.owner;
	for (unsigned i = 0; i < VELA_DEV_IRQS; i++)
		dc_irq_free(dc, i);
	void *irq_table = dc->irq_table;
	spin_lock(&dc_lock);
	dc->irq_table = NULL;
	confine(dc, NULL);
	list_remove(&dc->link);
	spin_unlock(&dc_lock);
	iommu_device_end(irq_table, payer);
	object_retire(&dc->object);
	pd_free(payer, dc, sizeof *dc);
}

static enum vela_status dev_assign(struct ec *self, struct dc *dc, uint64_t sel)
{
	struct sp *sp = NULL;
	enum vela_status s = VELA_OK;
	if (sel)
		s = cap_lookup_sp(self->obj, sel, 1u << VELA_SP_DMA, VELA_SP_ASSIGN, &sp);
	return s ? s : dc_assign(dc, sp);
}

static enum vela_status dev_faults(struct ec *self, struct dc *dc)
{
	uint64_t words[VELA_DEV_FAULT_WORDS];
	enum vela_status s = dc_faults(dc, words);
	if (!s)
		memcpy(self->utcb, words, sizeof words);
	return s;
}

static enum vela_status dev_irq_bind(struct ec *self, struct dc *dc, const struct args *a)
{
	struct object *sm;
	uint64_t msi[VELA_DEV_MSI_WORDS];
	enum vela_status s = cap_lookup(self->obj, a->c, VELA_KIND_SM, VELA_SM_BIND, &sm);
	if (!s)
		s = dc_irq_bind(dc, a->b, container_of(sm, struct sm, object), a->d, msi);
	if (!s)
		memcpy(self->utcb, msi, sizeof msi);
	return s;
}

enum vela_status sys_dev_ctrl(struct cpu *, struct ec *self, struct args *a)
{
	static const uint8_t rights[] = { VELA_DC_ASSIGN, VELA_DC_IRQ, VELA_DC_IRQ, VELA_DC_STAT };
	struct object *o;
	if (a->flags >= sizeof rights)
		return VELA_BAD_ARG;
	enum vela_status s = cap_lookup(self->obj, a->a, VELA_KIND_DC, rights[a->flags], &o);
	if (s)
		return s;
	struct dc *dc = container_of(o, struct dc, object);
	switch (a->flags) {
	case VELA_DEV_ASSIGN:
		return dev_assign(self, dc, a->b);
	case VELA_DEV_IRQ_BIND:
		return dev_irq_bind(self, dc, a);
	case VELA_DEV_IRQ_FREE:
		return dc_irq_free(dc, a->b);
	default:
		return dev_faults(self, dc);
	}
}
