/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions on memory-mapped registers, against the same ones on RAM: result, register and
 * flags must agree. The local APIC's initial count is a plain 32-bit register while the timer is
 * masked; addresses that nobody has read all ones in every width.
 */
#include "../lib/irq.h"
#include "../lib/pages.h"
#include "../lib/test.h"
#include "mmio_forms.h"

#define NOBODY	    0xd0000000ull
#define FLAG_AF	    BIT(4)
#define FLAG_OF	    BIT(11)
#define FLAGS_LOGIC (FLAGS_ALU & ~FLAG_AF) /* AF is undefined */
#define FLAGS_BITS  (FLAG_CF | FLAG_ZF)	   /* the others are undefined */
#define FLAGS_NONE  0ull
/* Undefined are OF but for one place, AF and, of products, all but CF and OF. */
#define FLAGS_ROTATE   (FLAGS_ALU & ~FLAG_OF)
#define FLAGS_SHIFT    (FLAGS_LOGIC & ~FLAG_OF)
#define FLAGS_MULTIPLY (FLAG_CF | FLAG_OF)

/* What goes into an instruction and comes out. RDI and RSI point to the operand. */
struct registers {
	uint64_t rax, rcx, rdx, rdi, rsi, flags;
};

struct form {
	const char *text;
	void (*run)(struct registers *r);
	unsigned bytes;
	uint64_t flags; /* that are defined behind it */
};

#define FORM(number, instruction, bytes, flags_defined)                                      \
	static void form_##number(struct registers *r)                                       \
	{                                                                                    \
		__asm__ volatile("pushq %5\n\tpopfq\n\t" instruction "\n\tpushfq\n\tpopq %5" \
				 : "+a"(r->rax), "+c"(r->rcx), "+d"(r->rdx), "+D"(r->rdi),   \
				   "+S"(r->rsi), "+r"(r->flags)                              \
				 :                                                           \
				 : "memory", "cc");                                          \
	}
#define ENTRY(number, instruction, bytes, flags) { instruction, form_##number, bytes, flags },

MMIO_FORMS(FORM)

static const struct form forms[] = { MMIO_FORMS(ENTRY) };

static const struct {
	uint64_t memory, rax, rcx, flags;
} operands[] = {
	{ 0, 0, 0, 0 },
	{ 1, ~0ull, ~0ull, FLAG_CF },
	{ 0x7fffffff7fffff7full, 0x1000000010000001ull, 5, 0 },
	{ 0x8000000080008080ull, 0x8000000080008080ull, 0x8000000080008080ull, FLAG_CF },
	{ 0x123456789abcdef0ull, 0x0fedcba987654321ull, 0x1f, FLAG_ZF },
	{ 0xffffffffffffffffull, 0x5555555555555555ull, 0xfffffffffffffffeull, 0 },
};

static uint64_t ram[8];

static void compare(const struct form *form, const struct registers *mmio,
		    const struct registers *native, uint64_t moved)
{
	expect(mmio->rax == native->rax && mmio->rcx == native->rcx && mmio->rdx == native->rdx,
	       "%s: rax %lx, on RAM %lx; rcx %lx, %lx", form->text, mmio->rax, native->rax,
	       mmio->rcx, native->rcx);
	expect(!((mmio->flags ^ native->flags) & form->flags), "%s: flags %lx, on RAM %lx",
	       form->text, mmio->flags & FLAGS_ALU, native->flags & FLAGS_ALU);
	expect(mmio->rdi - native->rdi == moved || mmio->rdi == native->rdi, "%s: rdi %lx",
	       form->text, mmio->rdi);
}

static struct registers run(const struct form *form, unsigned i, void *at)
{
	struct registers r = { operands[i].rax, operands[i].rcx, 0,
			       (uint64_t)at,	(uint64_t)at,	 operands[i].flags | 2 };

	form->run(&r);
	return r;
}

/* A bit number in a register moves the address: keep it in the register. */
static bool leaves_operand(const struct form *form, unsigned i)
{
	return form->flags == FLAGS_BITS && operands[i].rcx > 0x1f;
}

GUEST_TEST(mmio_register, "32-bit instructions on a register do what they do on RAM")
{
	volatile uint32_t *count = (volatile uint32_t *)(LAPIC_GPA + LAPIC_TIMER_INITIAL * 16);

	irq_setup();
	for (unsigned f = 0; f < sizeof forms / sizeof forms[0]; f++)
		for (unsigned i = 0; i < sizeof operands / sizeof operands[0]; i++) {
			if (forms[f].bytes != 4 || leaves_operand(&forms[f], i))
				continue;
			*count = (uint32_t)operands[i].memory;
			ram[0] = (uint32_t)operands[i].memory;
			struct registers mmio = run(&forms[f], i, (void *)(uint64_t)count);
			struct registers native = run(&forms[f], i, ram);

			compare(&forms[f], &mmio, &native, (uint64_t)count - (uint64_t)ram);
			expect(*count == (uint32_t)ram[0], "%s: left %x, on RAM %x", forms[f].text,
			       *count, (uint32_t)ram[0]);
		}
	*count = 0;
}

GUEST_TEST(mmio_nobody, "instructions of all widths where nobody is see all ones")
{
	for (unsigned f = 0; f < sizeof forms / sizeof forms[0]; f++)
		for (unsigned i = 0; i < sizeof operands / sizeof operands[0]; i++) {
			if (leaves_operand(&forms[f], i))
				continue;
			memset(ram, 0xff, sizeof ram);
			struct registers mmio = run(&forms[f], i, (void *)NOBODY);
			struct registers native = run(&forms[f], i, ram);

			compare(&forms[f], &mmio, &native, NOBODY - (uint64_t)ram);
		}
}

GUEST_TEST(mmio_widths, "accesses of another width than the register's read ones and are lost")
{
	volatile uint8_t *at = (volatile uint8_t *)(LAPIC_GPA + LAPIC_TIMER_INITIAL * 16);
	volatile uint32_t *count = (volatile uint32_t *)(uint64_t)at;

	*count = 0x11223344;
	expect(*at == 0xff && *(volatile uint16_t *)(uint64_t)at == 0xffff, "8 and 16 bits");
	expect(*(volatile uint64_t *)(uint64_t)at == ~0ull, "64 bits");
	expect(*(volatile uint32_t *)(uint64_t)(at + 2) == ~0u, "unaligned");
	expect(*(volatile uint32_t *)(uint64_t)(at + 4) == ~0u, "between registers");
	*at = 0;
	*(volatile uint16_t *)(uint64_t)at = 0;
	*(volatile uint64_t *)(uint64_t)at = 0;
	expect(*count == 0x11223344, "%x", *count);
	*count = 0;
}

GUEST_TEST(mmio_segments, "segment overrides and 32-bit addresses reach the right place")
{
	uint32_t by_gs, by_fs, by_short;

	lapic_write(LAPIC_TIMER_INITIAL, 0x89abcdef);
	wrmsr(0xc0000101u, LAPIC_GPA);
	wrmsr(0xc0000100u, LAPIC_GPA - 0x1000);
	__asm__ volatile("movl %%gs:0x380, %0" : "=r"(by_gs));
	__asm__ volatile("movl %%fs:0x1000(%1), %0" : "=r"(by_fs) : "r"(0x380ull));
	__asm__ volatile("addr32 movl 0x380(%q1), %0" : "=r"(by_short) : "r"(LAPIC_GPA | BIT(40)));
	expect(by_gs == 0x89abcdef && by_fs == 0x89abcdef, "GS %x, FS %x", by_gs, by_fs);
	expect(by_short == 0x89abcdef, "32-bit address: %x", by_short);
	__asm__ volatile("movabsl 0xfee00380, %%eax" : "=a"(by_short));
	expect(by_short == 0x89abcdef, "64-bit offset in the instruction: %x", by_short);
	wrmsr(0xc0000101u, 0);
	wrmsr(0xc0000100u, 0);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
}

GUEST_TEST(mmio_strings, "MOVS, STOS and LODS between RAM and registers, repeated and backwards")
{
	volatile uint32_t *count = (volatile uint32_t *)(LAPIC_GPA + LAPIC_TIMER_INITIAL * 16);
	uint64_t n = 4, to = (uint64_t)ram, from = NOBODY;
	uint32_t eax;

	memset(ram, 0, sizeof ram);
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	expect(to == (uint64_t)ram + 16 && from == NOBODY + 16 && !n, "registers: %lu left", n);
	expect(ram[1] == ~0ull && ram[2] == 0, "REP MOVSL from nowhere: %lx %lx", ram[1], ram[2]);
	ram[0] = 0x1122334455667788ull;
	from = (uint64_t)ram + 4;
	to = (uint64_t)count;
	__asm__ volatile("std; movsl; cld" : "+D"(to), "+S"(from) : : "memory");
	expect(*count == 0x11223344 && from == (uint64_t)ram && to == (uint64_t)count - 4,
	       "MOVSL backwards: %x", *count);
	to = (uint64_t)count;
	__asm__ volatile("stosl" : "+D"(to) : "a"(0x12344321) : "memory");
	from = (uint64_t)count;
	__asm__ volatile("lodsl" : "+S"(from), "=a"(eax));
	expect(eax == 0x12344321 && from == (uint64_t)count + 4, "STOSL, LODSL: %x", eax);
	n = 3000;
	to = NOBODY;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
	expect(!n && to == NOBODY + 3000, "REP STOSB: %lu left", n);
	*count = 0;
}

GUEST_TEST(mmio_page_crossing, "an access over a page boundary does each page's part")
{
	uint8_t *low = page_map(0, (uint64_t)scratch, PAGE_PRESENT | PAGE_WRITE);
	volatile uint64_t *across = (volatile uint64_t *)(uint64_t)(low + PAGE_BYTES - 4);

	page_map(1, IOAPIC_GPA, PAGE_PRESENT | PAGE_WRITE);
	ioapic_read(0x11);
	*(uint32_t *)(low + PAGE_BYTES - 4) = 0xcafebabe;
	expect(*across == 0x11cafebabeull, "read %lx", *across);
	*across = 0x10deadbeefull;
	expect(*(uint32_t *)(low + PAGE_BYTES - 4) == 0xdeadbeef, "RAM part");
	expect(*(volatile uint32_t *)IOAPIC_GPA == 0x10, "register part %x",
	       *(volatile uint32_t *)IOAPIC_GPA);
	page_map(1, NOBODY, PAGE_PRESENT | PAGE_WRITE);
	expect(*(volatile uint64_t *)(uint64_t)(low + PAGE_BYTES - 3) == 0xffffffffffdeadbeull,
	       "odd split: %lx", *(volatile uint64_t *)(uint64_t)(low + PAGE_BYTES - 3));
}

GUEST_TEST(mmio_page_fault,
	   "an access from a register page into a missing one faults and moves nothing")
{
	uint8_t *first = page_map(0, NOBODY, PAGE_PRESENT | PAGE_WRITE);

	page_map(1, 0, 0);
	expect_trap(VECTOR_PF, "movq %%rax, (%0)", : : "r"(first + PAGE_BYTES - 4),
		    "a"(0) : "memory");
	expect(trap.error == 2, "error %lx", trap.error);
	expect(on_bochs_svm() || trap.cr2 == (uint64_t)page_at(1), "cr2 %lx", trap.cr2);
	page_map(1, (uint64_t)scratch, PAGE_PRESENT);
	*(uint64_t *)scratch = 0x5555555555555555ull;
	write_cr0(read_cr0() | BIT(16));
	expect_trap(VECTOR_PF, "movq %%rax, (%0)", : : "r"(first + PAGE_BYTES - 4),
		    "a"(0) : "memory");
	expect(trap.error == 3 && *(uint64_t *)scratch == 0x5555555555555555ull,
	       "read-only: error %lx", trap.error);
	write_cr0(read_cr0() & ~BIT(16));
}

/* Code at a place of choice: mov (%rdi), %eax; ret, or mov %eax, (%rdi); ret. */
static const uint8_t load_code[] = { 0x8b, 0x07, 0xc3 }, store_code[] = { 0x89, 0x07, 0xc3 };

static uint32_t call_at(const void *code, volatile void *rdi, uint32_t eax)
{
	__asm__ volatile("call *%1" : "+a"(eax) : "r"(code), "D"(rdi) : "memory");
	return eax;
}

GUEST_TEST(mmio_code, "code that is changed, or lies across two pages, is decoded as it is")
{
	volatile uint32_t *count = (volatile uint32_t *)(LAPIC_GPA + LAPIC_TIMER_INITIAL * 16);
	uint8_t *code = scratch + PAGE_BYTES - 1;

	for (unsigned i = 0; i < 4; i++) {
		memcpy(code, store_code, sizeof store_code);
		call_at(code, count, 0x1000 + i);
		memcpy(code, load_code, sizeof load_code);
		expect(call_at(code, count, 0) == 0x1000 + i, "round %u: %x", i, *count);
	}
	*count = 0;
}

GUEST_TEST(mmio_branches, "CALL and JMP take their target from RAM and a register at once")
{
	uint8_t *low = page_map(0, (uint64_t)scratch, PAGE_PRESENT | PAGE_WRITE);
	uint8_t *across = low + PAGE_BYTES - 4;
	uint64_t rax = 5;

	page_map(1, IOAPIC_GPA, PAGE_PRESENT | PAGE_WRITE);
	ioapic_read(0);					 /* the index, which is the upper half */
	memcpy(scratch + PAGE_BYTES, "\xff\xc0\xc3", 3); /* inc %eax; ret */
	*(uint32_t *)across = (uint32_t)(uint64_t)(scratch + PAGE_BYTES);
	__asm__ volatile("call *(%1)" : "+a"(rax) : "r"(across) : "memory");
	expect(rax == 6, "CALL: %lu", rax);
	__asm__ volatile("leaq 1f(%%rip), %%rcx; pushq %%rcx; jmp *(%1); 1:"
			 : "+a"(rax)
			 : "r"(across)
			 : "rcx", "memory");
	expect(rax == 7, "JMP: %lu", rax);
}

GUEST_TEST(mmio_strings_compared, "CMPS and SCAS stop at the register that differs")
{
	uint64_t n = 5, to = NOBODY, from = (uint64_t)ram;

	memset(ram, 0xff, sizeof ram);
	ram[1] = 0x12ffffffffull;
	__asm__ volatile("repe cmpsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	expect(n == 1 && to == NOBODY + 16 && from == (uint64_t)ram + 16, "CMPSL: %lu left", n);
	n = 5;
	to = NOBODY;
	__asm__ volatile("repne scasb" : "+D"(to), "+c"(n) : "a"(0xff) : "memory");
	expect(n == 4 && to == NOBODY + 1, "SCASB: %lu left", n);
}

GUEST_TEST(mmio_division, "DIV by a register, and #DE that changes nothing")
{
	volatile uint32_t *count = (volatile uint32_t *)(LAPIC_GPA + LAPIC_TIMER_INITIAL * 16);
	uint32_t eax = 100, edx = 0;

	*count = 7;
	__asm__ volatile("divl (%2)" : "+a"(eax), "+d"(edx) : "r"(count));
	expect(eax == 14 && edx == 2, "%u, remainder %u", eax, edx);
	eax = 1;
	edx = 7;
	expect_trap(VECTOR_DE, "divl (%2)", : "+a"(eax), "+d"(edx) : "r"(count));
	expect(eax == 1 && edx == 7, "%u, remainder %u", eax, edx);
	*count = 0;
}

GUEST_TEST(mmio_dirty, "what is written by an instruction on a register becomes dirty in its page")
{
	uint8_t *page = page_map(0, (uint64_t)scratch, PAGE_PRESENT | PAGE_WRITE);
	uint64_t from = NOBODY, to = (uint64_t)page;

	__asm__ volatile("movsl" : "+D"(to), "+S"(from) : : "memory");
	expect(page_flags(0) & PAGE_ACCESSED, "accessed: %lx", page_flags(0));
	expect(page_flags(0) & PAGE_DIRTY, "dirty: %lx", page_flags(0));
}

GUEST_TEST(mmio_read_only, "a read-modify-write on a read-only page of a register is refused")
{
	void *page = page_map(0, LAPIC_GPA, PAGE_PRESENT);
	uint64_t at = (uint64_t)page + LAPIC_TIMER_INITIAL * 16;

	write_cr0(read_cr0() | BIT(16));
	expect_trap(VECTOR_PF, "incl (%0)", : : "r"(at) : "memory");
	expect(trap.error == 3, "error %lx", trap.error);
	write_cr0(read_cr0() & ~BIT(16));
	expect_trap(NO_TRAP, "incl (%0)", : : "r"(at) : "memory");
	expect(lapic_read(LAPIC_TIMER_INITIAL) == 1, "%x", lapic_read(LAPIC_TIMER_INITIAL));
	lapic_write(LAPIC_TIMER_INITIAL, 0);
}

GUEST_TEST(mmio_unsupported, "instructions the machine does not do on registers raise an exception")
{
	uint64_t at = NOBODY;

	expect_trap(VECTOR_UD, "flds (%0)", : : "r"(at));
	expect_trap(VECTOR_UD, "ljmpl *(%0)", : : "r"(at));
	expect_trap(VECTOR_UD, "lgdt (%0)", : : "r"(at));
}
