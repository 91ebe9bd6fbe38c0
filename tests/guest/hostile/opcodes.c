/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions with all operands, and the two-byte opcodes with random ones. Registers point
 * to a page of random data; an exception ends an instruction as well as its own end does.
 */
#include "../lib/pages.h"
#include "../lib/test.h"

#define SEED	   20250102u
#define CODE_BYTES 32u
#define NOP	   0x90

static uint8_t code[CODE_BYTES] __attribute__((aligned(64)));
static unsigned ran, faulted;

static void call_code(void *arg)
{
	register uint64_t r11 __asm__("r11") = (uint64_t)code;
	uint64_t a = (uint64_t)arg, b = a, c = a, d = a, si = a, di = a;

	__asm__ volatile("movq %0, %%rbp\n\tjmp *%6" /* trap_run restores what is lost */
			 : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di), "+r"(r11)
			 :
			 : "r8", "r9", "r10", "r12", "r13", "r14", "r15", "memory", "cc");
}

static void refresh(void)
{
	uint64_t *words = (uint64_t *)(uint64_t)scratch;

	for (unsigned i = 0; i < SCRATCH_BYTES / 8; i++)
		words[i] = random_next();
}

static void run(const uint8_t *bytes, unsigned count)
{
	uint64_t cr0 = read_cr0();

	memset(code, NOP, sizeof code);
	memcpy(code, bytes, count);
	code[CODE_BYTES - 2] = 0x0f; /* UD2 */
	code[CODE_BYTES - 1] = 0x0b;
	trap_run(call_code, scratch + SCRATCH_BYTES / 2);
	if (trap.rip == (uint64_t)&code[CODE_BYTES - 2])
		ran++;
	else
		faulted++;
	write_cr0(cr0);
	wrmsr(0xc0000101u, 0);
	wrmsr(0xc0000102u, 0);
}

static void use_stack(uint8_t ist)
{
	for (unsigned vector = 0; vector < 32; vector++)
		if (vector != VECTOR_NMI && vector != VECTOR_DF)
			trap_table[vector].ist = ist;
}

static void begin(uint64_t seed)
{
	use_stack(TRAP_STACK);
	random_seed(seed);
	refresh();
	ran = faulted = 0;
}

static void end(void)
{
	use_stack(0);
	print("# %u ran, %u faulted\n", ran, faulted);
	expect(ran > 0 && faulted > 0, "%u and %u", ran, faulted);
}

/* LGDT and LIDT from random memory end this guest, as they should. */
static bool loads_table(unsigned modrm)
{
	return modrm < 0xc0 && (modrm >> 3 & 6) == 2;
}

static void sweep_group(uint8_t opcode)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3, 0x48, 0x67, 0x2e };

	for (unsigned p = 0; p < sizeof prefixes; p++)
		for (unsigned modrm = 0; modrm < 256; modrm++) {
			uint8_t bytes[4] = { prefixes[p], 0x0f, opcode, (uint8_t)modrm };

			if (opcode == 1 && loads_table(modrm))
				continue;
			run(prefixes[p] ? bytes : bytes + 1, prefixes[p] ? 4 : 3);
		}
}

GUEST_TEST(group_0f00, "0F 00 with all operands: SLDT to VERW")
{
	begin(SEED);
	sweep_group(0);
	end();
}

GUEST_TEST(group_0f01, "0F 01 with all operands but LGDT and LIDT: SGDT to SVM's")
{
	begin(SEED + 1);
	sweep_group(1);
	end();
}

GUEST_TEST(group_0fae, "0F AE and 0F C7 with all operands: XSAVE, VMX's, random numbers")
{
	begin(SEED + 2);
	sweep_group(0xae);
	sweep_group(0xc7);
	end();
}

/* MOV to control registers and LSS take the guest's ground away, jumps leave the buffer. */
static bool is_left_out(unsigned opcode)
{
	return opcode == 0x22 || opcode == 0xb2 || (opcode >= 0x80 && opcode <= 0x8f) ||
	       opcode == 0 || opcode == 1;
}

/* Opcodes without operands: what followed would run as an instruction of its own. */
static bool is_alone(unsigned opcode)
{
	return (opcode >= 0x04 && opcode <= 0x0c) || (opcode >= 0x30 && opcode <= 0x37) ||
	       opcode == 0x77 || (opcode >= 0xa0 && opcode <= 0xa2) ||
	       (opcode >= 0xa8 && opcode <= 0xaa) || (opcode >= 0xc8 && opcode <= 0xcf);
}

GUEST_TEST(two_bytes, "all two-byte opcodes with random operands")
{
	begin(SEED + 3);
	for (unsigned opcode = 0; opcode < 256; opcode++)
		for (unsigned i = 0; i < 32 && !is_left_out(opcode); i++) {
			uint8_t bytes[3] = { 0x0f, (uint8_t)opcode, (uint8_t)random_next() };

			if (i % 8 == 0)
				refresh();
			run(bytes, is_alone(opcode) ? 2 : 3);
		}
	end();
}

/* Loads, stores and arithmetic on a page without memory: forms the emulator knows and does not. */
GUEST_TEST(one_byte_mmio, "one-byte opcodes with a register page as operand")
{
	static const uint8_t jumps[] = { 0x9a, 0xc2, 0xc3, 0xc8, 0xc9, 0xca, 0xcb, 0xcd,
					 0xcf, 0xe8, 0xe9, 0xea, 0xeb, 0xf4, 0xfa, 0xfb,
					 0xff, 0x8e, 0x9d, 0x5c, 0x17, 0xcc };

	begin(SEED + 4);
	page_map(0, 0xfee00000ull, PAGE_PRESENT | PAGE_WRITE);
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		bool skipped = (opcode >= 0x70 && opcode < 0x80) ||
			       (opcode >= 0xe0 && opcode < 0xf0) ||
			       (opcode >= 0x6c && opcode < 0x70);

		for (unsigned i = 0; i < sizeof jumps; i++)
			skipped |= opcode == jumps[i];
		for (unsigned reg = 0; reg < 8 && !skipped; reg++) {
			/* rdi has the page: movabs it, then the opcode with (%rdi). */
			uint8_t bytes[20] = { 0x48, 0xbf };
			uint64_t at = WINDOW + 0x350;

			memcpy(bytes + 2, &at, sizeof at);
			bytes[10] = (uint8_t)opcode;
			bytes[11] = (uint8_t)(reg << 3 | 7);
			memset(bytes + 12, 0x11, 4);
			run(bytes, 16);
		}
	}
	end();
}
