/* SPDX-License-Identifier: Apache-2.0 */
/* The root task's end of the console service; see clients.h. */
#include "clients.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/serial.h>
#include <rt/session.h>

#include <stdio.h>
#include <string.h>

#include "modules.h"
#include "window.h"

#define COM1_PORT   0x3f8u
#define COM1_PORTS  8u
#define COM1_GSI    4u
#define QUOTA_PAGES 256u /* page tables for windows and scrollback of all clients */

static struct {
	unsigned count;
	const struct config_host *host;
	struct process process;
	struct extent control_page;
	struct rt_control *control;
	struct extent windows;
	unsigned char *window; /* of client 0; the others follow */
	bool bound;	       /* the port's interrupt goes to the doorbell */
	bool session_open;
	struct rt_session session;
} console = { .process = { .name = "console" } };

static struct {
	size_t used;
	char text[4096];
} early;

static void early_sink(void *context, const char *line, size_t n)
{
	rt_serial_sink(context, line, n);
	if (n <= sizeof early.text - early.used) {
		memcpy(early.text + early.used, line, n);
		early.used += n;
	}
}

void clients_log_early(void)
{
	rt_log_set_sink(early_sink, NULL);
}

/* The lines from before the service ran, so that the system log is complete. */
static void replay_early(void)
{
	for (size_t at = 0; at < early.used;) {
		const char *end = memchr(early.text + at, '\n', early.used - at);
		size_t n = end ? (size_t)(end - (early.text + at)) + 1 : early.used - at;

		rt_session_sink(&console.session, early.text + at, n);
		at += n;
	}
	early.used = 0;
}

/* Memory that stays the root task's, cleared and mapped in its address space. */
static void *own_memory(uint64_t size, struct extent *extent)
{
	if (!memory_take(&root_memory, size, extent) || !window_clear(*extent))
		return NULL;
	return window_open(*extent, VELA_MEM_R | VELA_MEM_W);
}

bool clients_init(unsigned count, const struct config_host *host)
{
	console.count = count;
	console.host = host;
	console.control = own_memory(sizeof *console.control, &console.control_page);
	console.window = own_memory(count * RT_SESSION_BYTES, &console.windows);
	if (!console.control || !console.window)
		return root_check("console", "get memory for its sessions", VELA_NO_MEMORY);
	client_name(0, "root", 0);
	return true;
}

void client_name(unsigned n, const char *name, unsigned flags)
{
	struct rt_slot *slot = &console.control->slot[n];

	snprintf(slot->name, sizeof slot->name, "%s", name);
	slot->flags = flags;
}

struct process *console_process(void)
{
	return &console.process;
}

struct extent client_window(unsigned n)
{
	return (struct extent){ console.windows.base + n * RT_SESSION_BYTES, RT_SESSION_BYTES };
}

/* Publishes a change of a client; see rt/control.h. */
static void publish(unsigned n, uint32_t state, const char *note)
{
	struct rt_slot *slot = &console.control->slot[n];

	slot->state = state;
	snprintf(slot->note, sizeof slot->note, "%s", note);
	__atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELEASE);
	rt_sm_up(ROOT_SEL_CONSOLE);
}

static bool grant(vela_sel_t source, vela_sel_t selector, unsigned rights)
{
	return root_check("console", "grant a capability",
			  rt_grant(VELA_ROOT_OBJ, process_sel(&console.process, PROCESS_OBJ),
				   source, selector, 1, rights));
}

bool client_rejoin(unsigned n, vela_sel_t wake)
{
	return grant(wake, RT_SEL_CLIENT + n, VELA_SM_UP);
}

bool client_open(unsigned n, vela_sel_t wake)
{
	memset(console.window + n * RT_SESSION_BYTES, 0, RT_SESSION_BYTES);
	if (console.process.alive && !client_rejoin(n, wake))
		return false;
	publish(n, RT_SLOT_OPEN, "");
	return true;
}

void client_close(unsigned n, const char *note)
{
	publish(n, RT_SLOT_CLOSED, note);
}

bool client_acked(unsigned n)
{
	const struct rt_slot *slot = &console.control->slot[n];

	return __atomic_load_n(&slot->acked, __ATOMIC_ACQUIRE) == slot->sequence;
}

/* The facts the service gets, beside those every process gets. */
static const struct rt_info *service_info(const struct rt_info *facts)
{
	static struct rt_info info;

	info = *facts;
	snprintf(info.name, sizeof info.name, "console");
	info.console.slots = console.count;
	info.console.escape = (uint32_t)console.host->escape;
	info.console.scrollback_bytes = console.host->scrollback_bytes;
	return &info;
}

static bool map_windows(struct process *process)
{
	const unsigned rw = VELA_MEM_R | VELA_MEM_W;

	return process_map(process, console.control_page, RT_CONTROL_VA, rw) &&
	       process_map(process, console.windows, RT_CLIENT_VA, rw) &&
	       process_memory(process, console.count * console.host->scrollback_bytes,
			      RT_SCROLLBACK_VA, rw, NULL);
}

static bool give_ports(struct process *process)
{
	return process_space(process, VELA_SP_PIO, PROCESS_PIO, "create its port space") &&
	       root_check(process->name, "map the serial port",
			  rt_map(VELA_ROOT_PIO, process_sel(process, PROCESS_PIO), COM1_PORT,
				 COM1_PORT, COM1_PORTS, VELA_MEM_R | VELA_MEM_W));
}

static bool give_capabilities(struct process *process)
{
	return grant(ROOT_SEL_CONSOLE, RT_SEL_WAKE, VELA_SM_DOWN) &&
	       grant(ROOT_SEL_PARENT, RT_SEL_PARENT, VELA_SM_UP) &&
	       grant(process_sel(process, PROCESS_EVENT), RT_SEL_EVENT, VELA_PT_CALL);
}

/* Without the interrupt the service polls, so that is no reason not to run. */
static void bind_interrupt(void)
{
	if (!console.bound)
		console.bound = root_check("console", "bind the serial port's interrupt",
					   rt_hw_ctrl(VELA_ROOT_HW, VELA_HW_IRQ_BIND, COM1_GSI,
						      ROOT_SEL_CONSOLE, 0, 0));
}

/* The log moves over: the port is the service's from its first instruction on. */
static void move_log(void)
{
	if (!console.session_open) {
		rt_session_open(&console.session, console.window, ROOT_SEL_CONSOLE);
		console.session_open = true;
		publish(0, RT_SLOT_OPEN, "");
	}
	rt_log_set_sink(rt_session_sink, &console.session);
	replay_early();
}

bool console_start(const struct vela_info *info, const struct rt_info *facts)
{
	struct process *process = &console.process;
	const struct vela_module *module = module_find(info, "console");

	if (!module) {
		rt_log(RT_ERROR, "there is no boot module named console: no guest consoles");
		return false;
	}
	if (!process_begin(process, 0, QUOTA_PAGES) || !map_windows(process) ||
	    !process_load(process, module, service_info(facts)) || !give_ports(process) ||
	    !process_thread(process, true) || !give_capabilities(process)) {
		process_destroy(process);
		return false;
	}
	bind_interrupt();
	move_log();
	if (process_run(process, ROOT_CONSOLE_PRIORITY, ROOT_CONSOLE_SLICE_US))
		return true;
	process_destroy(process);
	console_ended();
	return false;
}

void console_ended(void)
{
	clients_log_early();
}
