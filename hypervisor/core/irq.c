/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt routing. Lines are numbered: the global system interrupts first, then, from the top
 * down, those that devices raise by a message. A level-triggered line is masked when it fires and
 * opened again by its driver's acknowledge, so that a silent driver cannot storm the machine.
 */
#include <arch/irq.h>
#include <core/cpu.h>
#include <core/irq.h>

static struct {
	cap_t sm; /* weak; 0: free */
	bool level;
	bool message; /* some device's, also while sm is 0 or dead */
} line[ARCH_IRQS];

static struct spinlock irq_lock; /* protects line[] against concurrent binding */

static struct sm *line_sm(uint64_t gsi)
{
	struct object *o = cap_object(__atomic_load_n(&line[gsi].sm, __ATOMIC_ACQUIRE));
	return o ? container_of(o, struct sm, object) : NULL;
}

enum vela_status irq_bind(uint64_t gsi, struct sm *sm, uint64_t cpu, uint64_t mode)
{
	if (gsi >= arch_irqs() ||
	    mode & ~(uint64_t)(VELA_IRQ_LEVEL | VELA_IRQ_LOW | VELA_IRQ_SET) ||
	    (mode && !(mode & VELA_IRQ_SET)))
		return VELA_BAD_ARG;
	if (!cpu_valid(cpu))
		return VELA_BAD_CPU;
	spin_lock(&irq_lock);
	bool taken = line_sm(gsi);
	if (!taken) {
		line[gsi].level = arch_irq_route((unsigned)gsi, cpus[cpu], (unsigned)mode);
		__atomic_store_n(&line[gsi].sm, object_cap(&sm->object, 0), __ATOMIC_RELEASE);
		arch_irq_mask((unsigned)gsi, false);
	}
	spin_unlock(&irq_lock);
	return taken ? VELA_BUSY : VELA_OK;
}

enum vela_status irq_ack(uint64_t gsi)
{
	if (gsi >= arch_irqs() || !line_sm(gsi))
		return VELA_BAD_ARG;
	arch_irq_mask((unsigned)gsi, false);
	return VELA_OK;
}

enum vela_status irq_free(uint64_t gsi)
{
	if (gsi >= arch_irqs())
		return VELA_BAD_ARG;
	spin_lock(&irq_lock);
	arch_irq_mask((unsigned)gsi, true);
	line[gsi].sm = 0;
	spin_unlock(&irq_lock);
	return VELA_OK;
}

/* A free line, 0 when all are taken; those of the I/O APICs are below. */
static uint8_t free_line(void)
{
	for (unsigned i = ARCH_IRQS - 1; i && i >= arch_irqs(); i--) {
		if (!line[i].message)
			return (uint8_t)i;
	}
	return 0;
}

enum vela_status irq_message_bind(uint8_t *number, struct sm *sm)
{
	enum vela_status s = VELA_OK;
	spin_lock(&irq_lock);
	if (*number && line_sm(*number))
		s = VELA_BUSY;
	else if (!*number && !(*number = free_line()))
		s = VELA_OVERFLOW;
	if (!s) {
		line[*number].message = true;
		__atomic_store_n(&line[*number].sm, object_cap(&sm->object, 0), __ATOMIC_RELEASE);
	}
	spin_unlock(&irq_lock);
	return s;
}

void irq_message_free(uint8_t *number)
{
	if (!*number)
		return;
	spin_lock(&irq_lock);
	__atomic_store_n(&line[*number].sm, 0, __ATOMIC_RELEASE);
	line[*number].message = false;
	*number = 0;
	spin_unlock(&irq_lock);
}

void irq_deliver(struct cpu *cpu, unsigned number)
{
	struct sm *sm = line_sm(number);
	cpu->stat[VELA_STAT_HW_INTERRUPTS]++;
	if (!line[number].message && (!sm || line[number].level))
		arch_irq_mask(number, true);
	if (sm)
		sm_up(sm);
}
