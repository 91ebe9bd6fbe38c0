/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console service's loop: typed bytes in, one turn for each client, as many bytes out as the
 * port takes at once, then wait for the doorbell, which clients and the port's interrupt share.
 */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/start.h>

#include "console.h"
#include "uart.h"

/* A wake-up this late shows a lost interrupt at most as a short delay. */
#define IDLE_NS	   100000000ull /* nothing to send */
#define SENDING_NS 5000000ull	/* the port was full, or typed bytes wait for the guest */

/* The service allocates nothing. */
RT_HEAP(4096);

static struct console console;

static void receive(void)
{
	unsigned char byte;

	for (unsigned i = 0; i < 4 * UART_FIFO_BYTES && uart_receive(&byte); i++)
		console_input(&console, byte);
}

/* Sends while the port takes bytes, at most a few FIFOs so that input stays prompt. */
static void send(void)
{
	unsigned char bytes[UART_FIFO_BYTES];

	for (unsigned i = 0; i < 16 && screen_pending(&console.screen) && uart_ready(); i++)
		uart_send(bytes, screen_pull(&console.screen, bytes, sizeof bytes));
}

/* Without a port everything still runs; what would be shown is dropped. */
static void discard(void)
{
	unsigned char bytes[UART_FIFO_BYTES];

	while (screen_pull(&console.screen, bytes, sizeof bytes))
		;
}

static void wake_clients(void)
{
	uint64_t kicks = console.slots.kicks;

	console.slots.kicks = 0;
	for (; kicks; kicks &= kicks - 1)
		rt_sm_up(RT_SEL_CLIENT + (vela_sel_t)__builtin_ctzll(kicks));
}

/* Requests stay until the root task has acted on the one before; then it rings. */
static void tell_root(void)
{
	struct console_request request;

	if (rt_report_answered() && console_take_request(&console, &request))
		rt_report(request.code, request.slot, "");
}

static void wait(bool port, bool listening)
{
	bool sending = port && screen_pending(&console.screen);

	if (sending && uart_ready())
		return;
	if (port)
		uart_rearm(listening, sending);
	rt_sm_down_all(RT_SEL_WAKE,
		       rt_clock_deadline(sending || !listening ? SENDING_NS : IDLE_NS));
}

int rt_main(void)
{
	const struct rt_info *info = rt_info();
	struct console_setup setup = {
		.info = &info->console,
		.control = (struct rt_control *)RT_CONTROL_VA,
		.windows = (unsigned char *)RT_CLIENT_VA,
		.scrollback = (unsigned char *)RT_SCROLLBACK_VA,
		.tsc_khz = info->tsc_khz,
		.boot_tsc = info->boot_tsc,
	};
	bool port = uart_init();

	if (info->console.slots == 0 || info->console.slots > RT_CLIENTS_MAX ||
	    info->console.scrollback_bytes == 0)
		rt_fatal("the root task gave %u slots and %llu bytes of scrollback",
			 info->console.slots, (unsigned long long)info->console.scrollback_bytes);
	console_init(&console, &setup, rt_rdtsc());
	for (;;) {
		bool listening = console_listens(&console, rt_rdtsc());
		if (port && listening)
			receive();
		bool more = console_turn(&console, rt_rdtsc());
		wake_clients();
		tell_root();
		if (port)
			send();
		else
			discard();
		if (!more)
			wait(port, listening);
	}
}
