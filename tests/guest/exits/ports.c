/* SPDX-License-Identifier: Apache-2.0 */
/* Port access in all widths, and strings of ports. */
#include "../lib/pages.h"
#include "../lib/test.h"

#define NOBODY	     0x1230 /* no device has it */
#define PCI_ADDRESS  0xcf8  /* 32 bits, readable: a register to test strings with */
#define UART	     COM1
#define UART_SCRATCH (COM1 + 7)
#define CMOS_INDEX   0x70
#define CMOS_DATA    0x71

GUEST_TEST(port_unclaimed,
	   "ports without a device read all ones and change only their width of RAX")
{
	uint64_t rax = 0x1122334455667788ull;

	__asm__ volatile("inb %w1, %%al" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0x11223344556677ffull, "INB: %lx", rax);
	rax = 0x1122334455667788ull;
	__asm__ volatile("inw %w1, %%ax" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0x112233445566ffffull, "INW: %lx", rax);
	rax = 0x1122334455667788ull;
	__asm__ volatile("inl %w1, %%eax" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0xffffffffull, "INL: %lx", rax);
	outb(NOBODY, 1);
	outw(NOBODY, 1);
	outl(NOBODY, 1);
	expect(inl(0xffff) == ~0u && inw(0xffff) == 0xffff, "the last port with the next ones");
}

GUEST_TEST(port_immediate, "the immediate forms of IN and OUT reach the same ports")
{
	uint8_t mask;

	__asm__ volatile("movb $0xfb, %%al\n\toutb %%al, $0x21\n\tmovb $0, %%al\n\tinb $0x21, %%al"
			 : "=a"(mask));
	expect(mask == 0xfb, "%x", mask);
	outb(0x21, 0xff);
	__asm__ volatile("inb $0x21, %%al" : "=a"(mask));
	expect(mask == 0xff, "%x", mask);
}

GUEST_TEST(port_prefixed, "IN and OUT with prefixes go on behind the whole instruction")
{
	uint64_t rax = 0;

	/* Operand size twice, REX.W, segment override, and an ignored REP. */
	__asm__ volatile(".byte 0x66, 0x66, 0xed" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0xffff, "66 66 IN: %lx", rax);
	__asm__ volatile(".byte 0x48, 0xed" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0xffffffff, "REX.W IN: %lx", rax);
	rax = 0;
	__asm__ volatile(".byte 0x2e, 0xec" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0xff, "CS IN: %lx", rax);
	rax = 0;
	__asm__ volatile(".byte 0xf3, 0xec" : "+a"(rax) : "d"(NOBODY));
	expect(rax == 0xff, "REP IN: %lx", rax);
}

GUEST_TEST(port_wide, "a wide access to byte registers is done byte by byte")
{
	uint16_t both;

	outb(UART_SCRATCH, 0x5a);
	expect(inb(UART_SCRATCH) == 0x5a, "scratch register");
	both = inw(UART_SCRATCH - 1); /* modem status, scratch */
	expect(both >> 8 == 0x5a, "16 bits: %x", both);
	outw(CMOS_INDEX, 0x3c << 8 | 0x50); /* index, then data */
	outb(CMOS_INDEX, 0x50);
	expect(inb(CMOS_DATA) == 0x3c, "16-bit write to index and data: %x", inb(CMOS_DATA));
	outl(UART_SCRATCH - 3, 0xa5000000u | (uint32_t)inb(UART + 4));
	expect(inb(UART_SCRATCH) == 0xa5, "32 bits: %x", inb(UART_SCRATCH));
}

GUEST_TEST(port_narrow, "narrow accesses do not reach a 32-bit register")
{
	outl(PCI_ADDRESS, 0x80000000u);
	expect(inl(PCI_ADDRESS) == 0x80000000u, "PCI address register %x", inl(PCI_ADDRESS));
	outb(PCI_ADDRESS, 0x44); /* a word would reach the reset register at 0xcf9 */
	outw(PCI_ADDRESS + 2, 0x4444);
	expect(inl(PCI_ADDRESS) == 0x80000000u, "%x", inl(PCI_ADDRESS));
}

struct string_state {
	uint64_t index, count;
};

/* The index is RDI for INS and RSI for OUTS. */
#define INS(instruction, port, at, n)                           \
	({                                                      \
		struct string_state s = { (uint64_t)(at), n };  \
		__asm__ volatile(instruction                    \
				 : "+D"(s.index), "+c"(s.count) \
				 : "d"(port)                    \
				 : "memory");                   \
		s;                                              \
	})
#define OUTS(instruction, port, at, n)                          \
	({                                                      \
		struct string_state s = { (uint64_t)(at), n };  \
		__asm__ volatile(instruction                    \
				 : "+S"(s.index), "+c"(s.count) \
				 : "d"(port)                    \
				 : "memory");                   \
		s;                                              \
	})

static void expect_moved(const char *what, struct string_state s, const void *to, uint64_t count)
{
	expect(s.index == (uint64_t)to && s.count == count, "%s: index %lx, count %lu", what,
	       s.index, s.count);
}

GUEST_TEST(string_in, "INS in all widths, with and without REP, forwards and backwards")
{
	uint8_t *at = scratch + 64;

	outb(UART_SCRATCH, 0x77);
	outl(PCI_ADDRESS, 0x80001234u);
	memset(scratch, 0, 256);
	expect_moved("INSB", INS("insb", UART_SCRATCH, at, 9), at + 1, 9);
	expect(at[0] == 0x77 && at[1] == 0 && at[-1] == 0, "INSB: %x", at[0]);
	expect_moved("REP INSB", INS("rep insb", UART_SCRATCH, at, 5), at + 5, 0);
	expect(at[4] == 0x77 && at[5] == 0, "REP INSB");
	expect_moved("REP INSW", INS("rep insw", NOBODY, at, 3), at + 6, 0);
	expect(at[5] == 0xff && at[6] == 0, "REP INSW");
	expect_moved("REP INSL", INS("rep insl", PCI_ADDRESS, at, 2), at + 8, 0);
	expect(((uint32_t *)at)[1] == 0x80001234u && at[8] == 0, "REP INSL");
	expect_moved("REP INSB, count 0", INS("rep insb", UART_SCRATCH, at, 0), at, 0);
	expect_moved("backwards", INS("std; rep insb; cld", UART_SCRATCH, at, 4), at - 4, 0);
	expect(at[-3] == 0x77 && at[-4] == 0, "backwards: %x %x", at[-3], at[-4]);
}

GUEST_TEST(string_address_size, "a string with 32-bit addresses uses and keeps 32-bit registers")
{
	struct string_state s = { (uint64_t)scratch | BIT(40), BIT(40) | 3 };

	memset(scratch, 0, 16);
	outb(UART_SCRATCH, 0x66);
	__asm__ volatile("addr32 rep insb"
			 : "+D"(s.index), "+c"(s.count)
			 : "d"(UART_SCRATCH)
			 : "memory");
	expect((uint32_t)s.index == (uint32_t)(uint64_t)scratch + 3 && !(uint32_t)s.count,
	       "index %lx, count %lx", s.index, s.count);
	expect(scratch[2] == 0x66 && scratch[3] == 0, "%x %x", scratch[2], scratch[3]);
}

GUEST_TEST(string_out, "OUTS in all widths, with segment override")
{
	static const uint32_t addresses[] = { 0x80000010u, 0x80000020u, 0x80000044u };
	static const char bytes[] = "abcde";
	static const uint16_t words[] = { 0x1111, 0x3333 };

	expect_moved("REP OUTSB", OUTS("rep outsb", UART_SCRATCH, bytes, 3), bytes + 3, 0);
	expect(inb(UART_SCRATCH) == 'c', "REP OUTSB: %x", inb(UART_SCRATCH));
	expect_moved("OUTSB", OUTS("outsb", UART_SCRATCH, bytes + 4, 7), bytes + 5, 7);
	expect(inb(UART_SCRATCH) == 'e', "OUTSB: %x", inb(UART_SCRATCH));
	expect_moved("REP OUTSW", OUTS("rep outsw", UART_SCRATCH - 1, words, 2), words + 2, 0);
	expect(inb(UART_SCRATCH) == 0x33, "REP OUTSW: %x", inb(UART_SCRATCH));
	expect_moved("REP OUTSL", OUTS("rep outsl", PCI_ADDRESS, addresses, 3), addresses + 3, 0);
	expect(inl(PCI_ADDRESS) == addresses[2], "REP OUTSL: %x", inl(PCI_ADDRESS));
	wrmsr(0xc0000101u, (uint64_t)&addresses[1]);
	OUTS("gs outsl", PCI_ADDRESS, 0, 0);
	expect(inl(PCI_ADDRESS) == addresses[1], "GS: OUTSL: %x", inl(PCI_ADDRESS));
	wrmsr(0xc0000101u, 0);
}

GUEST_TEST(string_long, "a long string crosses pages and does not stall")
{
	uint64_t bytes = SCRATCH_BYTES - 64;

	memset(scratch, 0, SCRATCH_BYTES);
	outb(UART_SCRATCH, 0x42);
	expect_moved("REP INSB", INS("rep insb", UART_SCRATCH, scratch + 32, bytes),
		     scratch + 32 + bytes, 0);
	for (uint64_t i = 0; i < SCRATCH_BYTES; i++)
		expect(scratch[i] == (i < 32 || i >= 32 + bytes ? 0 : 0x42), "byte %lu is %x", i,
		       scratch[i]);
}

GUEST_TEST(string_page_fault,
	   "a string that runs into a missing page stops there with a page fault")
{
	uint8_t *at = page_map(0, (uint64_t)scratch, PAGE_PRESENT | PAGE_WRITE);
	struct string_state s = { (uint64_t)at + PAGE_BYTES - 6, 4 };

	page_map(1, 0, 0);
	outl(PCI_ADDRESS, 0x80004440u);
	expect_trap(VECTOR_PF, "rep insl", : "+D"(s.index),
		    "+c"(s.count) : "d"(PCI_ADDRESS) : "memory");
	expect(s.count == 3 && s.index == (uint64_t)at + PAGE_BYTES - 2, "count %lu, index %lx",
	       s.count, s.index);
	expect(trap.error == 2, "error %lx", trap.error);
	expect(on_bochs_svm() || (trap.cr2 & ~0xfffull) == (uint64_t)page_at(1), "cr2 %lx",
	       trap.cr2);
	page_map(1, (uint64_t)scratch + 2 * PAGE_BYTES, PAGE_PRESENT);
	s = (struct string_state){ (uint64_t)page_at(1), 1 };
	write_cr0(read_cr0() | BIT(16));
	expect_trap(VECTOR_PF, "rep insl", : "+D"(s.index),
		    "+c"(s.count) : "d"(PCI_ADDRESS) : "memory");
	expect(trap.error == 3 && s.count == 1, "read-only: error %lx", trap.error);
	write_cr0(read_cr0() & ~BIT(16));
	page_map(1, 0, 0);
	s = (struct string_state){ (uint64_t)page_at(1) - 1, 2 };
	expect_trap(VECTOR_PF, "rep outsb", : "+S"(s.index),
		    "+c"(s.count) : "d"(UART_SCRATCH) : "memory");
	expect(trap.error == 0 && s.count == 1, "OUTS: error %lx", trap.error);
	expect(on_bochs_svm() || trap.cr2 == (uint64_t)page_at(1), "OUTS: cr2 %lx", trap.cr2);
}

GUEST_TEST(string_non_canonical, "a string at a non-canonical address raises a protection fault")
{
	struct string_state s = { 0x800000000000ull, 1 };

	expect_trap(VECTOR_GP, "rep insb", : "+D"(s.index),
		    "+c"(s.count) : "d"(UART_SCRATCH) : "memory");
	expect_trap(VECTOR_GP, "rep outsb", : "+S"(s.index),
		    "+c"(s.count) : "d"(UART_SCRATCH) : "memory");
	expect(s.count == 1, "count %lu", s.count);
}
