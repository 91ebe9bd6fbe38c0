/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the tests, and accesses that may fault. */
#include "pages.h"
#include "thread.h"
#include <rt/start.h>

uint8_t spare[SPARE_PAGES][VELA_PAGE_SIZE] __attribute__((aligned(4096)));

uint64_t free_ram(void)
{
	const struct vela_info *m = rt_machine();
	const uint64_t need = 16ull << 20, large = LARGE_PAGES * VELA_PAGE_SIZE;
	for (unsigned i = 0; i < m->memories; i++) {
		uint64_t at = m->memory[i].base, end = at + m->memory[i].size;
		if (m->memory[i].type != VELA_MEMORY_FREE)
			continue;
		for (at = (at + large - 1) & ~(large - 1); at + need <= end; at += large) {
			bool clear = true;
			for (unsigned n = 0; n < m->memories; n++) {
				uint64_t base = m->memory[n].base;
				clear &= n == i || at + need <= base ||
					 base + m->memory[n].size <= at;
			}
			if (clear)
				return PAGE(at);
		}
	}
	bail_out("no free RAM", 0);
}

void pages_init(void)
{
	rt_map(VELA_ROOT_HST, VELA_ROOT_HST, PAGE(spare), PAGE(WINDOW), 1, VELA_MEM_R);
	rt_map(VELA_ROOT_NULL, VELA_ROOT_HST, 0, PAGE(WINDOW), 1, 0);
}

uint64_t map_once(vela_sel_t src, vela_sel_t dst, uint64_t sbase, uint64_t dbase, uint64_t count,
		  unsigned rights, uint64_t *done)
{
	struct rt_regs r = { VELA_CALL_map | rights << 8, src, dst, sbase, dbase, count };
	uint64_t s = rt_syscall(&r);
	*done = r.rdi;
	return s;
}

static void accessor(struct thread *t)
{
	uint64_t va = t->value;
	switch ((enum access)(uint64_t)t->arg) {
	case READ:
		t->value = peek(va);
		break;
	case WRITE:
		poke(va, va);
		break;
	case EXECUTE: /* the page holds a RET */
		((void (*)(void))va)();
		break;
	}
}

struct finding try_access(uint64_t va, enum access how)
{
	struct thread *t = thread_new(0, accessor, (void *)(uint64_t)how);
	t->value = va;
	thread_start(t, 0, PRIORITY_HIGH);
	thread_wait(t);
	struct finding f = { t->faulted, t->fault[VELA_EVENT_VECTOR], t->fault[VELA_EVENT_ERROR],
			     t->fault[VELA_EVENT_ADDRESS] };
	thread_drop(t);
	return f;
}
