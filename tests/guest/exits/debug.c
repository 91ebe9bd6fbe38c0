/* SPDX-License-Identifier: Apache-2.0 */
/* Debug registers as storage, and single steps over instructions that exit. */
#include "../lib/test.h"

#define DR6_BS	  BIT(14)
#define DR6_RESET 0xffff0ff0ull
#define DR7_RESET 0x400ull

#define DEBUG_ACCESS(n)                                                \
	static uint64_t read_dr##n(void)                               \
	{                                                              \
		uint64_t value;                                        \
		__asm__ volatile("movq %%dr" #n ", %0" : "=r"(value)); \
		return value;                                          \
	}                                                              \
	static void write_dr##n(uint64_t value)                        \
	{                                                              \
		__asm__ volatile("movq %0, %%dr" #n : : "r"(value));   \
	}
DEBUG_ACCESS(0)
DEBUG_ACCESS(1)
DEBUG_ACCESS(2)
DEBUG_ACCESS(3)
DEBUG_ACCESS(6)
DEBUG_ACCESS(7)

GUEST_TEST(debug_registers, "debug registers read back what was written, over exits")
{
	write_dr0(0x1111111111111111ull);
	write_dr1(0x2222222222222222ull);
	write_dr2(0xffff888812345678ull);
	write_dr3(0x4444444444444444ull);
	cpuid(0, 0);
	expect(read_dr0() == 0x1111111111111111ull && read_dr1() == 0x2222222222222222ull &&
		       read_dr2() == 0xffff888812345678ull && read_dr3() == 0x4444444444444444ull,
	       "%lx %lx %lx %lx", read_dr0(), read_dr1(), read_dr2(), read_dr3());
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
}

GUEST_TEST(debug_control, "DR6 and DR7 have their fixed bits, and refuse a high half")
{
	expect(read_dr7() == DR7_RESET, "DR7 %lx", read_dr7());
	write_dr7(0xd000);
	expect(read_dr7() == (0xd000 & 0xffff2bff) + DR7_RESET, "DR7 %lx", read_dr7());
	write_dr7(0);
	expect(read_dr7() == DR7_RESET, "DR7 %lx", read_dr7());
	write_dr6(0);
	expect((read_dr6() & ~0x10000ull) == (DR6_RESET & ~0x10000ull), "DR6 %lx", read_dr6());
	expect_trap(VECTOR_GP, "movq %0, %%dr7", : : "r"(BIT(32)));
	expect_trap(VECTOR_GP, "movq %0, %%dr6", : : "r"(BIT(32)));
}

GUEST_TEST(debug_aliases, "DR4 and DR5 are DR6 and DR7 unless CR4.DE is set")
{
	uint64_t cr4 = read_cr4(), value = 0;

	write_cr4(cr4 & ~CR4_DE);
	expect_trap(NO_TRAP, "movq %%dr5, %0", : "=r"(value));
	expect(value == read_dr7(), "DR5 %lx", value);
	write_cr4(cr4 | CR4_DE);
	expect_trap(VECTOR_UD, "movq %%dr5, %0", : "=r"(value));
	expect_trap(VECTOR_UD, "movq %0, %%dr4", : : "r"(value));
	write_cr4(cr4);
}

#define STEPS_MAX 16
static volatile uint64_t step_rip[STEPS_MAX];
static volatile unsigned steps;

/* A single step: the code under test clears TF itself by POPFQ. */
static void step(struct frame *frame)
{
	if (steps < STEPS_MAX)
		step_rip[steps] = frame->rip;
	steps++;
	if (!(read_dr6() & DR6_BS))
		steps += 100;
	write_dr6(DR6_RESET);
}

#define STEP_IN_HOST "Bochs raises the #DB of a step over an exit in the host"

/* Places behind the stepped instructions: filled in by the asm text. */
extern const uint8_t step_1[], step_2[], step_3[], step_4[], step_5[], step_6[];

static void run_steps(void)
{
	uint64_t flags = read_flags();

	__asm__ volatile("pushq %0\n\tpushq %1\n\tpopfq\n\t"
			 "cpuid\nstep_1:\n\t"
			 "movw $0x80, %%dx\nstep_2:\n\t"
			 "outb %%al, %%dx\nstep_3:\n\t"
			 "inb %%dx, %%al\nstep_4:\n\t"
			 "movabsl 0xfee00030, %%eax\nstep_5:\n\t"
			 "nop\nstep_6:\n\t"
			 "popfq"
			 :
			 : "r"(flags), "r"(flags | FLAG_TF)
			 : "rax", "rbx", "rcx", "rdx", "memory");
}

GUEST_TEST(single_step, "a single step comes behind each instruction, exits or not")
{
	const uint8_t *const places[] = { step_1, step_2, step_3, step_4, step_5, step_6 };

	if (on_bochs_svm()) {
		test_skip(STEP_IN_HOST);
		return;
	}
	trap_set_handler(VECTOR_DB, step);
	steps = 0;
	run_steps();
	trap_set_handler(VECTOR_DB, NULL);
	expect(steps == 7, "%u steps", steps); /* the POPFQ is the last one stepped */
	for (unsigned i = 0; i < 6; i++)
		expect(step_rip[i] == (uint64_t)places[i], "step %u at %lx instead of %lx", i,
		       step_rip[i], (uint64_t)places[i]);
}

GUEST_TEST(single_step_fault, "no step comes with an instruction that faults instead")
{
	uint64_t flags = read_flags();

	if (on_bochs_svm()) {
		test_skip(STEP_IN_HOST);
		return;
	}
	trap_set_handler(VECTOR_DB, step);
	steps = 0;
	trap.vector = NO_TRAP;
	__asm__ volatile("pushq %0\n\tpushq %1\n\tpopfq\n\t" TRY("rdmsr") "\tpopfq"
			 :
			 : "r"(flags), "r"(flags | FLAG_TF), "c"(0x1fff)
			 : "rax", "rdx", "memory");
	trap_set_handler(VECTOR_DB, NULL);
	expect(trap.vector == VECTOR_GP, "vector %d", trap.vector);
	expect(steps == 1, "%u steps", steps);
}
