/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six counting modes against a tick-by-tick model of the 8254: the model really counts down,
 * as the data sheet describes it, and the channel's arithmetic must agree at every tick.
 */
#include "test.h"

#include <string.h>

#include "device/pit_channel.h"

/* The data sheet's counter. A count written in tick t is loaded by the clock of tick t + 1. */
struct model {
	unsigned mode, count, next;
	unsigned ce; /* counting element */
	bool out, gate, load, reload, running, strobed;
};

static void model_load(struct model *m)
{
	m->count = m->next;
	m->ce = m->mode == 3 ? m->count & ~1u : m->count;
	m->running = true;
	m->strobed = false;
	m->load = false;
	if (m->mode == 1)
		m->out = false;
	else if (m->mode != 0)
		m->out = true;
}

/* Mode 3: an odd count stays at 0 for one more clock in the high half. */
static void model_square(struct model *m)
{
	bool odd = m->count & 1;

	if (m->ce > (odd && m->out ? 0u : 2u)) {
		m->ce -= 2;
		return;
	}
	m->out = !m->out;
	m->count = m->next;
	m->ce = m->count & ~1u;
}

static void model_count(struct model *m)
{
	if (m->mode == 3) {
		model_square(m);
		return;
	}
	if (m->mode == 2 && m->ce == 1) {
		m->out = true;
		m->count = m->next;
		m->ce = m->count;
		return;
	}
	m->ce = (m->ce + 0xffff) & 0xffff;
	if (m->mode == 2)
		m->out = m->ce != 1;
	else if (m->mode < 2)
		m->out |= m->ce == 0 && !m->strobed;
	else
		m->out = m->ce != 0 || m->strobed;
	if (m->mode != 2 && m->ce == 0)
		m->strobed = true;
}

static void model_clock(struct model *m)
{
	bool needs_gate = m->mode != 1 && m->mode != 5;

	if (m->load)
		model_load(m);
	else if (m->running && (m->gate || !needs_gate))
		model_count(m);
}

static void model_write(struct model *m, unsigned count)
{
	m->next = count;
	if (m->mode == 1 || m->mode == 5)
		return;
	if (m->mode == 0)
		m->out = false;
	if ((m->mode == 2 || m->mode == 3) && m->running)
		return;
	m->load = true;
}

static void model_gate(struct model *m, bool gate)
{
	bool rises = gate && !m->gate;

	m->gate = gate;
	if (m->mode == 0 || m->mode == 4)
		return;
	if (rises && m->next)
		m->load = true;
	if (!gate && (m->mode == 2 || m->mode == 3)) {
		m->out = true;
		m->running = false;
	}
}

static struct pit_channel ch;
static struct model model;
static uint64_t tick;

static void begin(unsigned mode)
{
	memset(&ch, 0, sizeof ch);
	memset(&model, 0, sizeof model);
	tick = 1000;
	ch.rw = 3;
	ch.gate = model.gate = true;
	pit_channel_set_mode(&ch, tick, mode, false);
	model.mode = mode;
	model.out = mode != 0;
}

static void compare(void)
{
	pit_channel_sync(&ch, tick);
	if (pit_channel_out(&ch, tick) != model.out)
		fail_msg("mode %u count %u tick %u: OUT is %d", model.mode, model.count,
			 (unsigned)tick - 1000, !model.out);
	if (model.running && pit_channel_counter(&ch, tick) != (model.ce & 0xffff))
		fail_msg("mode %u count %u tick %u: counter %u, not %u", model.mode, model.count,
			 (unsigned)tick - 1000, pit_channel_counter(&ch, tick), model.ce);
}

/* Runs both, and checks the forecast of the next rise against what happens. */
static void run(unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		uint64_t rise = pit_channel_next_rise(&ch, tick);
		bool was = model.out;

		tick++;
		model_clock(&model);
		compare();
		if ((model.out && !was) != (rise == tick))
			fail_msg("mode %u tick %u: rise not as forecast", model.mode,
				 (unsigned)tick - 1000);
	}
}

static void load(unsigned count)
{
	pit_channel_load(&ch, tick, (uint16_t)count);
	model_write(&model, count ? count : 65536);
	compare();
}

static void gate(bool level)
{
	pit_channel_set_gate(&ch, tick, level);
	model_gate(&model, level);
}

static const unsigned counts[] = { 2, 3, 4, 5, 10, 11, 100, 101 };

static void each_mode_counts_as_the_chip(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 6; mode++)
		for (unsigned i = 0; i < 8; i++) {
			begin(mode);
			load(counts[i]);
			run(3);
			gate(false);
			run(2);
			gate(true); /* the trigger of modes 1 and 5 */
			run(5 * counts[i]);
		}
}

static void a_new_count_takes_over_at_the_right_time(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 6; mode++)
		for (unsigned i = 0; i < 8; i++)
			for (unsigned when = 2; when < 25; when++) {
				begin(mode);
				load(counts[i]);
				gate(false);
				gate(true);
				run(when);
				load(counts[(i + when) % 8]);
				run(1);
				load(counts[(i + 3) % 8]);
				run(300);
			}
}

static void the_gate_pauses_restarts_or_triggers(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 6; mode++)
		for (unsigned when = 2; when < 30; when++) {
			begin(mode);
			load(10);
			gate(false);
			gate(true);
			run(when);
			gate(false);
			run(mode == 4 ? 0 : when / 2);
			gate(true);
			run(30);
			gate(false);
			gate(true);
			run(30);
		}
}

static void the_longest_count_is_65536(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 6; mode++) {
		begin(mode);
		load(0);
		gate(false);
		gate(true);
		run(70000);
	}
}

static void one_is_allowed_where_the_chip_allows_it(void **state)
{
	static const unsigned modes[] = { 0, 1, 4, 5 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin(modes[i]);
		load(1);
		gate(false);
		gate(true);
		run(10);
	}
	begin(2);
	pit_channel_load(&ch, tick, 1);
	assert_int_equal(ch.count, 2);
}

static void bcd_counts_in_decimal(void **state)
{
	(void)state;
	begin(0);
	pit_channel_set_mode(&ch, tick, 0, true);
	pit_channel_load(&ch, tick, 0x1000);
	assert_int_equal(ch.count, 1000);
	assert_int_equal(pit_channel_counter(&ch, tick + 2), 0x0999);
	assert_true(pit_channel_next_rise(&ch, tick) == tick + 1001);
	assert_int_equal(pit_channel_counter(&ch, tick + 1001), 0);
	assert_int_equal(pit_channel_counter(&ch, tick + 1002), 0x9999);
	pit_channel_load(&ch, tick, 0);
	assert_int_equal(ch.count, 10000);
	assert_int_equal(pit_channel_counter(&ch, tick + 1), 0);
	assert_int_equal(pit_channel_counter(&ch, tick + 2), 0x9999);
}

static void null_count_tells_when_the_count_arrived(void **state)
{
	(void)state;
	begin(2);
	assert_true(pit_channel_null(&ch, tick));
	load(10);
	assert_true(pit_channel_null(&ch, tick));
	run(1);
	assert_false(pit_channel_null(&ch, tick));
	load(20);
	run(8);
	assert_true(pit_channel_null(&ch, tick));
	run(2);
	assert_false(pit_channel_null(&ch, tick));
	begin(1);
	load(10);
	run(5);
	assert_true(pit_channel_null(&ch, tick));
	gate(false);
	gate(true);
	run(1);
	assert_false(pit_channel_null(&ch, tick));
}

static void a_wait_of_days_is_no_problem(void **state)
{
	(void)state;
	begin(0);
	load(100);
	run(1);
	gate(false);
	gate(true);
	tick += UINT64_C(65536) << 24;
	assert_int_equal(pit_channel_counter(&ch, tick), 100);
	pit_channel_set_gate(&ch, tick + 50, false);
	assert_int_equal(pit_channel_counter(&ch, tick + 1000), 50);
	pit_channel_set_gate(&ch, tick + 1000, true);
	assert_int_equal(pit_channel_counter(&ch, tick + 1010), 40);
	assert_true(pit_channel_out(&ch, tick + 1010));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_counts_as_the_chip),
		cmocka_unit_test(a_new_count_takes_over_at_the_right_time),
		cmocka_unit_test(the_gate_pauses_restarts_or_triggers),
		cmocka_unit_test(the_longest_count_is_65536),
		cmocka_unit_test(one_is_allowed_where_the_chip_allows_it),
		cmocka_unit_test(bcd_counts_in_decimal),
		cmocka_unit_test(null_count_tells_when_the_count_arrived),
		cmocka_unit_test(a_wait_of_days_is_no_problem),
	};

	return cmocka_run_group_tests_name("pit_modes", tests, NULL, NULL);
}
