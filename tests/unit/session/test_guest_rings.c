/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side on rings that a guest placed: memory in two pieces, indirect tables, geometry,
 * and that every word of a descriptor is read exactly once.
 */
#define _GNU_SOURCE /* REG_EFL */
#include <rt/virtqueue.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

enum { ENTRIES = 8, LOW = 0x3000, HIGH = 0x1000 };

#define HIGH_ADDRESS 0x100000000ull
#define DESC	     0x1000u
#define AVAIL	     0x1100u
#define USED	     0x1200u
#define TABLE	     0x1400u
#define BUFFER	     0x2000u
#define WRITE	     VQ_DESC_WRITE
#define NEXT	     VQ_DESC_NEXT
#define INDIRECT     VQ_DESC_INDIRECT

static unsigned char *low;
static _Alignas(16) unsigned char high[HIGH];
static struct vq_ring ring;
static struct vq_device device;
static struct vq_chain chain;

static int setup(void **state)
{
	(void)state;
	if (!low)
		low = mmap(NULL, LOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(low, MAP_FAILED);
	memset(low, 0, LOW);
	ring = (struct vq_ring){
		.entries = ENTRIES,
		.event_idx = true,
		.indirect = true,
		.window = low,
		.window_size = LOW,
		.high = { high, HIGH_ADDRESS, HIGH },
	};
	assert_true(vq_ring_find(&ring, DESC, AVAIL, USED));
	vq_device_init(&device, &ring);
	return 0;
}

static void describe(uint64_t table, unsigned at, uint64_t address, uint32_t length, uint16_t flags,
		     uint16_t next)
{
	struct vq_desc desc = { address, length, flags, next };

	memcpy(low + table + at * sizeof desc, &desc, sizeof desc);
}

static void offer(uint16_t head)
{
	ring.avail->ring[ring.avail->idx % ENTRIES] = head;
	ring.avail->idx++;
}

static void is_taken(void)
{
	offer(0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	vq_device_give(&device, &chain, 0);
}

static void breaks(enum vq_error error)
{
	vq_device_init(&device, &ring);
	device.next_avail = device.next_used = ring.avail->idx;
	offer(0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_BROKEN);
	assert_int_equal(device.error, error);
	/* And stays so: the bad chain is not looked at again. */
	describe(DESC, 0, BUFFER, 16, 0, 0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_BROKEN);
	assert_false(vq_device_watch(&device));
	assert_false(vq_device_kick(&device));
}

static void geometry_is_checked(void **state)
{
	const struct vq_ring good = ring;

	(void)state;
	assert_ptr_equal(ring.desc, low + DESC);
	assert_ptr_equal(ring.avail, low + AVAIL);
	assert_ptr_equal(ring.used, low + USED);
	assert_false(vq_ring_find(&ring, DESC + 8, AVAIL, USED)); /* alignment: 16, 2, 4 */
	assert_false(vq_ring_find(&ring, DESC, AVAIL + 1, USED));
	assert_false(vq_ring_find(&ring, DESC, AVAIL, USED + 2));
	assert_true(vq_ring_find(&ring, LOW - 16 * ENTRIES, AVAIL, USED));
	assert_false(vq_ring_find(&ring, LOW - 16 * ENTRIES + 16, AVAIL, USED));
	assert_true(vq_ring_find(&ring, DESC, LOW - 22, USED));
	assert_false(vq_ring_find(&ring, DESC, LOW - 20, USED));
	assert_false(vq_ring_find(&ring, DESC, AVAIL, LOW - 68));
	assert_false(vq_ring_find(&ring, 0x80000000, AVAIL, USED)); /* a hole */
	assert_false(vq_ring_find(&ring, UINT64_MAX - 15, AVAIL, USED));
	assert_true(vq_ring_find(&ring, HIGH_ADDRESS, HIGH_ADDRESS + 0x100, HIGH_ADDRESS + 0x200));
	assert_ptr_equal(ring.desc, high);
	for (unsigned entries = 0; entries < 1024; entries++) {
		ring = good;
		ring.entries = (uint16_t)entries;
		assert_int_equal(vq_ring_find(&ring, DESC, AVAIL, USED),
				 entries && entries <= ENTRIES * 2 && !(entries & (entries - 1)));
		if (entries == ENTRIES * 2)
			break;
	}
	ring = good;
	ring.entries = 512;
	assert_false(vq_ring_find(&ring, 0, 0, 0));
}

static void both_pieces_of_memory_are_reached(void **state)
{
	(void)state;
	describe(DESC, 0, BUFFER, 16, NEXT, 1);
	describe(DESC, 1, HIGH_ADDRESS + HIGH - 8, 8, WRITE, 0);
	is_taken();
	assert_ptr_equal(chain.segment[0].bytes, low + BUFFER);
	assert_ptr_equal(chain.segment[1].bytes, high + HIGH - 8);
	describe(DESC, 1, HIGH_ADDRESS + HIGH - 8, 9, WRITE, 0);
	breaks(VQ_ERROR_RANGE);
	describe(DESC, 0, LOW - 1, 2, 0, 0); /* no address leads from one piece to the other */
	breaks(VQ_ERROR_RANGE);
	describe(DESC, 0, HIGH_ADDRESS - 1, 2, 0, 0);
	breaks(VQ_ERROR_RANGE);
	describe(DESC, 0, UINT64_MAX, 2, 0, 0);
	breaks(VQ_ERROR_RANGE);
	describe(DESC, 0, HIGH_ADDRESS + 16, UINT32_MAX, 0, 0);
	breaks(VQ_ERROR_RANGE);
}

static void indirect_tables_are_walked(void **state)
{
	(void)state;
	for (unsigned skew = 0; skew < 16; skew += 3) { /* a table stands anywhere */
		describe(DESC, 0, TABLE + skew, 48, INDIRECT | WRITE, 0);
		describe(TABLE + skew, 0, BUFFER, 16, NEXT, 2);
		describe(TABLE + skew, 1, BUFFER + 64, 16, WRITE, 0);
		describe(TABLE + skew, 2, BUFFER + 32, 16, NEXT, 1);
		is_taken();
		assert_int_equal(chain.readable, 2);
		assert_int_equal(chain.writable, 1);
		assert_ptr_equal(chain.segment[1].bytes, low + BUFFER + 32);
	}
	/* Behind direct descriptors of the same chain. */
	describe(DESC, 0, BUFFER, 8, NEXT, 5);
	describe(DESC, 5, TABLE, 16, INDIRECT, 0);
	describe(TABLE, 0, BUFFER, 4, WRITE, 0);
	is_taken();
	assert_int_equal(chain.readable_bytes, 8);
	assert_int_equal(chain.writable_bytes, 4);
	assert_int_equal(chain.head, 0);
}

static void bad_indirect_tables_break(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 17, 40 };

	(void)state;
	describe(TABLE, 0, BUFFER, 16, 0, 0);
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		describe(DESC, 0, TABLE, lengths[i], INDIRECT, 0);
		breaks(VQ_ERROR_INDIRECT);
	}
	describe(DESC, 0, TABLE, 16, INDIRECT | NEXT, 1); /* nothing may follow it */
	breaks(VQ_ERROR_INDIRECT);
	describe(DESC, 0, TABLE, 16, INDIRECT, 0);
	describe(TABLE, 0, TABLE, 16, INDIRECT, 0); /* in itself */
	breaks(VQ_ERROR_INDIRECT);
	describe(DESC, 0, LOW - 16, 32, INDIRECT, 0);
	breaks(VQ_ERROR_RANGE);
	describe(DESC, 0, TABLE, 16, INDIRECT, 0);
	describe(TABLE, 0, BUFFER, 16, NEXT, 1); /* beyond the table */
	breaks(VQ_ERROR_HEAD);
	ring.indirect = false;
	describe(DESC, 0, TABLE, 16, INDIRECT, 0);
	breaks(VQ_ERROR_FLAGS);
}

/* The bound is the ring's size for all descriptors of a chain together. */
static void chains_are_bounded(void **state)
{
	(void)state;
	describe(DESC, 0, TABLE, 64 * 16, INDIRECT, 0);
	for (unsigned i = 0; i < 64; i++)
		describe(TABLE, i, BUFFER, 1, i == ENTRIES - 1 ? 0 : NEXT, (uint16_t)(i + 1));
	is_taken();
	assert_int_equal(chain.readable, ENTRIES);
	describe(TABLE, ENTRIES - 1, BUFFER, 1, NEXT, ENTRIES);
	breaks(VQ_ERROR_LOOP);
	describe(DESC, 0, BUFFER, 1, NEXT, 1);
	describe(DESC, 1, TABLE, 64 * 16, INDIRECT, 0);
	describe(TABLE, ENTRIES - 1, BUFFER, 1, 0, 0);
	breaks(VQ_ERROR_LOOP);
	describe(DESC, 0, TABLE, 16, INDIRECT, 0);
	describe(TABLE, 0, BUFFER, 1, NEXT, 0);
	breaks(VQ_ERROR_LOOP);
}

static void zero_length_does_no_harm(void **state)
{
	char byte;

	(void)state;
	describe(DESC, 0, BUFFER, 0, NEXT, 1);
	describe(DESC, 1, BUFFER, 0, WRITE, 0);
	is_taken();
	assert_int_equal(vq_chain_read(&chain, 0, &byte, 1), 0);
	assert_int_equal(vq_chain_write(&chain, 0, &byte, 1), 0);
}

/* Reads of the page with the descriptors and the available ring, by offset. */
static unsigned reads[0x1000];

static void on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)number;
	reads[(unsigned char *)info->si_addr - (low + DESC)]++;
	mprotect(low + DESC, 0x1000, PROT_READ | PROT_WRITE);
	uc->uc_mcontext.gregs[REG_EFL] |= 0x100; /* one instruction, then on_step */
}

static void on_step(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)number;
	(void)info;
	mprotect(low + DESC, 0x1000, PROT_NONE);
	uc->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

/* The page is out of reach, so that each access to it is counted and then done by a single step. */
static void take_with_counts(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	struct sigaction old_fault, old_step;
	enum vq_result result;

	memset(reads, 0, sizeof reads);
	sigaction(SIGSEGV, &fault, &old_fault);
	sigaction(SIGTRAP, &step, &old_step);
	mprotect(low + DESC, 0x1000, PROT_NONE);
	result = vq_device_take(&device, &chain);
	mprotect(low + DESC, 0x1000, PROT_READ | PROT_WRITE);
	sigaction(SIGSEGV, &old_fault, NULL);
	sigaction(SIGTRAP, &old_step, NULL);
	assert_int_equal(result, VQ_OK);
}

static void every_word_is_read_once(void **state)
{
	static const unsigned fields[] = { 0, 8, 12, 14 }; /* address, length, flags, next */
	unsigned total = 0;

	(void)state;
	describe(DESC, 0, BUFFER, 16, NEXT, 3);
	describe(DESC, 3, TABLE, 32, INDIRECT, 0);
	describe(TABLE, 0, BUFFER, 8, NEXT, 1);
	describe(TABLE, 1, BUFFER, 8, WRITE, 0);
	offer(0);
	take_with_counts();
	assert_int_equal(chain.readable_bytes, 24);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(reads[fields[i]], 1);
		assert_int_equal(reads[3 * 16 + fields[i]], 1);
		assert_int_equal(reads[TABLE - DESC + fields[i]], 1);
		assert_int_equal(reads[TABLE - DESC + 16 + fields[i]], 1);
	}
	assert_int_equal(reads[AVAIL - DESC + 2], 1); /* idx */
	assert_int_equal(reads[AVAIL - DESC + 4], 1); /* ring[0] */
	for (unsigned i = 0; i < sizeof reads / sizeof reads[0]; i++)
		total += reads[i];
	assert_int_equal(total, 4 * 4 + 2);
}

/* What was checked is what is used, whatever the driver writes afterwards. */
static void a_chain_is_a_copy(void **state)
{
	char bytes[64];

	(void)state;
	describe(DESC, 0, BUFFER, 16, 0, 0);
	offer(0);
	assert_int_equal(vq_device_take(&device, &chain), VQ_OK);
	describe(DESC, 0, UINT64_MAX / 2, UINT32_MAX, WRITE, 0);
	assert_int_equal(vq_chain_read(&chain, 0, bytes, sizeof bytes), 16);
	ring.avail->ring[0] = 0xffff;
	vq_device_give(&device, &chain, 0);
	assert_int_equal(ring.used->ring[0].id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(geometry_is_checked, setup),
		cmocka_unit_test_setup(both_pieces_of_memory_are_reached, setup),
		cmocka_unit_test_setup(indirect_tables_are_walked, setup),
		cmocka_unit_test_setup(bad_indirect_tables_break, setup),
		cmocka_unit_test_setup(chains_are_bounded, setup),
		cmocka_unit_test_setup(zero_length_does_no_harm, setup),
		cmocka_unit_test_setup(every_word_is_read_once, setup),
		cmocka_unit_test_setup(a_chain_is_a_copy, setup),
	};

	return cmocka_run_group_tests_name("guest_rings", tests, NULL, NULL);
}
