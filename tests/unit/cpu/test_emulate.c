/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction emulation: what devices see, what registers and flags become, and what faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "guest.h"

static struct guest g;

static int setup(void **state)
{
	(void)state;
	guest_init(&g);
	return 0;
}

static void assert_access(unsigned i, bool write, uint64_t at, unsigned width, uint64_t value)
{
	assert_true(i < g.accesses);
	assert_int_equal(g.access[i].write, write);
	assert_int_equal(g.access[i].at, at);
	assert_int_equal(g.access[i].width, width);
	assert_int_equal(g.access[i].value, value);
}

static void moves_by_width(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.state.gpr[VELA_RAX] = 0x1122334455667788;
	g.answer = 0xdeadbeefcafef00d;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x8b, 0x03), EMULATE_DONE); /* mov eax, [ebx] */
	assert_access(0, false, GUEST_MMIO, 4, 0);
	assert_int_equal(g.state.gpr[VELA_RAX], 0xcafef00d);
	assert_int_equal(g.state.rip, GUEST_CODE + 2);
	g.state.gpr[VELA_RAX] = 0x1122334455667788;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x8a, 0x23), EMULATE_DONE); /* mov ah, [ebx] */
	assert_int_equal(g.state.gpr[VELA_RAX], 0x1122334455660d88);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0x89, 0x03), EMULATE_DONE); /* mov [ebx], ax */
	assert_access(0, true, GUEST_MMIO, 2, 0x0d88);
	assert_int_equal(g.accesses, 1);
}

static void extends(void **state)
{
	(void)state;
	guest_long_mode(&g);
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.answer = 0x8080;
	/* movsx rcx, word [rbx]; movzx ecx, byte [rbx]; movsxd rcx, dword [rbx] */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x48, 0x0f, 0xbf, 0x0b), EMULATE_DONE);
	assert_int_equal(g.state.gpr[VELA_RCX], 0xffffffffffff8080);
	assert_access(0, false, GUEST_MMIO, 2, 0);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xb6, 0x0b), EMULATE_DONE);
	assert_int_equal(g.state.gpr[VELA_RCX], 0x80);
	g.answer = 0x80000000;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x48, 0x63, 0x0b), EMULATE_DONE);
	assert_int_equal(g.state.gpr[VELA_RCX], 0xffffffff80000000);
}

static void immediates(void **state)
{
	(void)state;
	guest_long_mode(&g);
	g.state.gpr[VELA_RDI] = GUEST_MMIO - 8;
	/* mov qword [rdi+8], -2 */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x48, 0xc7, 0x47, 0x08, 0xfe, 0xff, 0xff, 0xff),
			 EMULATE_DONE);
	assert_access(0, true, GUEST_MMIO, 8, (uint64_t)-2);
	/* mov byte [rdi+8], 0x80 */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xc6, 0x47, 0x08, 0x80), EMULATE_DONE);
	assert_access(0, true, GUEST_MMIO, 1, 0x80);
}

static void addresses(void **state)
{
	(void)state;
	guest_long_mode(&g);
	g.state.seg[VELA_GS].base = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = 4;
	/* mov gs:[rcx*4+0x10], eax */
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x65, 0x89, 0x04, 0x8d, 0x10, 0, 0, 0),
			 EMULATE_DONE);
	assert_access(0, true, GUEST_MMIO + 0x20, 4, 0);
	/* mov eax, [rip+disp], from an address that 32 bits of displacement reach */
	g.state.rip = GUEST_CODE;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x05, 0xfa, 0x0f, 0, 0), EMULATE_DONE);
	assert_int_equal(g.accesses, 0); /* RAM at GUEST_CODE + 0x1000 */
	/* A non-canonical address. */
	g.state.gpr[VELA_RCX] = 1ull << 47;
	g.state.rip = GUEST_CODE;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x01), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, VECTOR_GP);
	assert_int_equal(g.state.rip, GUEST_CODE);
}

static void arithmetic(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.answer = 0xf0;
	/* or dword [ebx], 0x0f */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x83, 0x0b, 0x0f), EMULATE_DONE);
	assert_access(0, false, GUEST_MMIO, 4, 0);
	assert_access(1, true, GUEST_MMIO, 4, 0xff);
	/* sub ecx, [ebx] */
	g.state.gpr[VELA_RCX] = 0xef;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x2b, 0x0b), EMULATE_DONE);
	assert_int_equal(g.state.gpr[VELA_RCX], 0xffffffff);
	assert_true(g.state.rflags & FLAG_CF);
	/* test dword [ebx], 0x10: reads only */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf7, 0x03, 0x10, 0, 0, 0), EMULATE_DONE);
	assert_int_equal(g.accesses, 1);
	assert_false(g.state.rflags & (FLAG_ZF | FLAG_CF));
	/* neg byte [ebx] */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf6, 0x1b), EMULATE_DONE);
	assert_access(1, true, GUEST_MMIO, 1, 0x10);
}

static void exchanges(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = 5;
	g.answer = 7;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x87, 0x0b), EMULATE_DONE); /* xchg [ebx], ecx */
	assert_access(1, true, GUEST_MMIO, 4, 5);
	assert_int_equal(g.state.gpr[VELA_RCX], 7);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf0, 0x0f, 0xc1, 0x0b), EMULATE_DONE); /* xadd */
	assert_access(1, true, GUEST_MMIO, 4, 14);
	g.state.gpr[VELA_RAX] = 8;
	g.state.gpr[VELA_RCX] = 9;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xb1, 0x0b), EMULATE_DONE); /* cmpxchg */
	assert_access(1, true, GUEST_MMIO, 4, 7);
	assert_int_equal(g.state.gpr[VELA_RAX], 7);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xb1, 0x0b), EMULATE_DONE);
	assert_access(1, true, GUEST_MMIO, 4, 9);
	assert_true(g.state.rflags & FLAG_ZF);
}

static void bits(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = (uint32_t)-1;
	g.answer = 0x80000000;
	/* bt [ebx], ecx: bit -1 is the top bit of the word before */
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x0f, 0xa3, 0x0b), EMULATE_DONE);
	assert_access(0, false, GUEST_MMIO - 4, 4, 0);
	assert_int_equal(g.accesses, 1);
	assert_true(g.state.rflags & FLAG_CF);
	/* btr dword [ebx], 31; bts dword [ebx], 33, which is bit 1 */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xba, 0x33, 31), EMULATE_DONE);
	assert_access(1, true, GUEST_MMIO, 4, 0);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xba, 0x2b, 33), EMULATE_DONE);
	assert_access(1, true, GUEST_MMIO, 4, 0x80000002);
	assert_false(g.state.rflags & FLAG_CF);
}

static void strings(void **state)
{
	(void)state;
	g.state.gpr[VELA_RSI] = 0x20000;
	g.state.gpr[VELA_RDI] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = 3;
	memcpy(g.ram + 0x20000, "\x01\x02\x03\x04\x05\x06", 6);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf3, 0x66, 0xa5), EMULATE_DONE); /* rep movsw */
	assert_access(0, true, GUEST_MMIO, 2, 0x0201);
	assert_access(2, true, GUEST_MMIO + 4, 2, 0x0605);
	assert_int_equal(g.accesses, 3);
	assert_int_equal(g.state.gpr[VELA_RCX], 0);
	assert_int_equal(g.state.gpr[VELA_RSI], 0x20006);
	g.state.rflags |= FLAG_DF;
	g.state.gpr[VELA_RAX] = 0x55;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xaa), EMULATE_DONE); /* stosb, downwards */
	assert_access(0, true, GUEST_MMIO + 6, 1, 0x55);
	assert_int_equal(g.state.gpr[VELA_RDI], GUEST_MMIO + 5);
}

static void ports(void **state)
{
	(void)state;
	g.state.gpr[VELA_RDX] = 0x3f8;
	g.state.gpr[VELA_RSI] = 0x20000;
	g.state.gpr[VELA_RDI] = 0x21000;
	g.state.gpr[VELA_RCX] = 2;
	memcpy(g.ram + 0x20000, "ab", 2);
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf3, 0x6e), EMULATE_DONE); /* rep outsb */
	assert_access(0, true, 0x3f8, 1, 'a');
	assert_access(1, true, 0x3f8, 1, 'b');
	assert_true(g.access[1].port);
	g.answer = 0x11223344;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x6d), EMULATE_DONE); /* insd */
	assert_memory_equal(g.ram + 0x21000, "\x44\x33\x22\x11", 4);
	/* rep insb of nothing */
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf3, 0x6c), EMULATE_DONE);
	assert_int_equal(g.accesses, 0);
}

static void long_strings_pause(void **state)
{
	(void)state;
	g.state.gpr[VELA_RDI] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = EMULATE_REP_MAX + 1;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf3, 0xaa), EMULATE_DONE); /* rep stosb */
	assert_int_equal(g.state.gpr[VELA_RCX], 1);
	assert_int_equal(g.state.rip, GUEST_CODE);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf3, 0xaa), EMULATE_DONE);
	assert_int_equal(g.state.rip, GUEST_CODE + 2);
}

static void page_faults(void **state)
{
	(void)state;
	guest_long_mode(&g);
	g.state.gpr[VELA_RSI] = GUEST_MMIO;
	g.state.gpr[VELA_RDI] = 0x80000000;
	g.state.gpr[VELA_RCX] = 1;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf3, 0xa4), EMULATE_FAULT); /* rep movsb */
	assert_int_equal(g.emulator.fault.vector, VECTOR_PF);
	assert_int_equal(g.emulator.fault.error, 2);
	assert_int_equal(g.emulator.fault.address, 0x80000000);
	assert_int_equal(g.state.gpr[VELA_RCX], 1);
	assert_int_equal(g.state.rip, GUEST_CODE);
}

static void limits(void **state)
{
	(void)state;
	g.state.seg[VELA_ES].limit = 0xfff;
	g.state.gpr[VELA_RDI] = 0xffd;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x6d), EMULATE_FAULT); /* insd */
	assert_int_equal(g.emulator.fault.vector, VECTOR_GP);
	assert_int_equal(g.accesses, 0);
	g.state.gpr[VELA_RDI] = 0xffc;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x6d), EMULATE_DONE);
}

static void refuses_the_rest(void **state)
{
	(void)state;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0x28, 0x03), EMULATE_UNKNOWN); /* movaps */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xd8, 0x03), EMULATE_UNKNOWN);	  /* fadd [ebx] */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x2b), EMULATE_UNKNOWN);	  /* jmp far */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xff), EMULATE_UNKNOWN);	  /* ud0 */
	assert_int_equal(g.state.rip, GUEST_CODE);
	assert_int_equal(g.accesses, 0);
}

static void cache_follows_the_code(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	for (unsigned i = 0; i < 3; i++) {
		g.state.rip = GUEST_CODE;
		assert_int_equal(RUN(&g, GUEST_MMIO, 0x8b, 0x03), EMULATE_DONE);
	}
	assert_int_equal(g.emulator.cache_counters.misses, 1);
	assert_int_equal(g.emulator.cache_counters.hits, 2);
	/* Other code at the same place, then the same code in another mode. */
	g.state.rip = GUEST_CODE;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x89, 0x03), EMULATE_DONE);
	assert_access(0, true, GUEST_MMIO, 4, 0);
	g.state.rip = GUEST_CODE;
	g.state.seg[VELA_CS].attr = 0x9b;
	g.state.gpr[VELA_RBP] = 0x100;
	g.state.gpr[VELA_RDI] = 0x20;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x89, 0x03), EMULATE_DONE); /* [bp+di], ax */
	assert_int_equal(g.accesses, 0);
	assert_int_equal(g.emulator.cache_counters.misses, 3);
}

static void special_registers_are_decoded(void **state)
{
	const struct insn *insn;

	(void)state;
	memcpy(g.ram + GUEST_CODE, "\x0f\x23\xf9", 3); /* mov dr7, ecx */
	assert_int_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	assert_int_equal(insn->op, INSN_TO_DR);
	assert_int_equal(insn->index, 7);
	assert_int_equal(insn->reg, VELA_RCX);
	memcpy(g.ram + GUEST_CODE, "\x0f\x21\xd3", 3); /* mov ebx, dr2 */
	assert_int_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	assert_int_equal(insn->op, INSN_FROM_DR);
	assert_int_equal(insn->index, 2);
	assert_int_equal(insn->reg, VELA_RBX);
	memcpy(g.ram + GUEST_CODE, "\x0f\x22\xe2", 3); /* mov cr4, edx */
	assert_int_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	assert_int_equal(insn->op, INSN_TO_CR);
	assert_int_equal(insn->index, 4);
	assert_int_equal(insn->reg, VELA_RDX);
	memcpy(g.ram + GUEST_CODE, "\xf0\x0f\x22\xc1", 4); /* lock mov cr0, ecx */
	assert_int_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	assert_int_equal(insn->op, INSN_TO_CR);
	assert_int_equal(insn->index, 8);
	assert_int_equal(insn->reg, VELA_RCX);
	assert_int_equal(insn->length, 4);
	memcpy(g.ram + GUEST_CODE, "\xf0\x0f\x22\xd9", 4); /* lock mov cr3, ecx: none */
	assert_int_not_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	memcpy(g.ram + GUEST_CODE, "\x0f\x09\x90", 3); /* wbinvd */
	assert_int_equal(emulate_fetch(&g.emulator, &insn), EMULATE_DONE);
	assert_int_equal(insn->op, INSN_CACHE);
	assert_int_equal(insn->length, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(moves_by_width),
		TEST(extends),
		TEST(immediates),
		TEST(addresses),
		TEST(arithmetic),
		TEST(exchanges),
		TEST(bits),
		TEST(strings),
		TEST(ports),
		TEST(long_strings_pause),
		TEST(page_faults),
		TEST(limits),
		TEST(refuses_the_rest),
		TEST(cache_follows_the_code),
		TEST(special_registers_are_decoded),
	};

	return cmocka_run_group_tests_name("emulate", tests, NULL, NULL);
}
