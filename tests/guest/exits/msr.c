/* SPDX-License-Identifier: Apache-2.0 */
/* MSRs by the machine's table: values, checks on writes, and #GP for all others. */
#include "../lib/irq.h"
#include "../lib/test.h"

#define READ_OF(msr) TRAP_OF("rdmsr", : "=a"(low), "=d"(high) : "c"(msr))
#define WRITE_OF(msr, value) \
	TRAP_OF("wrmsr", : : "c"(msr), "a"((uint32_t)(value)), "d"((uint32_t)((value) >> 32)))

static void expect_read(uint32_t msr, uint64_t want)
{
	uint32_t low = 0, high = 0;
	int vector = READ_OF(msr);

	expect(vector == NO_TRAP, "MSR %x: vector %d", msr, vector);
	expect((low | (uint64_t)high << 32) == want, "MSR %x reads %lx instead of %lx", msr,
	       low | (uint64_t)high << 32, want);
}

static void expect_write(uint32_t msr, uint64_t value, int vector)
{
	int got = WRITE_OF(msr, value);

	expect(got == vector, "MSR %x := %lx: vector %d instead of %d", msr, value, got, vector);
	expect(got != VECTOR_GP || trap.error == 0, "MSR %x: error code %lx", msr, trap.error);
}

GUEST_TEST(msr_constant, "MSRs with a constant read it and ignore writes")
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} constants[] = {
		{ 0x17, 0 },	       { 0x3a, 1 },
		{ 0x8b, 0x01000065u }, { 0xfe, 0x508 },
		{ 0x179, 0 },	       { 0x1a0, 1 },
		{ 0xc0010010u, 0 },    { 0xc0010015u, BIT(24) },
		{ 0xc0010061u, 0 },    { 0xc0010114u, 0x18 },
		{ 0xc0011029u, 2 },    { 0xc001102au, 0 },
	};

	for (unsigned i = 0; i < sizeof constants / sizeof constants[0]; i++) {
		expect_read(constants[i].msr, constants[i].value);
		expect_write(constants[i].msr, ~0ull, NO_TRAP);
		expect_read(constants[i].msr, constants[i].value);
	}
}

GUEST_TEST(msr_stored, "MTRRs keep what is written")
{
	expect_read(0x2ff, 0xc06);
	expect_read(0x250, 0x0606060606060606ull);
	for (uint32_t msr = 0x200; msr < 0x210; msr++)
		expect_write(msr, 0x123456000ull + msr, NO_TRAP);
	for (uint32_t msr = 0x200; msr < 0x210; msr++) {
		expect_read(msr, 0x123456000ull + msr);
		expect_write(msr, 0, NO_TRAP);
	}
}

GUEST_TEST(msr_system_calls, "system call and segment base MSRs are the processor's")
{
	static const uint32_t addresses[] = { 0xc0000082u, 0xc0000083u, 0xc0000100u, 0xc0000101u,
					      0xc0000102u, 0x175,	0x176 };

	for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		expect_write(addresses[i], 0xffff800000123000ull + i, NO_TRAP);
		expect_read(addresses[i], 0xffff800000123000ull + i);
		expect_write(addresses[i], 0, NO_TRAP);
	}
	expect_write(0xc0000081u, 0x0018001000000000ull, NO_TRAP);
	expect_read(0xc0000081u, 0x0018001000000000ull);
	expect_write(0xc0000084u, 0x47700, NO_TRAP);
	expect_read(0xc0000084u, 0x47700);
}

GUEST_TEST(msr_segment_base, "a base written by WRMSR is used at once, and SWAPGS swaps it")
{
	static uint64_t values[2] = { 0x1111, 0x2222 };
	uint64_t first, second;

	wrmsr(0xc0000101u, (uint64_t)&values[0]);
	wrmsr(0xc0000102u, (uint64_t)&values[1]);
	__asm__ volatile("movq %%gs:0, %0\n\tswapgs\n\tmovq %%gs:0, %1\n\tswapgs"
			 : "=&r"(first), "=&r"(second));
	expect(first == 0x1111 && second == 0x2222, "%lx %lx", first, second);
	wrmsr(0xc0000101u, 0);
	wrmsr(0xc0000102u, 0);
}

GUEST_TEST(msr_unknown, "unknown MSRs raise a protection fault, in and outside the bitmap's ranges")
{
	static const uint32_t unknown[] = { 0x0,	 0x1,	      0x1c,	   0x1fff,
					    0x2000,	 0x40000000u, 0xbfffffffu, 0xc0000000u,
					    0xc0000104u, 0xc0001fffu, 0xc0002000u, 0xc000ffffu,
					    0xc0010117u, 0xc0011fffu, 0xc0012000u, 0xffffffffu };
	uint32_t low, high;

	for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		int vector = READ_OF(unknown[i]);

		expect(vector == VECTOR_GP, "read of %x: vector %d", unknown[i], vector);
		expect_write(unknown[i], 0, VECTOR_GP);
	}
}

GUEST_TEST(msr_high_halves, "RDMSR clears the high halves of RAX and RDX")
{
	uint64_t rax = ~0ull, rdx = ~0ull;

	__asm__ volatile("rdmsr" : "+a"(rax), "+d"(rdx) : "c"(MSR_PAT));
	expect(!(rax >> 32) && !(rdx >> 32), "%lx %lx", rax, rdx);
}

GUEST_TEST(msr_efer, "EFER: SCE and NXE can be set, LME not under paging, SVME not at all")
{
	uint64_t old = rdmsr(MSR_EFER);

	expect((old & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA), "EFER %lx", old);
	expect(!(old & EFER_SVME), "SVME is visible");
	expect_write(MSR_EFER, old | EFER_SCE | EFER_NXE, NO_TRAP);
	expect_read(MSR_EFER, old | EFER_SCE | EFER_NXE);
	expect_write(MSR_EFER, old & ~EFER_LMA, NO_TRAP);
	expect_read(MSR_EFER, old);
	expect_write(MSR_EFER, old & ~EFER_LME, VECTOR_GP);
	for (unsigned bit = 0; bit < 64; bit++)
		if (bit != 0 && bit != 8 && bit != 10 && bit != 11)
			expect_write(MSR_EFER, old | BIT(bit), VECTOR_GP);
	expect_read(MSR_EFER, old);
}

GUEST_TEST(msr_pat, "PAT takes the six memory types only")
{
	uint64_t old = rdmsr(MSR_PAT);

	expect(old == 0x0007040600070406ull, "after a reset PAT is %lx", old);
	expect_write(MSR_PAT, 0x0001040506070401ull, NO_TRAP);
	expect_read(MSR_PAT, 0x0001040506070401ull);
	for (unsigned i = 0; i < 8; i++) {
		expect_write(MSR_PAT, 2ull << 8 * i, VECTOR_GP);
		expect_write(MSR_PAT, 3ull << 8 * i, VECTOR_GP);
		expect_write(MSR_PAT, 8ull << 8 * i, VECTOR_GP);
	}
	expect_read(MSR_PAT, 0x0001040506070401ull);
	wrmsr(MSR_PAT, old);
}

GUEST_TEST(msr_tsc, "the TSC counts, and RDTSC follows a write")
{
	uint64_t before = rdtsc(), by_msr = rdmsr(MSR_TSC), after = rdtsc();

	expect(before < by_msr && by_msr < after, "%lx %lx %lx", before, by_msr, after);
	wrmsr(MSR_TSC, 0x1000000000ull);
	after = rdtsc();
	expect(after - 0x1000000000ull < tsc_khz() * 1000, "after a write %lx", after);
	wrmsr(MSR_TSC, before);
	expect(rdtsc() - before < tsc_khz() * 1000, "set back");
}

GUEST_TEST(msr_tsc_aux, "RDTSCP gives TSC_AUX")
{
	uint32_t aux = 0, low, high;

	if (!(cpuid(0x80000001u, 0).edx & BIT(27)))
		return;
	wrmsr(0xc0000103u, 0x12345678u);
	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
	expect(aux == 0x12345678u, "%x", aux);
	expect_read(0xc0000103u, 0x12345678u);
	wrmsr(0xc0000103u, 0);
}

GUEST_TEST(msr_apicbase, "APICBASE: legal ways between the modes, a fault for the others")
{
	uint64_t base = rdmsr(MSR_APICBASE), address = base & ~0xfffull;
	const uint64_t bsp = BIT(8), x2 = BIT(10), on = BIT(11);
	unsigned bits = cpuid(0x80000008u, 0).eax & 0xff;

	expect(base == (LAPIC_GPA | bsp | on), "after a reset APICBASE is %lx", base);
	expect_write(MSR_APICBASE, address | bsp | x2, VECTOR_GP);
	expect_write(MSR_APICBASE, base | 1, VECTOR_GP);
	expect_write(MSR_APICBASE, base | BIT(bits), VECTOR_GP);
	expect_write(MSR_APICBASE, base | x2, NO_TRAP);
	expect_write(MSR_APICBASE, base, VECTOR_GP);
	expect_read(MSR_APICBASE, base | x2);
	expect_write(MSR_APICBASE, address | bsp, NO_TRAP);
	expect_write(MSR_APICBASE, base | x2, VECTOR_GP);
	expect_write(MSR_APICBASE, base, NO_TRAP);
	expect_read(MSR_APICBASE, base);
}

GUEST_TEST(msr_apicbase_moves,
	   "the local APIC's page moves with APICBASE and vanishes in x2APIC mode")
{
	uint64_t base = rdmsr(MSR_APICBASE);
	volatile uint32_t *old = (volatile uint32_t *)(LAPIC_GPA + LAPIC_VERSION * 16);
	volatile uint32_t *moved = (volatile uint32_t *)(0xfed00000ull + LAPIC_VERSION * 16);
	uint32_t version = *old;

	expect((version & 0xff) == 0x14, "version %x", version);
	wrmsr(MSR_APICBASE, base - LAPIC_GPA + 0xfed00000ull);
	expect(*moved == version && *old == ~0u, "moved: %x, old place %x", *moved, *old);
	wrmsr(MSR_APICBASE, base);
	expect(*old == version && *moved == ~0u, "moved back: %x %x", *old, *moved);
	lapic_set_x2apic(true);
	expect(*old == ~0u, "the page is there in x2APIC mode: %x", *old);
	expect(rdmsr(MSR_X2APIC + LAPIC_VERSION) == version, "no version by MSR");
	lapic_set_x2apic(false);
	expect(*old == version, "the page does not come back: %x", *old);
}

GUEST_TEST(msr_x2apic, "x2APIC MSRs: a fault outside x2APIC mode and for what is reserved")
{
	uint32_t low, high;

	expect(READ_OF(MSR_X2APIC + LAPIC_VERSION) == VECTOR_GP, "readable in xAPIC mode");
	lapic_set_x2apic(true);
	expect_read(MSR_X2APIC + LAPIC_ID, 0);
	expect_read(MSR_X2APIC + LAPIC_LDR, 1);
	expect_write(MSR_X2APIC + LAPIC_LDR, 1, VECTOR_GP);
	expect_write(MSR_X2APIC + LAPIC_VERSION, 0, VECTOR_GP);
	expect_write(MSR_X2APIC + LAPIC_EOI, 1, VECTOR_GP);
	expect_write(MSR_X2APIC + LAPIC_EOI, 0, NO_TRAP);
	expect_write(MSR_X2APIC + LAPIC_TPR, 0x100, VECTOR_GP);
	expect_write(MSR_X2APIC + LAPIC_SVR, 0x1ff | BIT(32), VECTOR_GP);
	expect(READ_OF(MSR_X2APIC + LAPIC_DFR) == VECTOR_GP, "DFR is readable");
	expect(READ_OF(MSR_X2APIC + LAPIC_ICR_HIGH) == VECTOR_GP, "ICR high is readable");
	expect(READ_OF(MSR_X2APIC + LAPIC_EOI) == VECTOR_GP, "EOI is readable");
	expect(READ_OF(MSR_X2APIC + 0x7f) == VECTOR_GP, "MSR 87f is readable");
	lapic_set_x2apic(false);
}

GUEST_TEST(msr_tsc_deadline, "TSC_DEADLINE is zero and ignores writes outside its timer mode")
{
	irq_setup();
	expect_read(MSR_TSC_DEADLINE, 0);
	expect_write(MSR_TSC_DEADLINE, ~0ull, NO_TRAP);
	expect_read(MSR_TSC_DEADLINE, 0);
	lapic_write(LAPIC_LVT_TIMER, TIMER_DEADLINE | 0x40);
	expect_write(MSR_TSC_DEADLINE, ~0ull, NO_TRAP);
	expect_read(MSR_TSC_DEADLINE, ~0ull);
	expect_write(MSR_TSC_DEADLINE, 0, NO_TRAP);
	expect_read(MSR_TSC_DEADLINE, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
}
