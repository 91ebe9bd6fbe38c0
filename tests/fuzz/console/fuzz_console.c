/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the console service: the input types keys, writes anything into the session windows of
 * three clients, opens and closes them. Whatever they do, a turn ends, what is shown is bounded,
 * and a client that keeps to the rules is still served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "console.h"

enum { SLOTS = 4, SCROLLBACK = 4096, HONEST = 3 };

static unsigned char *windows;
static unsigned char *scrollback;
static struct rt_control control;
static struct console console;
static struct rt_session honest;

void rt_session_ring(vela_sel_t doorbell)
{
	(void)doorbell;
}

static void change(unsigned n, uint32_t state)
{
	if (state == RT_SLOT_OPEN)
		memset(windows + n * RT_SESSION_BYTES, 0, RT_SESSION_BYTES);
	control.slot[n].state = state;
	control.slot[n].sequence++;
}

static void start(void)
{
	struct rt_console_info info = { .escape = 29,
					.slots = SLOTS,
					.scrollback_bytes = SCROLLBACK };
	struct console_setup setup = { &info, &control, windows, scrollback, 1000000, 0 };

	memset(&control, 0, sizeof control);
	for (unsigned i = 0; i < SLOTS; i++) {
		snprintf(control.slot[i].name, RT_NAME_BYTES, "client%u", i);
		control.slot[i].flags = i ? RT_SLOT_CONSOLE : 0;
		change(i, RT_SLOT_OPEN);
	}
	rt_session_open(&honest, windows + HONEST * RT_SESSION_BYTES, 0);
	console_init(&console, &setup, 0);
}

static void drain(void)
{
	unsigned char bytes[4096];
	unsigned turns = 0;

	/* A hostile client fills its queue at most as often as its indexes can be counted up. */
	while (console_turn(&console, turns))
		require(++turns < 1000);
	for (unsigned pulls = 0; screen_pull(&console.screen, bytes, sizeof bytes);)
		require(++pulls < 64);
}

/* Small changes near the rings reach further than random bytes anywhere. */
static void scribble(const uint8_t op[4])
{
	unsigned n = 1 + op[0] % 2;
	unsigned queue = (op[0] >> 2 & 3) % 3;
	unsigned char *window = windows + n * RT_SESSION_BYTES;
	struct rt_service *service = &console.slots.slot[n].service;
	struct vq_ring *ring = queue == 0   ? &service->log.ring
			       : queue == 1 ? &service->output.ring
					    : &service->input.ring;

	switch (op[1] % 4) {
	case 0:
		ring->avail->idx += op[2] % 65;
		break;
	case 1:
		ring->desc[op[2] % ring->entries] =
			(struct vq_desc){ op[3] * 64u, op[2] * 4u, op[3] % 4, op[2] % 64 };
		break;
	case 2:
		ring->avail->ring[op[2] % ring->entries] = op[3] % 80;
		break;
	default:
		window[(op[2] << 8 | op[3]) & (RT_SESSION_BYTES - 1)] = op[1];
	}
}

static void step(const uint8_t op[5])
{
	switch (op[0] % 8) {
	case 0:
	case 1:
		console_input(&console, op[1]);
		break;
	case 2:
		console_input(&console, 29);
		console_input(&console, op[1]);
		break;
	case 3:
		change(1 + op[1] % 2, op[2] % 3);
		break;
	case 4:
		drain();
		break;
	default:
		scribble(op + 1);
	}
	require(console.focus < SLOTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (!windows) {
		windows = aligned_alloc(4096, SLOTS * RT_SESSION_BYTES);
		scrollback = malloc(SLOTS * SCROLLBACK);
		require(windows && scrollback);
	}
	start();
	for (; size >= 5; size -= 5, bytes += 5)
		step(bytes);
	drain();
	uint64_t before = console.slots.slot[HONEST].ring.written;
	rt_session_write(&honest, "still here\n", 11);
	drain();
	require(console.slots.slot[HONEST].ring.written == before + 11);
	return 0;
}
