/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability arguments of every call, from the table of hypercalls: each selector class that must
 * be refused (B.2: empty, out of range, dead, every wrong kind, each missing right), unknown calls,
 * and that a refused call changes nothing. Every status seen must be among those the table lists.
 */
#include "thread.h"
#include <string.h>

enum { CAP_ANY = 100, SEL, VALUE, FLAGS, WORDS };
enum { rdi, rsi, rdx, r10, r8, flags, rsi_rdx_r10_r8 };
#define CAP_PD VELA_KIND_PD
#define CAP_SP VELA_KIND_SP
#define CAP_EC VELA_KIND_EC
#define CAP_VC VELA_KIND_VC
#define CAP_SC VELA_KIND_SC
#define CAP_PT VELA_KIND_PT
#define CAP_SM VELA_KIND_SM
#define CAP_DC VELA_KIND_DC
#define CAP_HW VELA_KIND_HW

struct argument {
	unsigned reg, kind, rights;
};

static const struct {
	const char *name;
	unsigned number;
	struct argument arg[6];
} calls[] = {
#define HYPERCALL(number, name, implemented, text) \
	{                                          \
		#name, number,                     \
		{
#define ARG(name, reg, kind, rights, text) { reg, kind, rights },
#define ERRORS(name, list) \
	}                  \
	}                  \
	,
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS
};

static const char *const errors[VELA_CALLS] = {
#define HYPERCALL(number, name, implemented, text)
#define ARG(name, reg, kind, rights, text)
#define ERRORS(name, list) [VELA_CALL_##name] = list,
#include <vela/hypercalls.def>
#undef HYPERCALL
#undef ARG
#undef ERRORS
};

static const char *const status_name[] = {
#define X(name, value, text) [value] = #name,
	VELA_STATUS_TABLE(X)
#undef X
};

/* One object of each kind, and one space of each type. */
static vela_sel_t sample[11], spare_space, dead, copy;

static void idle(struct thread *t)
{
	(void)t;
}

void matrix_entry(void);
void matrix_entry(void)
{
}

static void make_samples(void)
{
	struct thread *t = thread_new(0, idle, NULL);
	struct thread *w = worker_new(0);
	vela_sel_t gst = MAKE(SP, VELA_SP_GST);
	vela_sel_t hst = MAKE(SP, VELA_SP_HST);
	sample[VELA_KIND_PD] = test_pd;
	sample[VELA_KIND_SP] = MAKE(SP, VELA_SP_OBJ);
	spare_space = MAKE(SP, VELA_SP_OBJ);
	sample[VELA_KIND_EC] = t->ec;
	sample[VELA_KIND_VC] = MAKE(VC, 0, hst, 0x1000, gst, 0, 0);
	sample[VELA_KIND_SC] = MAKE(SC, VELA_ROOT_CP, t->ec, 1, SLICE_US, 0);
	sample[VELA_KIND_PT] = portal_new(w, matrix_entry, 0);
	sample[VELA_KIND_SM] = MAKE(SM, 0);
	sample[VELA_KIND_DC] = MAKE(DC, VELA_ROOT_HW, UINT32_MAX);
	sample[VELA_KIND_CP] = MAKE(CP, VELA_ROOT_CP, 10, 1);
	sample[VELA_KIND_HW] = VELA_ROOT_HW;
	vela_sel_t victim = MAKE(SM, 0);
	dead = sel_new();
	copy = sel_new();
	CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, victim, dead, 1, 0xff));
	CHECK_OK(rt_destroy(victim));
}

/* Arguments that pass every check before and beside the one under test. */
static struct rt_regs valid(unsigned number)
{
	struct rt_regs r = { .rax = number };
	uint64_t *const reg[] = { &r.rdi, &r.rsi };
	for (unsigned i = 0; i < 2; i++) {
		unsigned kind = calls[number].arg[i].kind;
		if (kind && kind < CAP_ANY)
			*reg[i] = sample[kind];
	}
	if (number == VELA_CALL_create) {
		r.rdi = copy;
		r.rax |= VELA_KIND_SM << 8;
	} else if (number == VELA_CALL_grant) {
		r.rsi = spare_space;
		r.rax |= 0xff << 8;
		r.r8 = 1;
	} else if (number == VELA_CALL_map) {
		r.rdi = r.rsi = VELA_ROOT_HST;
		r.rax |= VELA_MEM_R << 8;
		r.r8 = 1;
	} else if (number == VELA_CALL_hw_ctrl) {
		r.rax |= VELA_HW_IRQ_ACK << 8;
	} else if (number == VELA_CALL_dev_ctrl) {
		r.rax |= VELA_DEV_IRQ_FREE << 8;
	}
	return r;
}

static void expect(unsigned number, unsigned reg, uint64_t value, uint64_t wanted, const char *what)
{
	struct rt_regs r = valid(number);
	*(reg == rdi ? &r.rdi : &r.rsi) = value;
	uint64_t s = rt_syscall(&r);
	if (!CHECK_EQ(s, wanted))
		note("%s, argument %u: %s", calls[number].name, reg, what);
	if (!CHECK(s < sizeof status_name / sizeof status_name[0] &&
		   strstr(errors[number], status_name[s])))
		note("%s returns a status its table row lacks: %lu", calls[number].name, s);
}

static void bad_selectors(unsigned number, unsigned reg)
{
	static const uint64_t out[] = { 0,
					VELA_SEL_MAX - 1,
					VELA_SEL_MAX,
					VELA_SEL_MAX + 1,
					1ull << 31,
					1ull << 32,
					(1ull << 32) | VELA_ROOT_PD,
					1ull << 63,
					UINT64_MAX };
	for (unsigned i = 0; i < sizeof out / sizeof out[0]; i++)
		expect(number, reg, out[i], VELA_BAD_CAP, "selector out of range or empty");
	expect(number, reg, dead, VELA_BAD_CAP, "dead capability");
}

static void bad_kinds(unsigned number, unsigned reg, unsigned kind)
{
	for (unsigned k = VELA_KIND_PD; k <= VELA_KIND_HW; k++) {
		if (k != kind)
			expect(number, reg, sample[k], VELA_BAD_KIND, "wrong kind");
	}
}

static void missing_rights(unsigned number, const struct argument *a)
{
	vela_sel_t of = a->kind == CAP_ANY ? sample[VELA_KIND_SM] : sample[a->kind];
	if (number == VELA_CALL_map)
		of = VELA_ROOT_HST;
	for (unsigned bit = 1; bit < 0x100; bit <<= 1) {
		if (!(a->rights & bit))
			continue;
		CHECK_OK(rt_grant(VELA_ROOT_OBJ, VELA_ROOT_OBJ, of, dead, 1, 0xff & ~bit));
		expect(number, a->reg, dead, VELA_NO_RIGHT, "one right missing");
	}
}

static void test_matrix(void)
{
	make_samples();
	struct pd_stat before = pd_stat(VELA_ROOT_PD), mine = pd_stat(test_pd);
	for (unsigned n = 0; n < VELA_CALLS; n++) {
		CHECK_EQ(calls[n].number, n);
		for (const struct argument *a = calls[n].arg; a->kind; a++) {
			if (a->kind == SEL || a->kind > SEL)
				continue;
			bad_selectors(n, a->reg);
			if (a->kind != CAP_ANY)
				bad_kinds(n, a->reg, a->kind);
		}
	}
	for (unsigned n = 0; n < VELA_CALLS; n++) {
		for (const struct argument *a = calls[n].arg; a->kind; a++) {
			if (a->kind <= CAP_ANY)
				missing_rights(n, a);
		}
	}
	struct pd_stat after = pd_stat(VELA_ROOT_PD), mine_after = pd_stat(test_pd);
	CHECK_EQ(after.used, before.used);
	CHECK_EQ(mine_after.used, mine.used);
	CHECK_EQ(mine_after.objects, mine.objects);
}

static void test_unknown(void)
{
	for (unsigned n = VELA_CALLS; n < 256; n++)
		CHECK_EQ(rt_call5(n, 0, VELA_ROOT_PD, 0, 0, 0, 0), VELA_NOT_SUPPORTED);
	for (unsigned bit = 16; bit < 64; bit++) {
		struct rt_regs r = { .rax = VELA_CALL_stat | 1ull << bit, .rdi = VELA_ROOT_PD };
		CHECK_EQ(rt_syscall(&r), VELA_NOT_SUPPORTED);
	}
}

/* A call changes no register but rax, its results, rcx and r11. */
static void test_registers_kept(void)
{
	uint64_t rbx = 0x1111, r12 = 0x2222, in = VELA_CALL_stat;
	register uint64_t r9 __asm__("r9") = 0x3333;
	register uint64_t r15 __asm__("r15") = 0x4444;
	register uint64_t r13 __asm__("r13") = 0x5555;
	register uint64_t r10_ __asm__("r10") = 0x6666;
	register uint64_t r8_ __asm__("r8") = 0x7777;
	uint64_t a = VELA_ROOT_PD, b = 0, c = 0x8888;
	__asm__ volatile("syscall"
			 : "+a"(in), "+D"(a), "+S"(b), "+d"(c), "+b"(rbx), "+r"(r12), "+r"(r9),
			   "+r"(r15), "+r"(r13), "+r"(r10_), "+r"(r8_)
			 :
			 : "rcx", "r11", "memory");
	CHECK_OK(in);
	CHECK(a == VELA_ROOT_PD && b == 0 && c == 0x8888 && rbx == 0x1111 && r12 == 0x2222);
	CHECK(r9 == 0x3333 && r15 == 0x4444 && r13 == 0x5555 && r10_ == 0x6666 && r8_ == 0x7777);
}

const struct test tests_matrix[] = {
	{ "every capability argument refuses what it must", test_matrix, 0 },
	{ "unknown calls, high bits of rax", test_unknown, 0 },
	{ "registers are kept", test_registers_kept, 0 },
	{ 0 },
};
