/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A local APIC: xAPIC registers in a 4 KiB MMIO page and the x2APIC MSRs over one register core
 * (Intel SDM volume 3 "APIC", AMD APM volume 2 chapter 16). One instance per virtual CPU. It has
 * no lock: the VMM calls it with the machine's lock held.
 */
#ifndef VMM_DEVICE_LAPIC_H
#define VMM_DEVICE_LAPIC_H

#include "apic.h"
#include "device.h"

#define LAPIC_DEFAULT_BASE 0xfee00000u
#define LAPIC_PAGE_BYTES   4096

#define LAPIC_BASE_BSP	  (UINT64_C(1) << 8)
#define LAPIC_BASE_X2APIC (UINT64_C(1) << 10)
#define LAPIC_BASE_ENABLE (UINT64_C(1) << 11)

#define LAPIC_MSR_BASE	       0x1bu
#define LAPIC_MSR_TSC_DEADLINE 0x6e0u
#define LAPIC_MSR_X2APIC_FIRST 0x800u
#define LAPIC_MSR_X2APIC_LAST  0x8ffu

struct lapic_state {
	uint64_t base;		 /* APICBASE MSR */
	uint64_t timer_start_ns; /* initial count was written here */
	uint64_t timer_fired;	 /* expirations already delivered since then */
	uint64_t deadline_tsc;	 /* TSC-deadline MSR, 0 = disarmed */
	uint64_t tsc_value;	 /* the guest's TSC was this ... */
	uint64_t tsc_ns;	 /* ... at this guest time */
	uint32_t id;		 /* 32-bit id; xAPIC shows its low byte */
	uint32_t tpr;
	uint32_t ldr;
	uint32_t dfr;
	uint32_t svr;
	uint32_t esr;
	uint32_t esr_pending; /* errors since ESR was last written */
	uint32_t icr_low;
	uint32_t icr_high;
	uint32_t lvt[6]; /* enum lapic_lvt */
	uint32_t timer_initial;
	uint32_t dcr;
	uint32_t isr[8];
	uint32_t tmr[8];
	uint32_t irr[8];
	uint32_t reserved;
};

/* In register order, 0x320 up. */
enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR };

/* What the local APIC asks of the CPU or the machine; any of them may be NULL. */
struct lapic_wiring {
	void *ctx;
	/* A vector was requested. */
	void (*raised)(void *ctx);
	/* An IPI for other CPUs (self-IPIs stay inside). */
	bool (*send)(void *ctx, const struct apic_message *message);
	/* NMI, SMI, INIT or STARTUP (then with its vector) arrived for this CPU. */
	void (*event)(void *ctx, enum apic_delivery kind, uint8_t vector);
	/* End of a level-triggered interrupt, for the IOAPICs. */
	void (*eoi)(void *ctx, uint8_t vector);
};

struct lapic {
	struct lapic_state s;
	const struct clock *clock;
	struct lapic_wiring wiring;
	uint64_t timer_hz; /* input of the divider */
	uint64_t tsc_hz;
	uint64_t address_mask; /* bits APICBASE's address may have */
	bool is_bsp;
	uint32_t errors; /* messages dropped, illegal vectors and registers: for statistics */
};

struct lapic_config {
	uint32_t id;
	bool is_bsp;
	uint64_t timer_hz;     /* frequency of the one-shot and periodic timer, below 18 GHz */
	uint32_t tsc_khz;      /* of the guest's TSC */
	unsigned address_bits; /* physical address width the guest's CPUID shows */
};

extern const struct device_ops lapic_device_ops;

/* For dispatch at the page that lapic_mmio_base() says; see also lapic_mmio_enabled(). */
extern const struct mmio_ops lapic_mmio_ops;

void lapic_init(struct lapic *lapic, const struct clock *clock, const struct lapic_config *config,
		const struct lapic_wiring *wiring);

/* Leaves the state that PC firmware hands to a system: enabled, LINT0 = ExtINT, LINT1 = NMI on the
 * bootstrap CPU. For boot protocols that start without firmware. */
void lapic_firmware_setup(struct lapic *lapic);

/* The INIT signal: everything to reset values except the id and APICBASE. */
void lapic_init_signal(struct lapic *lapic);

/* --- registers ------------------------------------------------------------------------------ */

static inline uint64_t lapic_mmio_base(const struct lapic *lapic)
{
	return lapic->s.base & lapic->address_mask;
}

/* Is the MMIO page there: enabled and not in x2APIC mode? */
static inline bool lapic_mmio_enabled(const struct lapic *lapic)
{
	return (lapic->s.base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC)) == LAPIC_BASE_ENABLE;
}

/* APICBASE, TSC-deadline and x2APIC MSRs. False: the guest gets #GP(0), nothing changed. */
bool lapic_read_msr(struct lapic *lapic, uint32_t msr, uint64_t *value);
bool lapic_write_msr(struct lapic *lapic, uint32_t msr, uint64_t value);

/* CR8 is TPR bits 7:4. */
static inline uint64_t lapic_cr8(const struct lapic *lapic)
{
	return lapic->s.tpr >> 4;
}

static inline void lapic_set_cr8(struct lapic *lapic, uint64_t cr8)
{
	lapic->s.tpr = (uint32_t)(cr8 & 15) << 4;
}

/* --- interrupts ----------------------------------------------------------------------------- */

/* The vector to inject, or -1: the highest request above the processor priority. */
int lapic_pending_vector(const struct lapic *lapic);

/* Like lapic_pending_vector() but against TPR 0: what a lower TPR would let through. -1 if a
 * change of TPR alone makes nothing deliverable. */
int lapic_waiting_vector(const struct lapic *lapic);

/* The CPU took this vector: from request to in-service. */
void lapic_ack(struct lapic *lapic, uint8_t vector);

/* Ends what is in service, as a write of EOI does. */
void lapic_end_of_interrupt(struct lapic *lapic);

/* Whether the end of what is in service concerns nobody: it is an edge, and nothing waits. */
bool lapic_end_is_silent(const struct lapic *lapic);

/* Requests a vector. Vectors below 16 are refused and noted in ESR. False if not accepted
 * (software disabled, illegal vector). */
bool lapic_set_irr(struct lapic *lapic, uint8_t vector, bool level);

/* Does the 8259's INTR reach the CPU: APIC off, or LINT0 unmasked in ExtINT mode? */
bool lapic_accepts_extint(const struct lapic *lapic);

/* A LINT pin (0 or 1) rises, for pins in NMI, SMI, INIT or fixed mode. ExtINT is the CPU's. */
void lapic_lint(struct lapic *lapic, unsigned pin);

/* Is the message's destination (no shorthand) this APIC? */
bool lapic_is_destination(const struct lapic *lapic, const struct apic_message *message);

/* Accepts a message that is for this APIC. False if it was dropped. */
bool lapic_accept(struct lapic *lapic, const struct apic_message *message);

/* For lowest-priority arbitration: would a legal fixed vector be accepted, and the processor's
 * priority. */
bool lapic_can_receive(const struct lapic *lapic);
uint8_t lapic_ppr(const struct lapic *lapic);

/* --- time ----------------------------------------------------------------------------------- */

/* The guest's TSC reads tsc at guest time at_ns; call it when the guest writes its TSC. */
void lapic_set_tsc(struct lapic *lapic, uint64_t tsc, uint64_t at_ns);

uint64_t lapic_deadline(const struct lapic *lapic);
/* The same for a timer in TSC-deadline mode, as a value of the guest's TSC; false: another mode. */
bool lapic_deadline_tsc(const struct lapic *lapic, uint64_t *tsc);
void lapic_advance(struct lapic *lapic, uint64_t now_ns);

#endif
