/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that spins for a while with an interrupt held back by CR8 and nothing else to do. It ends
 * with code 0 if the interrupt came when it was let in. How often the guest was left meanwhile its
 * monitor says at the end.
 */
#include "../lib/boot.h"
#include "../lib/irq.h"
#include "../lib/print.h"
#include "../lib/trap.h"

#define VECTOR	0x31u
#define HELD_US 500000u

uint32_t guest_main(void)
{
	uint64_t end;

	irq_setup();
	irq_watch(VECTOR);
	write_cr8(VECTOR >> 4);
	lapic_self_ipi(VECTOR);
	end = tsc_after_us(HELD_US);
	__asm__ volatile("sti" : : : "memory");
	while (rdtsc() < end)
		__asm__ volatile("pause");
	if (irq_count[VECTOR])
		guest_exit(1);
	write_cr8((VECTOR >> 4) - 1);
	__asm__ volatile("nop\n\tcli" : : : "memory");
	guest_exit(irq_count[VECTOR] == 1 ? 0 : 2);
}
