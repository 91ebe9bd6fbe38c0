/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's serial port and this process's log, as a client of the console service. Output waits
 * for a slow service, so that nothing is lost, but not for ever: a dead one must not stop a guest.
 */
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "machine.h"

#define FLUSH_NS    (5 * RT_NS_PER_MS)
#define PATIENCE_NS (1000 * RT_NS_PER_MS)
#define LOOK_NS	    RT_NS_PER_MS

void console_open(struct machine *m)
{
	rt_session_open(&m->console.session, (void *)RT_SESSION_VA, RT_SEL_CONSOLE);
	rt_log_set_sink(rt_session_sink, &m->console.session);
	m->console.enabled = m->info->vmm.console;
	m->console.flush_ns = DEADLINE_NONE;
}

/*
 * The queue is full: waits until the service has taken something, which it says to the first
 * virtual CPU's thread; another looks for itself again and again. Returns how many bytes the
 * service took then; 0: it is too slow. The machine's lock stays held: a device is in the middle of
 * an access. Wake-ups that were meant for the run loop are not lost, because attention that came
 * with them is still there, and it looks at input and timers after this.
 */
static size_t write_patiently(struct machine *m, const unsigned char *bytes, size_t n)
{
	unsigned index = m->pc.current;
	uint64_t give_up = machine_tsc_at(m, machine_now_ns(m) + PATIENCE_NS);
	size_t taken;

	while (!(taken = rt_session_write(&m->console.session, bytes, n))) {
		uint64_t look = machine_tsc_at(m, machine_now_ns(m) + LOOK_NS);

		rt_session_flush(&m->console.session);
		rt_sm_down_all(RT_SEL_WAKE + index, index && look < give_up ? look : give_up);
		if (rt_rdtsc() >= give_up)
			return 0;
		pc_attend(&m->pc.cpu[index], ATTEND_IRQ | ATTEND_TIMERS | ATTEND_LAPIC);
	}
	return taken;
}

void console_write(void *ctx, const void *output, size_t n)
{
	struct machine *m = ctx;
	const unsigned char *bytes = output;

	if (!m->console.enabled)
		return;
	while (n) {
		size_t taken = rt_session_write(&m->console.session, bytes, n);

		if (!taken)
			taken = write_patiently(m, bytes, n);
		if (!taken) {
			m->console.dropped += n;
			return;
		}
		bytes += taken;
		n -= taken;
	}
	if (!m->console.staged) {
		m->console.staged = true;
		m->console.flusher = m->pc.current;
		m->console.flush_ns = machine_now_ns(m) + FLUSH_NS;
		pc_attend(&m->pc.cpu[m->pc.current], ATTEND_LAPIC);
	}
}

void console_put(void *ctx, uint8_t byte)
{
	console_write(ctx, &byte, 1);
}

void console_flush(struct machine *m)
{
	if (!m->console.staged)
		return;
	rt_session_flush(&m->console.session);
	m->console.staged = false;
	m->console.flush_ns = DEADLINE_NONE;
}

void console_tick(struct machine *m)
{
	if (m->console.staged && machine_now_ns(m) >= m->console.flush_ns)
		console_flush(m);
}

/* Typed bytes go to the virtio console once the guest uses it, else to the serial port, as far as
 * there is room; the rest stays in the queue until the guest has read these. */
void console_input(void *ctx)
{
	struct machine *m = ctx;
	struct virtio_console *virtio = &m->pc.virtio.console;
	bool to_virtio = m->info->vmm.virtio_console && virtio_console_in_use(virtio);
	uint8_t bytes[RT_SESSION_INPUT];
	size_t room = to_virtio ? virtio_console_room(virtio) : uart_room(&m->pc.com1);

	if (!m->console.enabled || !room)
		return;
	size_t n = rt_session_read(&m->console.session, bytes,
				   room < sizeof bytes ? room : sizeof bytes);

	if (to_virtio)
		virtio_console_push(virtio, bytes, n);
	else
		uart_push(&m->pc.com1, bytes, n);
}
