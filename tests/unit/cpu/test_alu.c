/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator's arithmetic against the processor the test runs on: results and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu/alu.h"
#include "cpu/registers.h"

#define HOST(name, insn, type)                                        \
	static uint64_t name(uint64_t a, uint64_t b, uint64_t *flags) \
	{                                                             \
		type x = (type)a, y = (type)b;                        \
		uint64_t f = *flags;                                  \
		__asm__("push %[f]; popf; " insn "; pushf; pop %[f]"  \
			: [x] "+r"(x), [f] "+r"(f)                    \
			: [y] "r"(y)                                  \
			: "cc");                                      \
		*flags = f;                                           \
		return x;                                             \
	}
#define WIDTHS(name, insn, args)                 \
	HOST(name##8, insn "b " args, uint8_t)   \
	HOST(name##16, insn "w " args, uint16_t) \
	HOST(name##32, insn "l " args, uint32_t) \
	HOST(name##64, insn "q " args, uint64_t)
#define TWO(name, insn) WIDTHS(name, insn, "%[y], %[x]")
#define ONE(name, insn) WIDTHS(name, insn, "%[x]")

TWO(add, "add")
TWO(or, "or")
TWO(adc, "adc")
TWO(sbb, "sbb")
TWO(and, "and")
TWO(sub, "sub")
TWO(xor, "xor")
TWO(cmp, "cmp")
TWO(test, "test")
ONE(inc, "inc")
ONE(dec, "dec")
ONE(not, "not")
ONE(neg, "neg")

#define ROW(op, name) { op, { name##8, name##16, name##32, name##64 } }
static const struct {
	enum insn_op op;
	uint64_t (*host[4])(uint64_t a, uint64_t b, uint64_t *flags);
} rows[] = {
	ROW(INSN_ADD, add),   ROW(INSN_OR, or),	  ROW(INSN_ADC, adc), ROW(INSN_SBB, sbb),
	ROW(INSN_AND, and),   ROW(INSN_SUB, sub), ROW(INSN_XOR, xor), ROW(INSN_CMP, cmp),
	ROW(INSN_TEST, test), ROW(INSN_INC, inc), ROW(INSN_DEC, dec), ROW(INSN_NOT, not),
	ROW(INSN_NEG, neg),
};

static const uint64_t values[] = {
	0,	    1,	       2,	   0x0f,       0x10,
	0x7f,	    0x80,      0x81,	   0xff,       0x7fff,
	0x8000,	    0xffff,    0x7fffffff, 0x80000000, 0xffffffff,
	1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX, 0x123456789abcdef0,
};
#define VALUES (sizeof values / sizeof values[0])

/* AF is undefined after logic; the host may leave anything there. */
static uint64_t defined(enum insn_op op)
{
	bool logic = op == INSN_OR || op == INSN_AND || op == INSN_XOR || op == INSN_TEST;

	return logic ? FLAG_ALU & ~FLAG_AF : FLAG_ALU;
}

static void check(size_t row, unsigned w, uint64_t a, uint64_t b, uint64_t start)
{
	unsigned bytes = 1u << w;
	uint64_t ours = start | 2, hosts = start | 2, mask = defined(rows[row].op);

	a &= alu_mask(bytes);
	b &= alu_mask(bytes);
	uint64_t expected = rows[row].host[w](a, b, &hosts);

	assert_int_equal(alu(rows[row].op, a, b, bytes, &ours), expected);
	assert_int_equal(ours & mask, hosts & mask);
}

static void equals_the_host(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++)
		for (unsigned w = 0; w < 4; w++)
			for (size_t i = 0; i < VALUES * VALUES * 2; i++)
				check(row, w, values[i / 2 / VALUES], values[i / 2 % VALUES],
				      i & 1 ? FLAG_ALU : 0);
}

static void keeps_other_flags(void **state)
{
	uint64_t flags = FLAG_IF | FLAG_DF | FLAG_CF | 2;

	(void)state;
	assert_int_equal(alu(INSN_SUB, 5, 5, 4, &flags), 0);
	assert_int_equal(flags, FLAG_IF | FLAG_DF | FLAG_ZF | FLAG_PF | 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_host),
		cmocka_unit_test(keeps_other_flags),
	};

	return cmocka_run_group_tests_name("alu", tests, NULL, NULL);
}
