/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HLT, interrupt windows and shadows, priorities, NMI: interrupts come when the processor may take
 * them, each once, and none is lost.
 */
#include "../lib/irq.h"
#include "../lib/test.h"

#define TIMER_VECTOR 0x40u
#define LOW_VECTOR   0x31u
#define HIGH_VECTOR  0x71u
#define TICKS	     10000u

#define CPUID_CR8_LEGACY 0x10u /* 8000_0001.ECX */

/* RIP at which the last watched interrupt came, and the order of the last few. */
static volatile uint64_t seen_rip, seen_flags;
static volatile unsigned order[8], seen;

static void note(struct frame *frame)
{
	seen_rip = frame->rip;
	seen_flags = frame->rflags;
	order[seen++ & 7] = (unsigned)frame->vector;
	if (frame->vector != VECTOR_NMI)
		lapic_write(LAPIC_EOI, 0);
}

static void watch(unsigned vector)
{
	seen = 0;
	seen_rip = 0;
	trap_set_handler(vector, note);
}

GUEST_TEST(hlt_wakes, "HLT ends with the next interrupt, and goes on behind itself")
{
	uint64_t behind, before;

	irq_setup();
	watch(TIMER_VECTOR);
	before = rdtsc();
	lapic_timer(TIMER_ONE_SHOT | TIMER_VECTOR, 2000000);
	__asm__ volatile("sti\n\thlt\n1:\tcli\n\tleaq 1b(%%rip), %0" : "=r"(behind) : : "memory");
	expect(seen == 1 && seen_rip == behind, "%u interrupts, at %lx instead of %lx", seen,
	       seen_rip, behind);
	expect(rdtsc() - before >= 2 * tsc_khz(), "woken after %lu cycles", rdtsc() - before);
}

GUEST_TEST(hlt_races,
	   "STI, HLT with 10,000 timer ticks, due before, at and behind the HLT: none is lost")
{
	uint64_t latest = 0;

	irq_setup();
	irq_watch(TIMER_VECTOR);
	for (unsigned i = 0; i < TICKS; i++) {
		uint64_t start = rdtsc();

		lapic_timer(TIMER_ONE_SHOT | TIMER_VECTOR, 1 + i * 37 % 60000);
		/* Returns by the tick alone: with a lost one the guest sleeps for ever. */
		irq_wait();
		latest = rdtsc() - start > latest ? rdtsc() - start : latest;
		if (irq_count[TIMER_VECTOR] != i + 1)
			return expect(false, "%u interrupts after %u ticks",
				      irq_count[TIMER_VECTOR], i + 1);
	}
	expect(latest < 2000 * tsc_khz(), "one took %lu cycles", latest);
}

GUEST_TEST(window, "an interrupt that comes while IF is 0 is taken behind STI and one instruction")
{
	uint64_t shadowed, taken;

	irq_setup();
	watch(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	expect(seen == 0, "taken although IF is 0");
	__asm__ volatile("sti\n1:\tnop\n2:\tnop\n\tcli\n\tleaq 1b(%%rip), %0\n\tleaq 2b(%%rip), %1"
			 : "=r"(shadowed), "=r"(taken)
			 :
			 : "memory");
	expect(seen == 1, "%u interrupts", seen);
	expect(seen_rip == taken, "at %lx, not %lx; shadow at %lx", seen_rip, taken, shadowed);
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("pushq $0x202\n\tpopfq\n1:\tnop\n\tcli\n\tleaq 1b(%%rip), %0"
			 : "=r"(taken)
			 :
			 : "memory");
	expect(seen == 2 && seen_rip == taken, "behind POPFQ: %u, at %lx, not %lx", seen, seen_rip,
	       taken);
}

GUEST_TEST(window_cli, "STI, CLI opens no window")
{
	irq_setup();
	watch(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("sti\n\tcli" : : : "memory");
	expect(seen == 0, "%u interrupts in the shadow", seen);
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	expect(seen == 1, "%u interrupts at last", seen);
}

GUEST_TEST(shadow_exit,
	   "an instruction that exits in the shadow of STI, or behind MOV SS, is completed")
{
	uint64_t behind;
	uint32_t eax = 0x40000000, ecx = 0;

	if (on_bochs_svm()) {
		test_skip("Bochs does not see an interrupt window that is open at the entry");
		return;
	}
	irq_setup();
	watch(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("sti\n\tcpuid\n1:\tnop\n\tcli\n\tleaq 1b(%%rip), %2"
			 : "+a"(eax), "+c"(ecx), "=r"(behind)
			 :
			 : "rbx", "rdx", "memory");
	expect(eax == 0x40000010, "CPUID in the shadow: %x", eax);
	expect(seen == 1 && seen_rip == behind, "%u, at %lx instead of %lx", seen, seen_rip,
	       behind);
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("sti\n\tmovl %%ss, %%eax\n\tcli" : : : "rax", "memory");
	expect(seen == 2, "STI, MOV from SS: %u", seen);
	__asm__ volatile("movl %%ss, %%ecx\n\tmovl $0x40000000, %%eax\n\tmovl %%ecx, %%ss\n\tcpuid"
			 : "=a"(eax)
			 :
			 : "rbx", "rcx", "rdx", "memory");
	expect(eax == 0x40000010, "CPUID behind MOV SS: %x", eax);
}

GUEST_TEST(priorities, "of two interrupts the higher comes first, and TPR and CR8 hold back")
{
	irq_setup();
	watch(LOW_VECTOR);
	watch(HIGH_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(HIGH_VECTOR);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	expect(seen == 2 && order[0] == HIGH_VECTOR && order[1] == LOW_VECTOR, "%u: %x, %x", seen,
	       order[0], order[1]);
	write_cr8(3);
	expect(lapic_read(LAPIC_TPR) == 0x30, "TPR %x", lapic_read(LAPIC_TPR));
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	expect(seen == 2, "taken against CR8");
	write_cr8(2);
	expect(irq_await(&seen, 3, 100), "not taken after CR8 was lowered");
	lapic_write(LAPIC_TPR, 0x70);
	expect(read_cr8() == 7, "CR8 %lx", read_cr8());
	lapic_self_ipi(HIGH_VECTOR);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	expect(seen == 3, "taken against TPR");
	lapic_write(LAPIC_TPR, 0);
	expect(irq_await(&seen, 4, 100), "not taken after TPR was lowered");
}

/* Writes CR8 with interrupts on. Returns where the next instruction is. */
static uint64_t open_cr8(uint64_t value)
{
	uint64_t behind;

	__asm__ volatile("sti\n\tnop\n\tmovq %1, %%cr8\n1:\tnop\n\tcli\n\tleaq 1b(%%rip), %0"
			 : "=r"(behind)
			 : "r"(value)
			 : "memory");
	return behind;
}

GUEST_TEST(cr8_lowered, "an interrupt is taken behind the write of CR8 that lets it in, not before")
{
	uint64_t behind;

	irq_setup();
	watch(LOW_VECTOR);
	watch(HIGH_VECTOR);
	write_cr8(15);
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(HIGH_VECTOR);
	for (uint64_t cr8 = 14; cr8 >= HIGH_VECTOR >> 4; cr8--)
		open_cr8(cr8);
	expect(seen == 0, "%u taken against CR8", seen);
	behind = open_cr8((HIGH_VECTOR >> 4) - 1);
	expect(seen == 1 && order[0] == HIGH_VECTOR && seen_rip == behind,
	       "%u, %x at %lx instead of %lx", seen, order[0], seen_rip, behind);
	open_cr8(15); /* up again while the other waits */
	open_cr8(LOW_VECTOR >> 4);
	expect(seen == 1, "%u taken against CR8", seen);
	behind = open_cr8(0);
	expect(seen == 2 && order[1] == LOW_VECTOR && seen_rip == behind,
	       "%u, %x at %lx instead of %lx", seen, order[1], seen_rip, behind);
	expect(read_cr8() == 0 && !lapic_read(LAPIC_TPR), "CR8 %lx", read_cr8());
}

GUEST_TEST(cr8_waiting, "CR8 is written as ever while an interrupt waits for IF")
{
	bool legacy = cpuid(0x80000001, 0).ecx & CPUID_CR8_LEGACY;

	irq_setup();
	watch(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	for (uint64_t cr8 = 0; cr8 < 16; cr8++) {
		write_cr8(legacy ? 15 - cr8 : cr8);
		if (legacy) /* LOCK MOV CR0, EAX is another name */
			__asm__ volatile(".byte 0xf0, 0x0f, 0x22, 0xc0" : : "a"(cr8) : "memory");
		expect(read_cr8() == cr8 && lapic_read(LAPIC_TPR) == cr8 << 4, "CR8 %lx, TPR %x",
		       read_cr8(), lapic_read(LAPIC_TPR));
	}
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	expect(seen == 0, "taken against CR8");
	write_cr8(0);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	expect(seen == 1, "%u taken", seen);
}

GUEST_TEST(nested, "within a handler only a higher class interrupts")
{
	irq_setup();
	watch(LOW_VECTOR);
	watch(LOW_VECTOR + 1);
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(LOW_VECTOR + 1);
	expect(lapic_read(LAPIC_IRR + 1) == (3u << (LOW_VECTOR & 31)), "IRR %x",
	       lapic_read(LAPIC_IRR + 1));
	expect(irq_await(&seen, 2, 100) && seen == 2, "%u interrupts of two vectors", seen);
	expect(!lapic_read(LAPIC_IRR + 1) && !lapic_read(LAPIC_ISR + 1), "something is left");
}

GUEST_TEST(nmi, "an NMI comes although IF is 0, and again after IRET")
{
	irq_setup();
	watch(VECTOR_NMI);
	for (unsigned i = 1; i <= 3; i++) {
		lapic_write(LAPIC_ICR_HIGH, 0);
		lapic_write(LAPIC_ICR, ICR_NMI);
		expect(seen == i, "%u NMIs after %u", seen, i);
	}
	expect(!(seen_flags & FLAG_IF), "IF was 1");
	trap_set_handler(VECTOR_NMI, NULL);
}

static volatile uint64_t behind_halt;
static volatile bool halted;

/* Takes the PIC's request. An NMI that came before the HLT skips it: no other will come. */
static void end_halt(struct frame *frame)
{
	seen++;
	halted = frame->rip == behind_halt;
	frame->rip = behind_halt;
	outb(0x20, 0x0c);
	inb(0x20);
	outb(0x20, 0x20);
}

/* One NMI, because nothing holds off a second within the handler. The 8254 starts with the second
 * byte of its count. */
static void halt_until_nmi(void)
{
	outb(0x43, 0x30);
	outb(0x40, 11930 & 0xff);
	__asm__ volatile("leaq 1f(%%rip), %%rcx\n\tmovq %%rcx, %0\n\toutb %b1, $0x40\n\thlt\n1:"
			 : "=m"(behind_halt)
			 : "a"(11930 >> 8)
			 : "rcx", "memory");
}

GUEST_TEST(nmi_wakes, "an NMI ends a HLT even with IF 0")
{
	irq_setup();
	seen = 0;
	halted = false;
	trap_set_handler(VECTOR_NMI, end_halt);
	lapic_write(LAPIC_LVT_LINT0, ICR_NMI);
	pic_mask(0xfffe);
	for (unsigned tries = 1; tries <= 100 && !halted; tries++) {
		halt_until_nmi();
		expect(seen == tries, "%u NMIs in %u tries", seen, tries);
	}
	expect(halted, "each of %u NMIs came before the HLT", seen);
	pit_start(0, 0);
	pic_mask(0xffff);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	trap_set_handler(VECTOR_NMI, NULL);
}

GUEST_TEST(wait_loop, "a guest that spins takes its interrupts too")
{
	irq_setup();
	irq_watch(TIMER_VECTOR);
	lapic_timer(TIMER_PERIODIC | TIMER_VECTOR, 1000000);
	expect(irq_await(&irq_count[TIMER_VECTOR], 20, 2000), "%u ticks in 2 s",
	       irq_count[TIMER_VECTOR]);
	lapic_timer(LVT_MASKED, 0);
}
