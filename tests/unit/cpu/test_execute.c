/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated instructions where the differential test on the host does not get: 16- and 32-bit modes,
 * segments, privilege, and what devices see of an instruction that faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/registers.h"
#include "guest.h"

#define STACK 0x30000u

static struct guest g;

static int setup(void **state)
{
	(void)state;
	guest_init(&g);
	g.state.gpr[VELA_RBX] = GUEST_MMIO;
	g.state.gpr[VELA_RSP] = STACK;
	return 0;
}

static uint32_t ram32(uint32_t at)
{
	uint32_t value;

	memcpy(&value, g.ram + at, 4);
	return value;
}

static void set_ram32(uint32_t at, uint32_t value)
{
	memcpy(g.ram + at, &value, 4);
}

static void assert_fault(enum emulate_result result, unsigned vector)
{
	assert_int_equal(result, EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, vector);
	assert_int_equal(g.emulator.fault.error, 0);
	assert_int_equal(g.state.rip, GUEST_CODE);
	assert_int_equal(g.accesses, 0);
}

static void push_and_pop(void **state)
{
	(void)state;
	g.answer = 0xcafef00d;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x33), EMULATE_DONE); /* push dword [ebx] */
	assert_int_equal(g.state.gpr[VELA_RSP], STACK - 4);
	assert_int_equal(ram32(STACK - 4), 0xcafef00d);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0xff, 0x33), EMULATE_DONE); /* push word [ebx] */
	assert_int_equal(g.state.gpr[VELA_RSP], STACK - 6);
	g.state.gpr[VELA_RSP] = STACK - 4;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x8f, 0x03), EMULATE_DONE); /* pop dword [ebx] */
	assert_int_equal(g.access[0].value, 0xcafef00d);
	assert_int_equal(g.state.gpr[VELA_RSP], STACK);
	/* pop dword [esp]: the place is where ESP points behind the instruction */
	set_ram32(STACK, 0x11111111);
	set_ram32(STACK + 4, 0);
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8f, 0x04, 0x24), EMULATE_DONE);
	assert_int_equal(ram32(STACK + 4), 0x11111111);
}

static void stack_of_16_bits_wraps(void **state)
{
	(void)state;
	g.state.seg[VELA_SS].attr &= (uint16_t)~SEGMENT_BIG;
	g.state.seg[VELA_SS].base = 0x20000;
	g.state.gpr[VELA_RSP] = 0xabcd0000;
	g.answer = 0x12345678;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x33), EMULATE_DONE); /* push dword [ebx] */
	assert_int_equal(g.state.gpr[VELA_RSP], 0xabcdfffc);
	assert_int_equal(ram32(0x2fffc), 0x12345678);
}

/* A fault of the stack comes before the device is read, and moves nothing. */
static void stack_faults(void **state)
{
	(void)state;
	g.state.seg[VELA_SS].limit = STACK - 5;
	assert_fault(RUN(&g, GUEST_MMIO, 0xff, 0x33), VECTOR_SS); /* push dword [ebx] */
	assert_int_equal(g.state.gpr[VELA_RSP], STACK);
	g.state.seg[VELA_SS].limit = UINT32_MAX;
	g.state.seg[VELA_DS].limit = 0xfff;
	assert_fault(RUN(&g, GUEST_MMIO, 0x8f, 0x03), VECTOR_GP); /* pop dword [ebx] */
	assert_int_equal(g.state.gpr[VELA_RSP], STACK);
}

static void calls_and_jumps(void **state)
{
	(void)state;
	g.answer = 0x20000;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x13), EMULATE_DONE); /* call [ebx] */
	assert_int_equal(g.state.rip, 0x20000);
	assert_int_equal(g.state.gpr[VELA_RSP], STACK - 4);
	assert_int_equal(ram32(STACK - 4), GUEST_CODE + 2);
	g.state.rip = GUEST_CODE;
	g.answer = 0x28000;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0xff, 0x23), EMULATE_DONE); /* jmp word [ebx] */
	assert_int_equal(g.state.rip, 0x8000);
	/* Beyond the code segment: read, but neither pushed nor jumped to. */
	g.state.rip = GUEST_CODE;
	g.state.seg[VELA_CS].limit = 0x1ffff;
	g.answer = 0x20000;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x13), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, VECTOR_GP);
	assert_int_equal(g.state.rip, GUEST_CODE);
	assert_int_equal(g.state.gpr[VELA_RSP], STACK - 4);
	/* To an address that is not canonical, in 64-bit mode. */
	guest_long_mode(&g);
	g.answer = 1ull << 47;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x23), EMULATE_FAULT);
	assert_int_equal(g.emulator.fault.vector, VECTOR_GP);
	/* Far, and near with a prefix in 64-bit mode: refused. */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xff, 0x2b), EMULATE_UNKNOWN);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x66, 0xff, 0x23), EMULATE_UNKNOWN);
}

static void pair(void **state)
{
	(void)state;
	g.answer = 0x0000000200000001;
	g.state.gpr[VELA_RAX] = 1;
	g.state.gpr[VELA_RDX] = 2;
	g.state.gpr[VELA_RBX] = 3;
	g.state.gpr[VELA_RCX] = 4;
	g.state.gpr[VELA_RSI] = GUEST_MMIO;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf0, 0x0f, 0xc7, 0x0e), EMULATE_DONE);
	assert_int_equal(g.accesses, 2);
	assert_int_equal(g.access[1].value, 0x0000000400000003);
	assert_true(g.state.rflags & FLAG_ZF);
	g.state.gpr[VELA_RDX] = 0;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf0, 0x0f, 0xc7, 0x0e), EMULATE_DONE);
	assert_int_equal(g.access[1].value, g.answer);
	assert_int_equal(g.state.gpr[VELA_RDX], 2);
	assert_false(g.state.rflags & FLAG_ZF);
}

static void pair_of_16_bytes(void **state)
{
	(void)state;
	guest_long_mode(&g);
	g.state.gpr[VELA_RSI] = GUEST_MMIO + 8;
	assert_fault(RUN(&g, GUEST_MMIO + 8, 0x48, 0x0f, 0xc7, 0x0e), VECTOR_GP);
	g.state.gpr[VELA_RSI] = GUEST_MMIO + 16;
	g.answer = 5;
	assert_int_equal(RUN(&g, GUEST_MMIO + 16, 0x48, 0x0f, 0xc7, 0x0e), EMULATE_DONE);
	assert_int_equal(g.accesses, 4);
	assert_int_equal(g.access[3].at, GUEST_MMIO + 24);
	assert_int_equal(g.access[3].width, 8);
	assert_int_equal(g.state.gpr[VELA_RDX], 5);
}

/* SHL, RCR by CL, SHRD by CL, MUL, CMOVZ, SETB, MOVBE on a device. */
static void arithmetic(void **state)
{
	(void)state;
	g.answer = 0x80000001;
	g.state.gpr[VELA_RCX] = 33;					 /* counts as 1 */
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xd3, 0x23), EMULATE_DONE); /* shl dword [ebx], cl */
	assert_int_equal(g.access[1].value, 2);
	assert_int_equal(g.state.rflags & (FLAG_CF | FLAG_OF), FLAG_CF | FLAG_OF);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xd3, 0x1b), EMULATE_DONE); /* rcr dword [ebx], cl */
	assert_int_equal(g.access[1].value, 0xc0000000);
	g.state.gpr[VELA_RCX] = 4;
	g.state.gpr[VELA_RDX] = 0x0000000a;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0xad, 0x13), EMULATE_DONE); /* shrd */
	assert_int_equal(g.access[1].value, 0xa8000000);
	g.state.gpr[VELA_RAX] = 2;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf7, 0x23), EMULATE_DONE); /* mul dword [ebx] */
	assert_int_equal(g.state.gpr[VELA_RAX], 2);
	assert_int_equal(g.state.gpr[VELA_RDX], 1);
	assert_true(g.state.rflags & FLAG_CF);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0x92, 0x03), EMULATE_DONE); /* setb [ebx] */
	assert_int_equal(g.access[0].value, 1);
	assert_int_equal(g.access[0].width, 1);
	g.state.rflags &= ~FLAG_ZF;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0x44, 0x13),
			 EMULATE_DONE); /* cmovz edx, [ebx] */
	assert_int_equal(g.state.gpr[VELA_RDX], 1);
	assert_int_equal(g.accesses, 1);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x0f, 0x38, 0xf0, 0x13), EMULATE_DONE); /* movbe */
	assert_int_equal(g.state.gpr[VELA_RDX], 0x01000080);
}

static void division(void **state)
{
	(void)state;
	g.answer = 7;
	g.state.gpr[VELA_RAX] = (uint32_t)-100;
	g.state.gpr[VELA_RDX] = UINT32_MAX;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf7, 0x3b), EMULATE_DONE); /* idiv dword [ebx] */
	assert_int_equal((int32_t)g.state.gpr[VELA_RAX], -14);
	assert_int_equal((int32_t)g.state.gpr[VELA_RDX], -2);
	/* The quotient has no place: nothing changes. */
	g.state.rip = GUEST_CODE;
	g.state.gpr[VELA_RDX] = 7;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0xf7, 0x33), EMULATE_FAULT); /* div dword [ebx] */
	assert_int_equal(g.emulator.fault.vector, VECTOR_DE);
	assert_int_equal((int32_t)g.state.gpr[VELA_RAX], -14);
	assert_int_equal(g.state.rip, GUEST_CODE);
}

/* No exit tells the address from here on: where one does, the processor has checked it. */
static void segment_types(void **state)
{
	(void)state;
	g.state.seg[VELA_DS].attr = 0xc91;				      /* read-only */
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x89, 0x03), VECTOR_GP);	      /* mov [ebx], eax */
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0xff, 0x03), VECTOR_GP);	      /* inc dword [ebx] */
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x39, 0x03), EMULATE_DONE); /* cmp [ebx], eax */
	g.state.rip = GUEST_CODE;
	g.state.seg[VELA_DS].attr = 0xc99; /* execute-only */
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), VECTOR_GP);
	g.state.seg[VELA_DS].attr = 0; /* null selector */
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), VECTOR_GP);
	/* cs: mov [ebx], eax writes code; in real mode it may. */
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x2e, 0x89, 0x03), VECTOR_GP);
	g.state.cr0 = 0;
	g.state.seg[VELA_CS].limit = 0xffff;
	g.state.rip = 0x8000;
	g.state.gpr[VELA_RBX] = 0x100;
	g.state.gpr[VELA_RDI] = 0;
	g.state.gpr[VELA_RAX] = 0x4321;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x2e, 0x89, 0x01), EMULATE_DONE); /* [bx+di] */
	assert_int_equal(ram32(0x100) & 0xffff, 0x4321);
}

static void limits(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBP] = 0x20000;
	g.state.seg[VELA_SS].limit = 0x20002;
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x45, 0x00), VECTOR_SS); /* mov eax, [ebp] */
	g.state.seg[VELA_DS].attr = 0xc97;				     /* expand-down */
	g.state.seg[VELA_DS].limit = GUEST_MMIO;
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), VECTOR_GP);
	g.state.seg[VELA_DS].limit = GUEST_MMIO - 1;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), EMULATE_DONE);
	/* Linear addresses wrap at 4 GiB. */
	g.state.seg[VELA_ES].base = 0xffffff00;
	g.state.gpr[VELA_RDI] = 0x20100;
	g.state.gpr[VELA_RAX] = 0x77;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xaa), EMULATE_DONE); /* stosb */
	assert_int_equal(g.ram[0x20000], 0x77);
}

static void alignment(void **state)
{
	(void)state;
	g.state.gpr[VELA_RBX] = GUEST_MMIO + 2;
	g.state.rflags |= FLAG_AC;
	g.state.cr0 |= CR0_AM;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), EMULATE_DONE); /* a supervisor's */
	g.state.rip = GUEST_CODE;
	g.state.seg[VELA_SS].attr |= 3 << SEGMENT_DPL_SHIFT;
	assert_fault(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), VECTOR_AC);
	g.state.gpr[VELA_RBX] = GUEST_MMIO + 4;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x8b, 0x03), EMULATE_DONE);
}

static void comparing_strings(void **state)
{
	(void)state;
	memcpy(g.ram + 0x20000, "\x0d\xf0\xfe\xca\x0d\xf0\xfe\xcb", 8);
	g.answer = 0xcafef00d;
	g.state.gpr[VELA_RSI] = 0x20000;
	g.state.gpr[VELA_RDI] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = 9;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf3, 0xa7), EMULATE_DONE); /* repe cmpsd */
	assert_int_equal(g.accesses, 2);
	assert_int_equal(g.state.gpr[VELA_RCX], 7);
	assert_int_equal(g.state.gpr[VELA_RSI], 0x20008);
	assert_int_equal(g.state.rip, GUEST_CODE + 2);
	assert_int_equal(g.state.rflags & (FLAG_ZF | FLAG_CF), 0);
	g.state.gpr[VELA_RAX] = 0x0d;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf2, 0xae), EMULATE_DONE); /* repne scasb */
	assert_int_equal(g.accesses, 1);
	assert_int_equal(g.state.gpr[VELA_RCX], 6);
	assert_true(g.state.rflags & FLAG_ZF);
	/* rep lodsw with 16-bit addresses: SI wraps, the upper half of ESI stays */
	g.state.gpr[VELA_RSI] = 0x1fffe;
	g.state.gpr[VELA_RCX] = 0x50002;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0x67, 0xf3, 0x66, 0xad), EMULATE_DONE);
	assert_int_equal(g.state.gpr[VELA_RSI], 0x10002);
	assert_int_equal(g.state.gpr[VELA_RCX], 0x50000);
}

static void traced_strings_stop_after_a_round(void **state)
{
	(void)state;
	g.state.gpr[VELA_RDI] = GUEST_MMIO;
	g.state.gpr[VELA_RCX] = 2;
	g.state.rflags |= FLAG_TF;
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf3, 0xaa), EMULATE_DONE); /* rep stosb */
	assert_int_equal(g.accesses, 1);
	assert_int_equal(g.state.rip, GUEST_CODE);
	assert_int_equal(RUN(&g, EMULATE_NO_HINT, 0xf3, 0xaa), EMULATE_DONE);
	assert_int_equal(g.state.rip, GUEST_CODE + 2);
}

static void segment_registers_are_stored(void **state)
{
	(void)state;
	g.state.seg[VELA_FS].selector = 0x2b;
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x8c, 0x23), EMULATE_DONE); /* mov [ebx], fs */
	assert_int_equal(g.access[0].width, 2);
	assert_int_equal(g.access[0].value, 0x2b);
	assert_int_equal(RUN(&g, GUEST_MMIO, 0x8e, 0x23), EMULATE_UNKNOWN); /* mov fs, [ebx] */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(push_and_pop),
		TEST(stack_of_16_bits_wraps),
		TEST(stack_faults),
		TEST(calls_and_jumps),
		TEST(pair),
		TEST(pair_of_16_bytes),
		TEST(arithmetic),
		TEST(division),
		TEST(segment_types),
		TEST(limits),
		TEST(alignment),
		TEST(comparing_strings),
		TEST(traced_strings_stop_after_a_round),
		TEST(segment_registers_are_stored),
	};

	return cmocka_run_group_tests_name("execute", tests, NULL, NULL);
}
