/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of a link with both ends in one process: its steps one by one, and both ends at
 * work in random order while a simulated root task starts either of them anew.
 */
#include <rt/block.h>
#include <rt/virtqueue.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 6, CELLS = 4, ENTRIES = 8 };

static _Alignas(4096) unsigned char window[RT_BLOCK_DATA + 4096];
static struct rt_link_header *header;
static struct rt_link_words *words;
static struct rt_link client, service;

static int setup(void **state)
{
	(void)state;
	memset(window, 0, sizeof window);
	header = (struct rt_link_header *)(void *)window;
	words = (struct rt_link_words *)(void *)(window + RT_LINK_WORDS);
	rt_link_open(&client, window);
	rt_link_open(&service, window);
	return 0;
}

static void change(enum rt_link_state state)
{
	header->state = state;
	header->sequence++;
}

static void meet(void)
{
	rt_link_service_offer(&service, "facts", 6);
	change(RT_LINK_OPEN);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_SETUP);
	rt_link_client_start(&client, 5);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_SERVE);
}

static void the_ends_meet(void **state)
{
	char facts[6] = { 0 };

	(void)state;
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
	assert_false(rt_link_running(&client));
	meet();
	assert_true(rt_link_running(&client) && rt_link_running(&service));
	assert_int_equal(rt_link_client_flags(&service), 5);
	rt_link_facts(&client, facts, sizeof facts);
	assert_string_equal(facts, "facts");
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
}

static void nobody_goes_ahead(void **state)
{
	(void)state;
	meet();
	change(RT_LINK_OPEN);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	assert_false(rt_link_running(&client));
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING); /* transfers still run */
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_SETUP);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
	rt_link_client_start(&client, 0);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_SERVE);
}

/* The root task changes the link again while the ends answer the change before. */
static void only_the_last_sequence_counts(void **state)
{
	(void)state;
	meet();
	change(RT_LINK_OPEN);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	change(RT_LINK_OPEN);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_SETUP);
	change(RT_LINK_OPEN);
	rt_link_client_start(&client, 0);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_SETUP);
	rt_link_client_start(&client, 0);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_SERVE);
}

static void a_closed_link_is_not_served(void **state)
{
	(void)state;
	meet();
	change(RT_LINK_CLOSED);
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	rt_link_service_stopped(&service);
	words->client_sequence = header->sequence;
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_NOTHING);
}

static void a_client_gives_up(void **state)
{
	char text[RT_LINK_TEXT_BYTES];

	(void)state;
	meet();
	change(RT_LINK_FAILED);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_GIVE_UP);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	assert_false(rt_link_running(&client));
	rt_link_refusal(&client, text);
	assert_string_equal(text, "");

	setup(state);
	rt_link_service_refuse(&service, "no such partition");
	change(RT_LINK_OPEN);
	rt_link_service_poll(&service);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_GIVE_UP);
	rt_link_refusal(&client, text);
	assert_string_equal(text, "no such partition");
	memset(words->text, 'x', sizeof words->text);
	rt_link_refusal(&client, text);
	assert_int_equal(strlen(text), sizeof text - 1);
}

static void a_client_waits_for_the_answer(void **state)
{
	(void)state;
	change(RT_LINK_OPEN);
	rt_link_service_poll(&service);
	rt_link_service_stopped(&service);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_NOTHING);
	rt_link_service_offer(&service, "", 0);
	assert_int_equal(rt_link_client_poll(&client), RT_LINK_SETUP);
}

/*
 * Both ends at work. The client writes numbers to cells and reads them back; each job occupies one
 * slot of the window's data. The service keeps chains in flight and carries them out in any order.
 */
struct job {
	unsigned cell;
	uint32_t value; /* written, or expected from a read */
	bool read;
	bool wanted; /* not answered yet */
	bool queued; /* in the rings of the current sequence */
};

static uint32_t cells[CELLS], expected[CELLS];
static struct job job[JOBS];
static uint16_t job_head[JOBS];
static struct vq_driver driver;
static struct vq_device device;
static struct vq_chain flight[ENTRIES];
static unsigned flights, answered, restarts;

static struct vq_ring ring(void)
{
	struct vq_ring r = { .event_idx = true, .window = window, .window_size = sizeof window };

	vq_ring_place(&r, window + RT_LINK_RINGS, ENTRIES);
	return r;
}

static bool cell_is_busy(unsigned cell)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (job[i].wanted && job[i].cell == cell)
			return true;
	return false;
}

static uint32_t *job_data(unsigned i)
{
	return (uint32_t *)(void *)(window + RT_BLOCK_DATA + i * 16);
}

static void submit(unsigned i)
{
	struct vq_buffer buffer[2] = { { RT_BLOCK_DATA + i * 16, 8 },
				       { RT_BLOCK_DATA + i * 16 + 8, 4 } };
	uint32_t *data = job_data(i);

	data[0] = job[i].cell | (job[i].read ? 0x100u : 0u);
	data[1] = job[i].value;
	data[2] = 0xdeadbeef;
	if (!vq_driver_next(&driver, &job_head[i]))
		return;
	job[i].queued = vq_driver_add(&driver, buffer, 1, 1) == VQ_OK;
}

static void client_work(void)
{
	uint32_t written;
	uint16_t head;

	while (vq_driver_take(&driver, &head, &written) == VQ_OK) {
		unsigned i = 0;

		while (!job[i].queued || job_head[i] != head)
			assert_true(++i < JOBS);
		if (job[i].read)
			assert_int_equal(job_data(i)[2], job[i].value);
		job[i].wanted = job[i].queued = false;
		answered++;
	}
	assert_int_equal(driver.error, VQ_ERROR_NONE);
	for (unsigned i = 0; i < JOBS; i++) {
		unsigned cell = (unsigned)rand() % CELLS;

		if (job[i].wanted || cell_is_busy(cell) || rand() % 2)
			continue;
		job[i] = (struct job){ cell, (uint32_t)rand(), rand() % 2, true, false };
		if (job[i].read)
			job[i].value = expected[cell];
		expected[cell] = job[i].value;
		submit(i);
	}
}

static void client_turn(void)
{
	struct vq_ring r = ring();

	switch (rt_link_client_poll(&client)) {
	case RT_LINK_SETUP:
		vq_driver_init(&driver, &r);
		for (unsigned i = 0; i < JOBS; i++) {
			job[i].queued = false;
			if (job[i].wanted)
				submit(i);
		}
		rt_link_client_start(&client, 0);
		break;
	default:
		break;
	}
	if (rt_link_running(&client))
		client_work();
}

static void carry_out(unsigned n)
{
	uint32_t data[2];

	assert_int_equal(vq_chain_read(&flight[n], 0, data, 8), 8);
	if (data[0] & 0x100)
		vq_chain_write(&flight[n], 0, &cells[data[0] & 0xff], 4);
	else
		cells[data[0] & 0xff] = data[1];
}

static void service_turn(void)
{
	struct vq_ring r = ring();

	switch (rt_link_service_poll(&service)) {
	case RT_LINK_SERVE:
		vq_device_init(&device, &r);
		return;
	default:
		break;
	}
	if (service.phase == RT_LINK_BUSY) {
		/* Transfers cannot be called back: they end later, and then the link stops. */
		if (flights)
			carry_out(--flights);
		else
			rt_link_service_stopped(&service);
		return;
	}
	if (!rt_link_running(&service))
		return;
	if (flights < ENTRIES && vq_device_take(&device, &flight[flights]) == VQ_OK)
		flights++;
	assert_int_equal(device.error, VQ_ERROR_NONE);
	if (flights && rand() % 2) {
		unsigned n = (unsigned)rand() % flights;

		carry_out(n);
		vq_device_give(&device, &flight[n], 4);
		flight[n] = flight[--flights];
	}
}

/* Its memory is lost, and with it what it had in flight, half of it carried out. */
static void restart_service(void)
{
	while (flights)
		if (rand() % 2)
			carry_out(--flights);
		else
			flights--;
	memset(&device, 0, sizeof device);
	rt_link_open(&service, window);
	words->status = RT_LINK_STARTING;
	rt_link_service_offer(&service, "", 0);
	change(RT_LINK_OPEN);
}

/* A new guest starts when what the old one wanted has been carried out or forgotten. */
static void restart_client(void)
{
	memset(job, 0, sizeof job);
	memset(&driver, 0, sizeof driver);
	rt_link_open(&client, window);
	change(RT_LINK_OPEN);
	while (service.phase != RT_LINK_WAITING || service.sequence != header->sequence)
		service_turn();
	memcpy(expected, cells, sizeof cells);
}

static void nothing_is_lost_in_restarts(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		setup(NULL);
		srand(seed);
		memset(job, 0, sizeof job);
		memset(cells, 0, sizeof cells);
		memset(expected, 0, sizeof expected);
		flights = answered = restarts = 0;
		rt_link_service_offer(&service, "", 0);
		change(RT_LINK_OPEN);
		for (unsigned step = 0; step < 4000; step++) {
			int dice = rand() % 256;

			if (dice < 2) {
				dice ? restart_service() : restart_client();
				restarts++;
			} else if (dice % 2) {
				client_turn();
			} else {
				service_turn();
			}
		}
		assert_true(answered > 200);
		assert_true(restarts > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_ends_meet, setup),
		cmocka_unit_test_setup(nobody_goes_ahead, setup),
		cmocka_unit_test_setup(only_the_last_sequence_counts, setup),
		cmocka_unit_test_setup(a_closed_link_is_not_served, setup),
		cmocka_unit_test_setup(a_client_gives_up, setup),
		cmocka_unit_test_setup(a_client_waits_for_the_answer, setup),
		cmocka_unit_test(nothing_is_lost_in_restarts),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
