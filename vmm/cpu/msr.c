/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSR table. What stock systems read without asking CPUID is here, with the value that means
 * "nothing special"; docs/machine.md shows the table.
 */
#include "msr.h"

#include <stddef.h>

#include "device/lapic.h"
#include "kvmclock.h"
#include "paravirt.h"
#include "registers.h"

#define STATE(field, bits) .place = offsetof(struct vela_state, field), .group = (bits)
#define SEGMENT_BASE(n)                                                                 \
	.place = offsetof(struct vela_state, seg) + (n) * sizeof(struct vela_segment) + \
		 offsetof(struct vela_segment, base),                                   \
	.group = VELA_GROUP_SEG

#define MTRR_CAP     0x508u /* 8 variable ranges, fixed ranges, write-combining */
#define MTRR_ENABLED 0xc06u /* everything is write-back where no range says otherwise */
#define FAST_STRINGS 1u
#define LOCKED	     1u
#define P0_FREQUENCY (1ull << 24) /* HWCR.TscFreqSel: the TSC counts at the P0 rate */
#define SVM_DISABLED (1ull << 4)
#define LFENCE	     2u		 /* DE_CFG: LFENCE is dispatch serialising */
#define MICROCODE    0x01000065u /* a revision: the monitor loads none */

static const struct msr_policy policies[] = {
	{ 0x10, 0x10, MSR_TSC, 0, 0, 0 },
	{ 0x17, 0x17, MSR_FIXED, 0, 0, 0 }, /* PLATFORM_ID */
	{ LAPIC_MSR_BASE, LAPIC_MSR_BASE, MSR_LAPIC, 0, 0, 0 },
	{ 0x3a, 0x3a, MSR_FIXED, 0, 0, LOCKED }, /* FEATURE_CONTROL */
	{ 0x8b, 0x8b, MSR_FIXED, 0, 0, MICROCODE },
	{ 0xfe, 0xfe, MSR_FIXED, 0, 0, MTRR_CAP },
	{ 0x174, 0x174, MSR_STATE, STATE(sysenter_cs, VELA_GROUP_MSR) },
	{ 0x175, 0x175, MSR_ADDRESS, STATE(sysenter_esp, VELA_GROUP_MSR) },
	{ 0x176, 0x176, MSR_ADDRESS, STATE(sysenter_eip, VELA_GROUP_MSR) },
	{ 0x179, 0x17a, MSR_FIXED, 0, 0, 0 },		 /* MCG_CAP: no banks; MCG_STATUS */
	{ 0x1a0, 0x1a0, MSR_FIXED, 0, 0, FAST_STRINGS }, /* MISC_ENABLE */
	{ 0x1d9, 0x1d9, MSR_FIXED, 0, 0, 0 },		 /* DEBUGCTL */
	{ 0x1db, 0x1de, MSR_FIXED, 0, 0, 0 },		 /* last branch and exception */
	{ 0x200, 0x20f, MSR_STORED, 0, 0, 0 },		 /* variable MTRRs */
	{ 0x250, 0x250, MSR_STORED, 0, 16, 0x0606060606060606ull },
	{ 0x258, 0x259, MSR_STORED, 0, 17, 0x0606060606060606ull },
	{ 0x268, 0x26f, MSR_STORED, 0, 19, 0x0606060606060606ull },
	{ 0x277, 0x277, MSR_PAT, STATE(pat, VELA_GROUP_MSR) },
	{ 0x2ff, 0x2ff, MSR_STORED, 0, 27, MTRR_ENABLED },
	{ LAPIC_MSR_TSC_DEADLINE, LAPIC_MSR_TSC_DEADLINE, MSR_LAPIC, 0, 0, 0 },
	{ LAPIC_MSR_X2APIC_FIRST, LAPIC_MSR_X2APIC_LAST, MSR_LAPIC, 0, 0, 0 },
	{ KVMCLOCK_MSR_WALL, KVMCLOCK_MSR_WALL, MSR_CLOCK_WALL, 0, 0, 0 },
	{ KVMCLOCK_MSR_SYSTEM, KVMCLOCK_MSR_SYSTEM, MSR_CLOCK_SYSTEM, 0, 0, 0 },
	{ PARAVIRT_MSR_STEAL_TIME, PARAVIRT_MSR_EOI, MSR_PARAVIRT, 0, 0, 0 },
	{ 0xc0000080, 0xc0000080, MSR_EFER, STATE(efer, VELA_GROUP_CR) },
	{ 0xc0000081, 0xc0000081, MSR_STATE, STATE(star, VELA_GROUP_MSR) },
	{ 0xc0000082, 0xc0000082, MSR_ADDRESS, STATE(lstar, VELA_GROUP_MSR) },
	{ 0xc0000083, 0xc0000083, MSR_ADDRESS, STATE(cstar, VELA_GROUP_MSR) },
	{ 0xc0000084, 0xc0000084, MSR_STATE, STATE(sfmask, VELA_GROUP_MSR) },
	{ 0xc0000100, 0xc0000100, MSR_ADDRESS, SEGMENT_BASE(VELA_FS) },
	{ 0xc0000101, 0xc0000101, MSR_ADDRESS, SEGMENT_BASE(VELA_GS) },
	{ 0xc0000102, 0xc0000102, MSR_ADDRESS, STATE(kernel_gs_base, VELA_GROUP_MSR) },
	{ 0xc0000103, 0xc0000103, MSR_STATE, STATE(tsc_aux, VELA_GROUP_MSR) },
	{ 0xc0010000, 0xc0010007, MSR_ABSENT, 0, 0, 0 }, /* performance counters */
	{ 0xc0010010, 0xc0010010, MSR_FIXED, 0, 0, 0 },	 /* SYSCFG */
	{ 0xc0010015, 0xc0010015, MSR_FIXED, 0, 0, P0_FREQUENCY },
	{ 0xc001001a, 0xc001001a, MSR_FIXED, 0, 0, 0 }, /* TOP_MEM */
	{ 0xc001001d, 0xc001001d, MSR_FIXED, 0, 0, 0 }, /* TOP_MEM2 */
	{ 0xc001001f, 0xc001001f, MSR_FIXED, 0, 0, 0 }, /* NB_CFG */
	{ 0xc0010055, 0xc0010055, MSR_FIXED, 0, 0, 0 }, /* interrupt pending message */
	{ 0xc0010058, 0xc0010058, MSR_FIXED, 0, 0, 0 }, /* MMIO configuration base */
	{ 0xc0010061, 0xc001006b, MSR_FIXED, 0, 0, 0 }, /* P-states: one */
	{ 0xc0010114, 0xc0010114, MSR_FIXED, 0, 0, SVM_DISABLED | 8 },
	{ 0xc0010140, 0xc0010141, MSR_FIXED, 0, 0, 0 }, /* OS-visible workarounds */
	{ 0xc0011020, 0xc0011023, MSR_FIXED, 0, 0, 0 }, /* LS, IC, DC, BU configuration */
	{ 0xc0011029, 0xc0011029, MSR_FIXED, 0, 0, LFENCE },
	{ 0xc001102a, 0xc001102a, MSR_FIXED, 0, 0, 0 }, /* BU_CFG3 */
};

#define POLICIES (sizeof policies / sizeof policies[0])

const struct msr_policy *msr_policies(unsigned *count)
{
	*count = POLICIES;
	return policies;
}

const struct msr_policy *msr_find(uint32_t msr)
{
	unsigned low = 0, high = POLICIES;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		const struct msr_policy *p = &policies[middle];

		if (msr < p->first)
			high = middle;
		else if (msr > p->last)
			low = middle + 1;
		else
			return p;
	}
	return NULL;
}

void msr_store_init(struct msr_store *store)
{
	for (unsigned i = 0; i < POLICIES; i++) {
		const struct msr_policy *p = &policies[i];

		for (uint32_t n = p->first; p->kind == MSR_STORED && n <= p->last; n++)
			store->value[p->place + (n - p->first)] = p->value;
	}
}

static uint64_t *in_state(const struct msr_policy *policy, struct vela_state *state)
{
	return (uint64_t *)(void *)((unsigned char *)state + policy->place);
}

uint64_t msr_read(const struct msr_policy *policy, const struct msr_store *store,
		  const struct vela_state *state, uint32_t msr)
{
	switch ((enum msr_kind)policy->kind) {
	case MSR_STORED:
		return store->value[policy->place + (msr - policy->first)];
	case MSR_STATE:
	case MSR_ADDRESS:
	case MSR_EFER:
	case MSR_PAT:
		return *(const uint64_t *)(const void *)((const unsigned char *)state +
							 policy->place);
	default:
		return policy->value;
	}
}

/* LMA is the processor's; LME may not change under paging; SVME does not exist here. */
static bool write_efer(struct vela_state *state, uint64_t value)
{
	const uint64_t writable = EFER_SCE | EFER_LME | EFER_NXE;

	if (value & ~(writable | EFER_LMA))
		return false;
	if (state->cr0 & CR0_PG && (value ^ state->efer) & EFER_LME)
		return false;
	state->efer = (value & writable) | (state->efer & ~writable);
	return true;
}

/* Types 2, 3 and above 7 are reserved. */
static bool is_pat(uint64_t value)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned type = value >> 8 * i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

bool msr_write(const struct msr_policy *policy, struct msr_store *store, struct vela_state *state,
	       uint32_t msr, uint64_t value)
{
	switch ((enum msr_kind)policy->kind) {
	case MSR_STORED:
		store->value[policy->place + (msr - policy->first)] = value;
		return true;
	case MSR_EFER:
		return write_efer(state, value);
	case MSR_PAT:
		if (!is_pat(value))
			return false;
		break;
	case MSR_ADDRESS:
		if ((uint64_t)((int64_t)(value << 16) >> 16) != value)
			return false;
		break;
	case MSR_STATE:
		break;
	default:
		return true;
	}
	*in_state(policy, state) = value;
	return true;
}
