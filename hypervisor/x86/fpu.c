/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FPU states in XSAVE format (SDM vol. 1, ch. 13; APM vol. 2, 11.5), or FXSAVE where the processor
 * has no XSAVE. XCR0 enables all it has, for every thread; a guest may set its own XCR0 without an
 * exit (QEMU 7.2 cannot intercept XSETBV), so it is read back when the guest's state is saved.
 */
#include <arch/fpu.h>
#include <core/cpu.h>
#include <core/lib.h>
#include <x86/features.h>
#include <x86/insn.h>

struct arch_fpu {
	uint64_t xcr0;
	uint64_t pad[7];
	uint8_t area[] __attribute__((aligned(64)));
};

#define CR0_TS	    8ul
#define MXCSR_RESET 0x1f80u
#define FCW_RESET   0x37fu
#define AREA_MXCSR  24
#define FXSAVE_SIZE 512u
#define XCR0_X87    1ul

size_t fpu_bytes(void)
{
	return sizeof(struct arch_fpu) + (features.xsave ? features.xsave_bytes : FXSAVE_SIZE);
}

/* A zero XSAVE header means: all components in their initial state. */
static void set_initial(struct arch_fpu *fpu)
{
	fpu->xcr0 = features.xcr0;
	*(uint16_t *)fpu->area = FCW_RESET;
	*(uint32_t *)(fpu->area + AREA_MXCSR) = MXCSR_RESET;
}

struct arch_fpu *fpu_alloc(struct pd *pd)
{
	struct arch_fpu *fpu = pd_alloc(pd, fpu_bytes());
	if (!fpu)
		return NULL;
	set_initial(fpu);
	return fpu;
}

void fpu_free(struct pd *pd, struct arch_fpu *fpu)
{
	if (fpu)
		pd_free(pd, fpu, fpu_bytes());
}

static uint64_t xcr0_read(void)
{
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void xcr0_write(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void save(struct arch_fpu *fpu)
{
	if (!features.xsave) {
		__asm__ volatile("fxsave64 %0" : "=m"(*(char(*)[FXSAVE_SIZE])fpu->area));
		return;
	}
	fpu->xcr0 = xcr0_read();
	if (fpu->xcr0 != features.xcr0)
		xcr0_write(features.xcr0);
	__asm__ volatile("xsave64 (%0)" : : "r"(fpu->area), "a"(~0u), "d"(~0u) : "memory");
}

static void restore(const struct arch_fpu *fpu)
{
	if (!features.xsave) {
		__asm__ volatile("fxrstor64 %0" : : "m"(*(const char(*)[FXSAVE_SIZE])fpu->area));
		return;
	}
	__asm__ volatile("xrstor64 (%0)" : : "r"(fpu->area), "a"(~0u), "d"(~0u) : "memory");
	if (fpu->xcr0 != features.xcr0)
		xcr0_write(fpu->xcr0);
}

/* The initial state, loaded when none of a thread's may stay. */
static uint8_t initial_state[sizeof(struct arch_fpu) + XSAVE_BYTES_MAX]
	__attribute__((aligned(64)));
static struct arch_fpu *const initial = (struct arch_fpu *)initial_state;

static void set_ts(struct cpu *cpu, bool ts)
{
	if (cpu->arch.ts == ts)
		return;
	cpu->arch.ts = ts;
	uint64_t cr0 = cr0_read();
	cr0 = ts ? cr0 | CR0_TS : cr0 & ~CR0_TS;
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
}

[[gnu::noinline]] static void replace(struct cpu *cpu, struct arch_fpu *fpu,
				      const struct sp *domain)
{
	set_ts(cpu, false);
	if (cpu->arch.fpu)
		save(cpu->arch.fpu);
	restore(fpu ? fpu : initial);
	cpu->arch.fpu = fpu;
	cpu->arch.fpu_domain = domain;
}

void fpu_cpu_init(void)
{
	if (features.xsave)
		xcr0_write(features.xcr0);
	set_initial(initial);
}

void fpu_switch(struct cpu *cpu, struct arch_fpu *fpu, const struct sp *domain)
{
	if (fpu) {
		if (cpu->arch.fpu != fpu)
			replace(cpu, fpu, domain);
		set_ts(cpu, false);
		return;
	}
	/* The state of the thread's own guest may stay; TS keeps the thread from using it. */
	if (cpu->arch.fpu && cpu->arch.fpu_domain != domain)
		replace(cpu, NULL, NULL);
	set_ts(cpu, true);
}

void fpu_switch_guest(struct cpu *cpu, struct arch_fpu *fpu, const struct sp *domain)
{
	if (cpu->arch.fpu == fpu)
		return;
	bool ts = cpu->arch.ts;
	replace(cpu, fpu, domain);
	set_ts(cpu, ts);
}

void fpu_drop(struct cpu *cpu, const struct arch_fpu *fpu)
{
	if (!fpu || cpu->arch.fpu != fpu)
		return;
	replace(cpu, NULL, NULL);
}

/* XSETBV's own checks (SDM vol. 1, 13.3): x87 always, components of one kind together, AVX on top
 * of SSE, AVX-512 on top of AVX. */
static bool xcr0_valid(uint64_t value)
{
	static const uint64_t together[] = { 0x18, 0xe0, 0x60000 };
	for (unsigned i = 0; i < 3; i++)
		if (value & together[i] && ~value & together[i])
			return false;
	return value & XCR0_X87 && !(value & ~features.xcr0) && !(value & 4 && !(value & 2)) &&
	       !(value & 0xe0 && !(value & 4));
}

void fpu_set_xcr0(struct cpu *cpu, struct arch_fpu *fpu, uint64_t value)
{
	if (!features.xsave || !xcr0_valid(value))
		return;
	if (cpu->arch.fpu != fpu)
		fpu->xcr0 = value;
	else if (xcr0_read() != value)
		xcr0_write(value);
}

uint64_t fpu_xcr0(struct cpu *cpu, const struct arch_fpu *fpu)
{
	if (!features.xsave)
		return XCR0_X87;
	return cpu->arch.fpu == fpu ? xcr0_read() : fpu->xcr0;
}
