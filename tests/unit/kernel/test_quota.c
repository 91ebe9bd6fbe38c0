/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel memory on the host: the buddy allocator, the quotas and slabs of PDs on top of it, and the
 * handles of objects with their generations. The pool is a piece of the test's own memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <core/log.h>
#include <core/pd.h>
#include <core/pool.h>
#include <stdio.h>
#include <stdlib.h>

#define POOL_PAGES     2048u
#define POOL_PA	       0x40000000ull
#define BLOCKS	       400u
#define GENERATIONS    (1ull << 26)
#define GENERATION_ONE (1ull << CAP_HANDLE_BITS)

static void *memory;

void log_line(const char *format, ...)
{
	(void)format;
}

void panic(const char *format, ...)
{
	fail_msg("panic: %s", format);
	abort();
}

static int pool_new(void **state)
{
	(void)state;
	memory = aligned_alloc(PAGE_SIZE << POOL_ORDERS, POOL_PAGES * PAGE_SIZE);
	assert_non_null(memory);
	memset(memory, 0xa5, POOL_PAGES * PAGE_SIZE);
	pool_init(memory, POOL_PA, POOL_PAGES);
	srand(1);
	return 0;
}

static int pool_gone(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

/* Blocks are zeroed, aligned, and nobody else's. */
static void test_pool(void **state)
{
	(void)state;
	struct {
		uint64_t *at;
		unsigned order;
	} block[BLOCKS] = { 0 };
	uint64_t before = pool_pages_free(), held = 0;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rand() % BLOCKS;
		if (block[i].at) {
			size_t words = (PAGE_SIZE << block[i].order) / sizeof(uint64_t);
			assert_int_equal(block[i].at[0], i + 1);
			assert_int_equal(block[i].at[words - 1], i + 1);
			pool_free(block[i].at, block[i].order);
			held -= 1ul << block[i].order;
			block[i].at = NULL;
		} else {
			unsigned order = (unsigned)rand() % POOL_ORDERS;
			size_t words = (PAGE_SIZE << order) / sizeof(uint64_t);
			uint64_t *at = pool_alloc(order);
			if (!at)
				continue;
			assert_int_equal(((char *)at - (char *)memory) % (PAGE_SIZE << order), 0);
			for (size_t n = 0; n < words; n += 64)
				assert_int_equal(at[n], 0);
			at[0] = at[words - 1] = i + 1;
			block[i].at = at;
			block[i].order = order;
			held += 1ul << order;
		}
		assert_int_equal(pool_pages_free(), before - held);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (block[i].at)
			pool_free(block[i].at, block[i].order);
	}
	assert_int_equal(pool_pages_free(), before);
	/* All has joined again: the largest blocks take everything but the marks' block. */
	unsigned large = 0;
	while (pool_alloc(POOL_ORDERS - 1))
		large++;
	assert_int_equal(large, POOL_PAGES / (1u << (POOL_ORDERS - 1)) - 1);
	assert_int_equal(pool_pa(memory), POOL_PA);
	assert_ptr_equal(pool_va(POOL_PA + PAGE_SIZE), (char *)memory + PAGE_SIZE);
}

static struct pd *pd_new(struct pd *payer, uint64_t pages)
{
	struct object *o;
	if (pd_create(payer, &pages, &o))
		return NULL;
	object_publish(o, VELA_KIND_PD, payer);
	return container_of(o, struct pd, object);
}

static int root_new(void **state)
{
	pool_new(state);
	assert_true(object_init(64)); /* handles for 64 pages of objects */
	root_pd = (struct pd){ 0 };
	pd_init();
	return 0;
}

static void test_slabs(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 200, 256, 257, 512, 700, 1024, 1025, 4096, 5000, 12000 };
	struct {
		char *at;
		size_t bytes;
	} object[300] = { 0 };
	struct pd *pd = pd_new(&root_pd, 200);
	uint64_t pool = pool_pages_free();
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rand() % 300;
		if (object[i].at) {
			assert_int_equal((uint8_t)object[i].at[0], (uint8_t)i);
			assert_int_equal((uint8_t)object[i].at[object[i].bytes - 1], (uint8_t)i);
			pd_free(pd, object[i].at, object[i].bytes);
			object[i].at = NULL;
			continue;
		}
		size_t bytes = sizes[(unsigned)rand() % (sizeof sizes / sizeof sizes[0])];
		char *at = pd_alloc(pd, bytes);
		if (!at)
			continue;
		assert_int_equal(at[0] | at[bytes - 1] | at[bytes / 2], 0);
		at[0] = at[bytes - 1] = (char)i;
		object[i].at = at;
		object[i].bytes = bytes;
		assert_true(pd->used <= pd->quota);
		assert_int_equal(pool_pages_free(), pool - pd->used);
	}
	for (unsigned i = 0; i < 300; i++) {
		if (object[i].at)
			pd_free(pd, object[i].at, object[i].bytes);
	}
	assert_int_equal(pd->used, 0);
	assert_int_equal(pool_pages_free(), pool);
}

static void test_quota(void **state)
{
	(void)state;
	uint64_t used = root_pd.used, quota = root_pd.quota;
	assert_null(pd_new(&root_pd, quota));
	assert_null(pd_new(&root_pd, UINT64_MAX));
	assert_int_equal(root_pd.used, used);
	struct pd *a = pd_new(&root_pd, 10), *b = pd_new(&root_pd, 5);
	assert_true(a && b);
	assert_int_equal(root_pd.quota, quota - 15);
	assert_null(pd_alloc_pages(a, 4));
	void *eight = pd_alloc_pages(a, 3);
	assert_non_null(eight);
	assert_false(pd_fund(b, a, 3));
	assert_true(pd_fund(b, a, 2));
	assert_int_equal(b->quota, 7);
	assert_null(pd_alloc_pages(a, 0));
	assert_non_null(pd_alloc_pages(b, 0));
	pd_free_pages(a, eight, 3);
	pd_free_pages(a, NULL, 3);
	assert_int_equal(a->used, 0);
	pd_end(a);
	assert_int_equal(root_pd.quota, quota - 7);
	/* Nesting is bounded. */
	struct pd *inner = b;
	unsigned depth = 0;
	for (struct pd *next = b; next; depth++) {
		inner = next;
		next = pd_new(inner, inner->quota > 2 ? inner->quota - 2 : 0);
	}
	assert_true(depth <= PD_DEPTH_MAX);
}

/* A capability is live for the object and generation it was made for, and for no other. */
static void test_generations(void **state)
{
	(void)state;
	struct object o = { 0 };
	object_publish(&o, VELA_KIND_SM, &root_pd);
	cap_t first = object_cap(&o, 0xff);
	assert_ptr_equal(cap_object(first), &o);
	assert_int_equal(CAP_RIGHTS(first), 0xff);
	assert_int_equal(CAP_KIND(first), VELA_KIND_SM);
	assert_null(cap_object(0));
	assert_true(object_revoke(&o));
	cap_t second = object_cap(&o, 1);
	assert_null(cap_object(first));
	assert_ptr_equal(cap_object(second), &o);
	object_bury(&o);
	assert_null(cap_object(second));
	object_retire(&o);
	/* The handle comes back for another object: neither old copy does. */
	struct object next = { 0 };
	object_publish(&next, VELA_KIND_PT, &root_pd);
	assert_int_equal(next.handle, o.handle);
	assert_null(cap_object(first));
	assert_null(cap_object(second));
	object_retire(&next);
}

/* The last generation is never left for the first: the handle is given up. */
static void test_last_generation(void **state)
{
	(void)state;
	struct object o = { 0 };
	object_publish(&o, VELA_KIND_SM, &root_pd);
	cap_t first = object_cap(&o, 0xff);
	handles[o.handle].name = (GENERATIONS - 2) * GENERATION_ONE | o.handle;
	cap_t old = object_cap(&o, 0xff);
	assert_true(object_revoke(&o));
	cap_t last = object_cap(&o, 0xff);
	assert_false(object_revoke(&o));
	assert_ptr_equal(cap_object(last), &o); /* refused: nothing has changed */
	object_bury(&o);
	object_bury(&o);
	object_retire(&o);
	assert_null(cap_object(first));
	assert_null(cap_object(old));
	assert_null(cap_object(last));
	struct object next = { 0 };
	object_publish(&next, VELA_KIND_SM, &root_pd);
	assert_int_not_equal(next.handle, o.handle);
	object_retire(&next);
	assert_int_equal(root_pd.object_count, 1); /* the root PD itself */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pool, pool_new, pool_gone),
		cmocka_unit_test_setup_teardown(test_slabs, root_new, pool_gone),
		cmocka_unit_test_setup_teardown(test_quota, root_new, pool_gone),
		cmocka_unit_test_setup_teardown(test_generations, root_new, pool_gone),
		cmocka_unit_test_setup_teardown(test_last_generation, root_new, pool_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
