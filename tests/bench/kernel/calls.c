/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls and messages as the client sees them: through the stubs that every program uses.
 */
#include "bench.h"

static uint64_t portal_batch(vela_sel_t portal, uint64_t *ticks)
{
	uint64_t w[VELA_IPC_REGS] = { 1, 2, 3, 4 };
	uint64_t start = rt_rdtsc(), status = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		status |= rt_ipc_call(portal, VELA_IPC_REGS, w);
	*ticks = rt_rdtsc() - start;
	return status | (w[0] ^ 1) | (w[3] ^ 4); /* the words came back */
}

static uint64_t call_batch(uint64_t *ticks)
{
	return portal_batch(CLIENT_PORTAL, ticks);
}

static uint64_t c_call_batch(uint64_t *ticks)
{
	return portal_batch(CLIENT_C_PORTAL, ticks);
}

/* The shortest call there is: an operation that none is. */
static uint64_t null_batch(uint64_t *ticks)
{
	uint64_t start = rt_rdtsc(), status = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		status |= rt_call5(VELA_CALL_dev_ctrl, 255, 0, 0, 0, 0, 0) ^ VELA_BAD_ARG;
	*ticks = rt_rdtsc() - start;
	return status;
}

static uint64_t up_batch(uint64_t *ticks)
{
	uint64_t start = rt_rdtsc(), status = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		status |= rt_sm_up(CLIENT_UP);
	*ticks = rt_rdtsc() - start;
	return status;
}

const char *measure_calls(void)
{
	static const struct {
		const char *key;
		batch_t *batch;
	} table[] = {
		{ "hypercall_null", null_batch },
		{ "hypercall_sm_up", up_batch },
		{ "ipc_call_reply", call_batch },
		{ "ipc_call_reply_c", c_call_batch },
	};
	const char *error = NULL;

	for (unsigned i = 0; !error && i < sizeof table / sizeof table[0]; i++)
		error = measure(table[i].key, table[i].batch);
	return error;
}
