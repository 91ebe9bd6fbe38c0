/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor that writes anything into the state page, also while the kernel reads it: each field
 * with boundary values, each type of event with each vector, random pages. The kernel must return
 * with some exit; that it still works and nothing leaked the frame checks.
 */
#include "vm.h"
#include <string.h>

GUEST(code, "1: incl 0x4000; jmp 1b");

static const uint64_t values[] = { 0,
				   1,
				   0x7fffffff,
				   0x80000000,
				   0xffffffff,
				   1ull << 32,
				   (1ull << 47) - 1,
				   1ull << 47,
				   0xffff800000000000,
				   1ull << 63,
				   0x5555555555555555,
				   UINT64_MAX };
#define VALUES (sizeof values / sizeof values[0])

/* The exit is one of the table's, whatever was asked for. */
static bool survives(struct vm *vm)
{
	uint64_t cls, s = rt_vcpu_run(vm->vc, ALL_DIRTY, rt_rdtsc() + ms(1) / 5, &cls);
	return CHECK_OK(s) && CHECK(cls < VELA_EXITS) && CHECK_EQ(vm->s->exit.cls, cls);
}

static void still_works(struct vm *vm)
{
	VM_LOAD(vm, code);
	CHECK_EQ(vm_run(vm, ALL_DIRTY, in_ms(100)), VELA_EXIT_TIMEOUT);
	CHECK(peek((uint64_t)vm_memory[PAGE(VM_DATA)]) > 0);
}

static void test_fields(void)
{
	struct vm vm = vm_new(0);
	/* Eight bytes at a time over the whole of what is read: every field, and parts of two. */
	for (uint32_t at = 0x80; at < sizeof(struct vela_state); at += 4) {
		for (unsigned v = 0; v < VALUES; v++) {
			VM_LOAD(&vm, code);
			memcpy((char *)vm.s + at, &values[v], 8);
			if (!survives(&vm)) {
				note("value %#lx at %#x", values[v], at);
				return;
			}
		}
	}
	still_works(&vm);
}

static void test_events(void)
{
	struct vm vm = vm_new(0);
	for (uint32_t type = 0; type < 8; type++) {
		for (uint32_t vector = 0; vector < 256; vector += vector < 34 ? 1 : 17) {
			VM_LOAD(&vm, code);
			vm.s->event = vector | type << 8 | VELA_EVENT_VALID |
				      (vector & 1 ? VELA_EVENT_ERROR_VALID : 0);
			vm.s->event_error = 0xffffffff;
			if (!survives(&vm)) {
				note("type %u vector %u", type, vector);
				return;
			}
		}
	}
	still_works(&vm);
}

/* Every combination of the bits that decide a processor's mode. */
static void test_modes(void)
{
	struct vm vm = vm_new(0);
	for (unsigned i = 0; i < 256; i++) {
		VM_LOAD(&vm, code);
		vm.s->cr0 = 0x10 | (i & 1) | (i & 2 ? 1ull << 31 : 0);
		vm.s->cr4 = i & 4 ? 0x20 : 0;
		vm.s->efer = (i & 8 ? 0x100 : 0) | (i & 16 ? 0x400 : 0);
		vm.s->seg[VELA_CS].attr = 0x9b | (i & 32 ? 0x200 : 0) | (i & 64 ? 0x400 : 0);
		vm.s->rflags = 2 | (i & 128 ? 1u << 17 : 0);
		if (!survives(&vm)) {
			note("mode %#x", i);
			return;
		}
	}
	still_works(&vm);
}

static uint64_t random_state = 0x1234567;
static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void test_random(void)
{
	struct vm vm = vm_new(0);
	for (unsigned round = 0; round < 1500; round++) {
		VM_LOAD(&vm, code);
		unsigned n = 1 + random_word() % 8;
		for (unsigned i = 0; i < n; i++) {
			uint64_t at = 0x80 + random_word() % (sizeof(struct vela_state) - 0x88);
			uint64_t word = random_word() >> random_word() % 64;
			memcpy((char *)vm.s + at, &word, 8);
		}
		if (!survives(&vm)) {
			note("round %u", round);
			return;
		}
	}
	still_works(&vm);
}

static volatile bool stop;

static void scribbles(struct thread *t)
{
	uint64_t *page = t->arg, x = 99;
	for (unsigned i = 0; !stop; i = (i + 1) % (VELA_PAGE_SIZE / 8)) {
		x = x * 6364136223846793005 + 1;
		poke((uint64_t)&page[i], x >> x % 64);
	}
}

static void test_scribbled(void)
{
	struct vm vm = vm_new(0);
	uint64_t until = in_ms(500), cls;
	stop = false;
	struct thread *t = thread_run(1, PRIORITY_LOW, scribbles, vm.s);
	while (rt_rdtsc() < until) {
		CHECK_OK(rt_vcpu_run(vm.vc, ALL_DIRTY, rt_rdtsc() + ms(1) / 5, &cls));
		CHECK(cls < VELA_EXITS);
	}
	stop = true;
	thread_wait(t);
	still_works(&vm);
}

/* Arguments of create that another CPU changes while the kernel reads them. */
static void test_parameters_scribbled(void)
{
	uint64_t hst = MAKE(SP, VELA_SP_HST), obj = MAKE(SP, VELA_SP_OBJ), until = in_ms(300);
	vela_sel_t sel = sel_new();
	stop = false;
	struct thread *t = thread_run(1, PRIORITY_LOW, scribbles, (void *)VELA_UTCB_VA);
	for (unsigned i = 0; rt_rdtsc() < until; i++) {
		uint64_t *w = (uint64_t *)VELA_UTCB_VA;
		w[VELA_EC_OBJ] = obj;
		w[VELA_EC_HST] = hst;
		w[VELA_EC_PIO] = w[VELA_EC_CPU] = w[VELA_EC_FLAGS] = 0;
		w[VELA_EC_UTCB] = 0x1000;
		if (rt_create(VELA_KIND_PD + i % 9, sel, test_pd) == VELA_OK)
			CHECK_OK(rt_destroy(sel));
	}
	stop = true;
	thread_wait(t);
}

/* The guest does its worst: random bytes as its code. */
static void test_random_code(void)
{
	struct vm vm = vm_new(0);
	for (unsigned round = 0; round < 800; round++) {
		uint64_t bytes[64];
		for (unsigned i = 0; i < 64; i++)
			bytes[i] = random_word();
		vm_load(&vm, (const uint8_t *)bytes, (const uint8_t *)(bytes + 64));
		if (round & 1) { /* protected mode, 32 bits */
			vm.s->cr0 |= 1;
			vm.s->seg[VELA_CS].attr |= 0x400;
		}
		if (!survives(&vm)) {
			note("round %u", round);
			return;
		}
	}
	still_works(&vm);
}

const struct test tests_hostile[] = {
	{ "each field with boundary values", test_fields, NEEDS_SHUTDOWN },
	{ "each type of event", test_events, NEEDS_SHUTDOWN },
	{ "each mode of the processor", test_modes, NEEDS_SHUTDOWN },
	{ "random state", test_random, NEEDS_SHUTDOWN },
	{ "random code", test_random_code, NEEDS_SHUTDOWN },
	{ "a page that changes under the kernel", test_scribbled, 2 | NEEDS_SHUTDOWN },
	{ "parameters that change under the kernel", test_parameters_scribbled, 2 },
	{ 0 },
};
