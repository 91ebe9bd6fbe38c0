/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSR policy: one sorted table says what becomes of each register that the guest may not touch
 * itself. Registers of devices and clocks are the machine's; the others are done here. A register
 * without a row raises #GP.
 */
#ifndef VMM_CPU_MSR_H
#define VMM_CPU_MSR_H

#include <stdbool.h>
#include <vela/state.h>

/* X(name, text) */
#define MSR_KIND_TABLE(X)                                                                \
	X(FIXED, "reads a constant; writes are ignored")                                 \
	X(STORED, "keeps what is written and has no effect")                             \
	X(STATE, "part of the virtual CPU's state")                                      \
	X(ADDRESS, "the same, for addresses: must be canonical")                         \
	X(EFER, "checked, then part of the virtual CPU's state")                         \
	X(PAT, "eight memory types, checked; part of the state")                         \
	X(ABSENT, "raises #GP like every unknown one, but systems probe it: not logged") \
	X(LAPIC, "local APIC: base, x2APIC registers, TSC deadline")                     \
	X(TSC, "time-stamp counter: a write moves the guest's TSC offset")               \
	X(CLOCK_WALL, "paravirtual wall clock: a write fills the page")                  \
	X(CLOCK_SYSTEM, "paravirtual system clock: a write fills the page")              \
	X(PARAVIRT, "address of what the guest shares with the monitor, and its switch")

enum msr_kind {
#define X(name, text) MSR_##name,
	MSR_KIND_TABLE(X)
#undef X
};

struct msr_policy {
	uint32_t first, last;
	uint8_t kind;	/* enum msr_kind */
	uint8_t group;	/* STATE, ADDRESS, EFER, PAT: its state group */
	uint16_t place; /* offset in struct vela_state, or index in msr_store */
	uint64_t value; /* FIXED, and the first value of STORED */
};

#define MSR_STORED_MAX 32u

struct msr_store {
	uint64_t value[MSR_STORED_MAX];
};

/* The table, sorted by first, without overlaps. */
const struct msr_policy *msr_policies(unsigned *count);

/* The row of an MSR, or NULL. */
const struct msr_policy *msr_find(uint32_t msr);

void msr_store_init(struct msr_store *store);

/* For the kinds FIXED to PAT; the row's group must have been read. */
uint64_t msr_read(const struct msr_policy *policy, const struct msr_store *store,
		  const struct vela_state *state, uint32_t msr);

/* False: #GP, nothing changed. On success the row's group is dirty. */
bool msr_write(const struct msr_policy *policy, struct msr_store *store, struct vela_state *state,
	       uint32_t msr, uint64_t value);

#endif
