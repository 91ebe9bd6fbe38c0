/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the other CPUs one by one. Each is offered an index and a stack and must take them within
 * a bounded time; one that has not is put back to waiting for a SIPI, so it can never come later.
 */
#include <core/lib.h>
#include <core/log.h>
#include <x86/insn.h>
#include <x86/lapic.h>
#include <x86/msr.h>
#include <x86/pagetable.h>
#include <x86/smp.h>
#include <x86/trampoline.h>
#include <x86/tsc.h>

#define EFER_LME_NXE 0x900u

/* An emulated CPU may have to wait for its turn on a busy host. */
#define START_POLLS   20000u
#define START_POLL_US 100u

extern const uint8_t trampoline_start[];

struct handoff {
	uint32_t state, cr3, efer, index;
	uint64_t stack;
};
_Static_assert(HANDOFF_OFFSET + offsetof(struct handoff, state) == HANDOFF_STATE, "trampoline.S");
_Static_assert(HANDOFF_OFFSET + offsetof(struct handoff, cr3) == HANDOFF_CR3, "trampoline.S");
_Static_assert(HANDOFF_OFFSET + offsetof(struct handoff, efer) == HANDOFF_EFER, "trampoline.S");
_Static_assert(HANDOFF_OFFSET + offsetof(struct handoff, index) == HANDOFF_INDEX, "trampoline.S");
_Static_assert(HANDOFF_OFFSET + offsetof(struct handoff, stack) == HANDOFF_STACK, "trampoline.S");

static bool start_cpu(struct handoff *h, unsigned index, uint32_t apic_id)
{
	if (!lapic_reaches(apic_id))
		return false;
	h->index = index;
	h->stack = (uintptr_t)cpu_stack_top(index);
	/* Pairs with the locked exchange of the CPU that takes it. */
	__atomic_store_n(&h->state, HANDOFF_OFFERED, __ATOMIC_RELEASE);
	lapic_start_cpu(apic_id, TRAMPOLINE_PA >> PAGE_SHIFT);
	for (unsigned i = 0; i < START_POLLS; i++) {
		if (__atomic_load_n(&h->state, __ATOMIC_ACQUIRE) == HANDOFF_TAKEN)
			return true;
		tsc_delay_us(START_POLL_US);
	}
	if (__atomic_exchange_n(&h->state, HANDOFF_NONE, __ATOMIC_ACQ_REL) == HANDOFF_TAKEN)
		return true;
	lapic_park_cpu(apic_id);
	return false;
}

unsigned smp_start(struct acpi_info *acpi)
{
	/* The page may hold data of the boot loader; it is as before when this returns. */
	static uint8_t saved[TRAMPOLINE_BYTES];
	uint8_t *low = (uint8_t *)(uintptr_t)TRAMPOLINE_PA;
	struct handoff *h = (struct handoff *)(low + HANDOFF_OFFSET);
	unsigned started = 1;
	memcpy(saved, low, sizeof saved);
	memcpy(low, trampoline_start, sizeof saved);
	h->cr3 = (uint32_t)kernel_cr3;
	h->efer = (uint32_t)msr_read(MSR_EFER) & EFER_LME_NXE;
	for (unsigned i = 1; i < acpi->cpus; i++) {
		uint32_t apic_id = acpi->apic_id[i];
		if (start_cpu(h, started, apic_id))
			acpi->apic_id[started++] = apic_id;
		else
			log_line("smp: CPU with APIC ID %u does not start", apic_id);
	}
	memcpy(low, saved, sizeof saved);
	acpi->cpus = started;
	return started;
}
