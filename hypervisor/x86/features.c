/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor features by CPUID (APM vol. 3, appendix E; SDM vol. 2, CPUID). Nothing is assumed that
 * is not reported.
 */
#include <core/log.h>
#include <x86/features.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/pagetable.h>
#include <x86/vmx.h>

#define VM_CR_SVMDIS 0x10ull

struct features features;

static bool bit(uint32_t reg, unsigned n)
{
	return reg >> n & 1;
}

static void find_svm(void)
{
	struct cpuid svm = cpuid(0x8000000a, 0);
	bool has_svm = bit(cpuid(0x80000001, 0).ecx, 2);
	bool nested_paging = bit(svm.edx, 0);
	features.svm = has_svm && nested_paging && !(msr_read(MSR_VM_CR) & VM_CR_SVMDIS);
	features.asids = svm.ebx;
	features.nrip = bit(svm.edx, 3);
	features.tsc_ratio = features.svm && bit(svm.edx, 4);
	features.clean_bits = bit(svm.edx, 5);
	features.flush_by_asid = bit(svm.edx, 6);
	features.decode_assists = bit(svm.edx, 7);
}

static void find_vmx(void)
{
	if (!bit(cpuid(1, 0).ecx, 5))
		return;
	features.vmx_lacks = vmx_find();
	features.vmx = !features.vmx_lacks;
	features.tsc_ratio = features.vmx && vmx.cpu2 & CPU2_TSC_RATIO;
}

static void find_xsave(void)
{
	features.xsave = bit(cpuid(1, 0).ecx, 26);
	if (!features.xsave)
		return;
	struct cpuid d = cpuid(0xd, 0);
	features.xcr0 = (uint64_t)d.edx << 32 | d.eax;
	features.xsave_bytes = d.ecx; /* for every component the processor has */
	if (features.xsave_bytes > XSAVE_BYTES_MAX)
		panic("the processor's XSAVE area is larger than %u bytes", XSAVE_BYTES_MAX);
}

void features_find(void)
{
	struct cpuid extended = cpuid(0x80000001, 0), seven = cpuid(7, 0);
	features.nx = bit(extended.edx, 20);
	features.pages_1g = bit(extended.edx, 26);
	features.rdtscp = bit(extended.edx, 27);
	features.smep = bit(seven.ebx, 7);
	features.smap = bit(seven.ebx, 20);
	features.umip = bit(seven.ecx, 2);
	features.phys_bits = cpuid(0x80000008, 0).eax & 0xff;
	pte_nx = features.nx ? PTE_NX : 0;
	large_shift = features.pages_1g ? 30 : 21;
	guest_shift = large_shift;
	find_svm();
	find_vmx();
	find_xsave();
}
