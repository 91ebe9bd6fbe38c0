/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pairing heap of deadlines against a plain array: random insertions, removals anywhere, and
 * takings of the first. Relies on nothing but core/timeout.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <core/timeout.h>
#include <stdlib.h>

#define NODES 200u

static struct timeouts heap;
static struct timeout node[NODES];

static uint64_t earliest(void)
{
	uint64_t first = UINT64_MAX;
	for (unsigned i = 0; i < NODES; i++) {
		if (timeout_armed(&node[i]) && node[i].deadline < first)
			first = node[i].deadline;
	}
	return first;
}

/* Every pointer's `from` leads back to it, and no child is earlier than its parent. */
static unsigned check_below(struct timeout **link, uint64_t parent)
{
	unsigned n = 0;
	for (; *link; link = &(*link)->next) {
		struct timeout *t = *link;
		assert_ptr_equal(t->from, link);
		assert_true(t->deadline >= parent);
		n += 1 + check_below(&t->child, t->deadline);
	}
	return n;
}

static void check_heap(unsigned armed)
{
	assert_int_equal(timeout_next(&heap), earliest());
	assert_int_equal(check_below(&heap.first, 0), armed);
}

static int heap_new(void **state)
{
	(void)state;
	heap = (struct timeouts){ 0 };
	for (unsigned i = 0; i < NODES; i++)
		timeout_init(&node[i], TIMEOUT_EC);
	srand(1);
	return 0;
}

static void test_random(void **state)
{
	(void)state;
	unsigned armed = 0;
	for (unsigned round = 0; round < 20000; round++) {
		struct timeout *t = &node[(unsigned)rand() % NODES];
		if (timeout_armed(t)) {
			timeout_remove(&heap, t);
			assert_int_equal(t->deadline, UINT64_MAX);
			armed--;
		} else {
			/* Few different values, so that many are equal. */
			timeout_insert(&heap, t, (uint64_t)(rand() % 50));
			armed++;
		}
		assert_int_equal(timeout_next(&heap), earliest());
		if (round % 16 == 0)
			check_heap(armed);
	}
}

static void test_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NODES; i++)
		timeout_insert(&heap, &node[i], (uint64_t)rand());
	uint64_t last = 0;
	for (unsigned left = NODES; left; left--) {
		check_heap(left);
		struct timeout *t = heap.first;
		assert_true(t->deadline >= last);
		last = t->deadline;
		timeout_remove(&heap, t);
	}
	assert_null(heap.first);
	assert_int_equal(timeout_next(&heap), UINT64_MAX);
}

static void test_idle_removal(void **state)
{
	(void)state;
	timeout_remove(&heap, &node[0]);
	timeout_insert(&heap, &node[1], UINT64_MAX - 1);
	timeout_remove(&heap, &node[0]);
	assert_ptr_equal(heap.first, &node[1]);
	timeout_remove(&heap, &node[1]);
	timeout_remove(&heap, &node[1]);
	assert_null(heap.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random, heap_new),
		cmocka_unit_test_setup(test_in_order, heap_new),
		cmocka_unit_test_setup(test_idle_removal, heap_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
