/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the kernel benchmark: processes, then the client's measurements, then the root's
 * own, then all figures at once, and the end of the machine.
 */
#include "bench.h"
#include "process.h"
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/log.h>
#include <rt/start.h>
#include <rt/tsc.h>
#include <stdio.h>
#include <string.h>

enum { FIGURES_MAX = 16, CLIENT_SECONDS = 20, UTCB_CLEARED = 16 };

static struct {
	const char *key;
	uint64_t value;
} figures[FIGURES_MAX];
static unsigned figure_count;

/* What the client says when it is done; written before CLIENT_DONE is upped. */
static const char *client_error = "the client did not run to its end";

void figure(const char *key, uint64_t value)
{
	if (figure_count == FIGURES_MAX)
		__builtin_trap();
	figures[figure_count].key = key;
	figures[figure_count++].value = value;
}

static uint64_t empty_batch(uint64_t *ticks)
{
	uint64_t start = rt_rdtsc(), status = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		__asm__ volatile("" : "+r"(status));
	*ticks = rt_rdtsc() - start;
	return status;
}

static uint64_t least(batch_t *batch, uint64_t *status)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t ticks;
		*status |= batch(&ticks);
		if (ticks < best)
			best = ticks;
	}
	return best;
}

const char *measure(const char *key, batch_t *batch)
{
	uint64_t status = 0;
	uint64_t ticks = least(batch, &status) - least(empty_batch, &status);

	if (status)
		return key;
	figure(key, (ticks + ROUNDS / 2) / ROUNDS);
	return NULL;
}

void must(uint64_t status, const char *what)
{
	if (status)
		rt_fatal("%s failed with status %lu", what, (unsigned long)status);
}

vela_sel_t next_selector(void)
{
	static vela_sel_t next = VELA_ROOT_FREE;
	return next++;
}

uint64_t *parameters(void)
{
	uint64_t *w = (uint64_t *)VELA_UTCB_VA;

	memset(w, 0, UTCB_CLEARED * sizeof *w);
	return w;
}

vela_sel_t make(unsigned kind, const char *what)
{
	vela_sel_t sel = next_selector();

	must(rt_create(kind, sel, VELA_ROOT_PD), what);
	return sel;
}

/* The whole machine ends; QEMU is told not to start it again. */
_Noreturn void rt_end(uint32_t code, uint32_t value, const char *text)
{
	if (code != RT_STATUS_EXIT || value)
		rt_log(RT_ERROR, "the benchmark failed: %s", text);
	for (;;)
		rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_RESET, 0, 0, 0, 0);
}

static _Noreturn void client_main(void)
{
	const char *error = measure_calls();

	client_error = error ? error : measure_exits();
	rt_sm_up(CLIENT_DONE);
	for (;;)
		rt_sm_down(CLIENT_PARK, VELA_NO_DEADLINE);
}

static vela_sel_t make_semaphore(const struct process *client, vela_sel_t at, unsigned rights)
{
	parameters()[VELA_SM_COUNT] = 0;
	vela_sel_t sm = make(VELA_KIND_SM, "making a semaphore");
	process_give(client, sm, at, rights);
	return sm;
}

static void run_client(struct process *client)
{
	make_semaphore(client, CLIENT_UP, VELA_SM_UP);
	make_semaphore(client, CLIENT_PARK, VELA_SM_DOWN);
	vela_sel_t done = make_semaphore(client, CLIENT_DONE, VELA_SM_UP);
	uint64_t deadline =
		rt_tsc_deadline(rt_rdtsc(), CLIENT_SECONDS * RT_NS_PER_S, rt_clock.tsc_khz);

	process_start(client, client_main);
	uint64_t status = rt_sm_down(done, deadline);
	if (status || client_error)
		rt_fatal("the client: %s", client_error);
}

int rt_main(void)
{
	struct process client, server;

	process_create(&client);
	process_create(&server);
	process_serve(&server, &client);
	make_guest(client.hst, client.obj);
	run_client(&client);
	measure_maps();
	for (unsigned i = 0; i < figure_count; i++)
		printf("@@ %s %lu\n", figures[i].key, (unsigned long)figures[i].value);
	return 0;
}
