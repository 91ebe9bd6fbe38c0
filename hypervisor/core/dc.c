/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device contexts: their interrupts.
 */
#include <arch/irq.h>
#include <core/cpu.h>
#include <core/dc.h>
#include <core/irq.h>
#include <core/pd.h>

static struct list dcs = { &dcs, &dcs };
static struct spinlock dc_lock; /* protects dcs and what each refers to; before irq_lock */

static bool known(uint32_t rid)
{
	for (struct list *l = dcs.next; l != &dcs; l = l->next) {
		if (container_of(l, struct dc, link)->rid == rid)
			return true;
	}
	return false;
}

enum vela_status dc_create(struct pd *payer, const uint64_t *params, struct object **out)
{
	if (params[VELA_DC_RID] > UINT32_MAX)
		return VELA_BAD_ARG;
	struct dc *dc = pd_alloc(payer, sizeof *dc);
	if (!dc)
		return VELA_NO_MEMORY;
	dc->rid = (uint32_t)params[VELA_DC_RID];
	spin_lock(&dc_lock);
	bool taken = known(dc->rid);
	if (!taken)
		list_insert(&dcs, &dc->link);
	spin_unlock(&dc_lock);
	if (taken) {
		pd_free(payer, dc, sizeof *dc);
		return VELA_BUSY;
	}
	*out = &dc->object;
	return VELA_OK;
}

enum vela_status dc_irq_bind(struct dc *dc, uint64_t number, struct sm *sm, uint64_t cpu,
			     uint64_t msi[VELA_DEV_MSI_WORDS])
{
	if (number >= VELA_DEV_IRQS)
		return VELA_BAD_ARG;
	if (!cpu_valid(cpu))
		return VELA_BAD_CPU;
	if (!arch_msi_reaches(cpus[cpu]))
		return VELA_NOT_SUPPORTED;
	spin_lock(&dc_lock);
	enum vela_status s = irq_message_bind(&dc->line[number], sm);
	if (!s)
		arch_msi_route(dc->line[number], cpus[cpu], msi);
	spin_unlock(&dc_lock);
	return s;
}

enum vela_status dc_irq_free(struct dc *dc, uint64_t number)
{
	if (number >= VELA_DEV_IRQS)
		return VELA_BAD_ARG;
	spin_lock(&dc_lock);
	irq_message_free(&dc->line[number]);
	spin_unlock(&dc_lock);
	return VELA_OK;
}

void dc_free(struct dc *dc)
{
	struct pd *payer = dc->object.owner;
	for (unsigned i = 0; i < VELA_DEV_IRQS; i++)
		dc_irq_free(dc, i);
	spin_lock(&dc_lock);
	list_remove(&dc->link);
	spin_unlock(&dc_lock);
	object_retire(&dc->object);
	pd_free(payer, dc, sizeof *dc);
}
