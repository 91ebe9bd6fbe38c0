/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event workers; see events.h. The workers share the root task's address space with its main
 * thread; the records below are all they have in common.
 */
#include "events.h"

#include <rt/hypercall.h>
#include <rt/thread.h>

#include "root.h"
#include "window.h"

#define WORKER_UTCB_VA 0x0000400000000000ull /* + CPU number in pages */
#define WORKER_BYTES   (2 * VELA_PAGE_SIZE)  /* a page of stack, a page of TLS */

/* A portal's id is index | incarnation << 32, so that a late message is told from a new one. */
static struct {
	uint32_t claimed;     /* by the first of its threads that faulted: exchanged by workers */
	uint32_t incarnation; /* release store of the worker, acquire load of the main thread */
	struct fault fault;
} record[RT_CLIENTS_MAX];

void events_serve(uint64_t id, struct rt_message *m);
RT_PORTAL(events_entry, events_serve);

void events_serve(uint64_t id, struct rt_message *m)
{
	unsigned index = (uint32_t)id % RT_CLIENTS_MAX;
	uint32_t incarnation = (uint32_t)(id >> 32);
	const struct rt_message message = *m;

	m->flags = 1;
	m->w[0] = 1; /* the thread stays stopped */
	if (__atomic_exchange_n(&record[index].claimed, incarnation, __ATOMIC_RELAXED) ==
	    incarnation)
		return;
	record[index].fault = (struct fault){
		.vector = message.w[VELA_EVENT_VECTOR],
		.error = message.w[VELA_EVENT_ERROR],
		.address = message.w[VELA_EVENT_ADDRESS],
		.ip = message.w[VELA_EVENT_IP],
	};
	__atomic_store_n(&record[index].incarnation, incarnation, __ATOMIC_RELEASE);
	rt_sm_up(ROOT_SEL_PARENT);
}

static bool start_worker(unsigned cpu)
{
	struct extent extent;
	uint64_t *w = root_utcb();

	if (!memory_take(&root_memory, WORKER_BYTES, &extent) || !window_clear(extent))
		return root_check("root", "get memory for an event worker", VELA_NO_MEMORY);
	unsigned char *pages = window_open(extent, VELA_MEM_R | VELA_MEM_W);
	if (!pages)
		return root_check("root", "map an event worker's stack", VELA_NO_MEMORY);
	w[VELA_EC_OBJ] = VELA_ROOT_OBJ;
	w[VELA_EC_HST] = VELA_ROOT_HST;
	w[VELA_EC_PIO] = 0;
	w[VELA_EC_CPU] = cpu;
	w[VELA_EC_UTCB] = WORKER_UTCB_VA + (uint64_t)cpu * VELA_PAGE_SIZE;
	w[VELA_EC_IP] = 0; /* a worker starts at its portal */
	w[VELA_EC_STACK] = (uint64_t)pages + VELA_PAGE_SIZE;
	w[VELA_EC_ARG] = 0;
	w[VELA_EC_TLS] = rt_thread_tls(pages + VELA_PAGE_SIZE);
	w[VELA_EC_EVENT] = 0; /* a fault of a worker stops it */
	w[VELA_EC_FLAGS] = VELA_EC_WORKER | VELA_EC_NO_FPU;
	return root_check("root", "create an event worker",
			  rt_create(VELA_KIND_EC, ROOT_SEL_WORKER + cpu, VELA_ROOT_PD));
}

bool events_start(unsigned cpus)
{
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		if (!start_worker(cpu))
			return false;
	return true;
}

bool events_portal(unsigned index, uint32_t incarnation, uint32_t portal, uint32_t pd, unsigned cpu)
{
	uint64_t *w = root_utcb();

	w[VELA_PT_EC] = ROOT_SEL_WORKER + cpu;
	w[VELA_PT_IP] = (uint64_t)events_entry;
	w[VELA_PT_ID] = index | (uint64_t)incarnation << 32;
	return rt_create(VELA_KIND_PT, portal, pd) == VELA_OK;
}

bool events_take(unsigned index, uint32_t incarnation, struct fault *fault)
{
	if (__atomic_load_n(&record[index].incarnation, __ATOMIC_ACQUIRE) != incarnation)
		return false;
	*fault = record[index].fault;
	__atomic_store_n(&record[index].incarnation, 0, __ATOMIC_RELAXED);
	return true;
}

const char *events_vector_text(uint64_t vector)
{
	switch (vector) {
	case 0:
		return "division error";
	case 3:
		return "breakpoint";
	case 6:
		return "invalid instruction";
	case 7:
		return "use of the floating-point unit";
	case 13:
		return "general protection fault";
	case 14:
		return "page fault";
	default:
		return "exception";
	}
}
