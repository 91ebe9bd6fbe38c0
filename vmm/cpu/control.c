/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of control registers; see control.h. */
#include "control.h"

#include "cpu/cpuid.h"
#include "cpu/registers.h"
#include "machine/memory.h"

#define CR0_DEFINED   0xe005003full
#define PDPTE_PRESENT 1ull
#define PDPTE_ZERO    0x1e6ull /* must be zero; so must what lies beyond the physical addresses */
#define XCR0_X87      1ull
#define XCR0_SSE      2ull
#define XCR0_AVX      4ull

/* PAE paging outside long mode reads its four pointers when it begins or is changed, and an Intel
 * processor cannot do that for what was carried out here. */
static bool load_pdptes(struct vela_state *s, const struct guest_memory *memory, uint64_t cr0,
			uint64_t cr4)
{
	uint64_t pdpte[4];

	if (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE) || s->efer & EFER_LME)
		return true;
	if (!guest_read(memory, s->cr3 & 0xffffffe0u, pdpte, sizeof pdpte))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (pdpte[i] & PDPTE_PRESENT && pdpte[i] & (PDPTE_ZERO | 1ull << 63))
			return false;
	for (unsigned i = 0; i < 4; i++)
		s->pdpte[i] = pdpte[i];
	return true;
}

bool control_set_cr0(struct vela_state *s, const struct guest_memory *memory, uint64_t value)
{
	bool paging = value & CR0_PG;

	if (value >> 32 || (paging && !(value & CR0_PE)) || (value & CR0_NW && !(value & CR0_CD)))
		return false;
	if (paging && !(s->cr0 & CR0_PG) && s->efer & EFER_LME &&
	    (!(s->cr4 & CR4_PAE) || s->seg[VELA_CS].attr & SEGMENT_LONG))
		return false;
	/* 64-bit code cannot leave long mode. */
	if (!paging && s->efer & EFER_LMA && s->seg[VELA_CS].attr & SEGMENT_LONG)
		return false;
	if (!load_pdptes(s, memory, value, s->cr4))
		return false;
	s->cr0 = (value & CR0_DEFINED) | CR0_ET;
	s->efer &= ~EFER_LMA;
	if (paging && s->efer & EFER_LME)
		s->efer |= EFER_LMA;
	return true;
}

bool control_set_cr4(struct vela_state *s, const struct guest_memory *memory,
		     const struct cpuid_table *cpuid, uint64_t value)
{
	if (value & ~cpuid_cr4_bits(cpuid) || (s->efer & EFER_LMA && !(value & CR4_PAE)))
		return false;
	if (!load_pdptes(s, memory, s->cr0, value))
		return false;
	s->cr4 = value;
	return true;
}

bool control_set_xcr0(struct vela_state *s, const struct cpuid_table *cpuid, uint64_t value)
{
	const struct cpuid_regs *offered = cpuid_find(cpuid, CPUID_XSAVE, 0);

	if (!(value & XCR0_X87) || value & ~((uint64_t)offered->edx << 32 | offered->eax) ||
	    (value & XCR0_AVX && !(value & XCR0_SSE)))
		return false;
	s->xcr0 = value;
	return true;
}
