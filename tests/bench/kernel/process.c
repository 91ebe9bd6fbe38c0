/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the two processes, their threads and the portals between them. Everything runs on CPU 0.
 * Threads are made without FPU, as those of monitors are.
 */
#include "process.h"
#include "bench.h"
#include <elf.h>
#include <rt/thread.h>

#define PD_PAGES     512u
#define STACK_BYTES  16384u
#define SLICE_US     10000u
#define PRIORITY     64u
#define IMAGE_END_VA (VELA_STACK_TOP - VELA_STACK_BYTES) /* below the root's own stack */

extern const Elf64_Ehdr __ehdr_start;

static _Alignas(16) unsigned char stack[2][STACK_BYTES];

/* The least a server can do: the words of the answer are those of the call. */
void bench_echo(void);
__asm__(".pushsection .text.bench_echo,\"ax\",@progbits\n"
	".type bench_echo, @function\n"
	"bench_echo:\n"
	"	mov $0x401, %eax\n" /* ipc_reply, 4 words */
	"	syscall\n"
	"	ud2\n"
	".size bench_echo, . - bench_echo\n"
	".popsection");
_Static_assert(VELA_CALL_ipc_reply == 1 && VELA_IPC_REGS == 4, "bench_echo");

/* The same through the runtime's way to a C function. */
rt_portal_handler_t bench_serve;
RT_PORTAL(bench_serve_entry, bench_serve);

void bench_serve(uint64_t id, struct rt_message *m)
{
	(void)id;
	(void)m;
}

static void map_program(vela_sel_t hst)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);

	for (unsigned i = 0; i < __ehdr_start.e_phnum; i++, p++) {
		if (p->p_type != PT_LOAD || p->p_vaddr >= IMAGE_END_VA)
			continue;
		uint64_t first = p->p_vaddr / VELA_PAGE_SIZE;
		uint64_t end = (p->p_vaddr + p->p_memsz + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE;
		must(rt_map(VELA_ROOT_HST, hst, first, first, end - first,
			    VELA_MEM_R | VELA_MEM_W | VELA_MEM_X),
		     "mapping the program");
	}
}

static vela_sel_t make_space(vela_sel_t pd, enum vela_space type)
{
	vela_sel_t sel = next_selector();

	parameters()[VELA_SP_TYPE] = type;
	must(rt_create(VELA_KIND_SP, sel, pd), "making a space");
	return sel;
}

void process_create(struct process *p)
{
	parameters()[VELA_PD_PAGES] = PD_PAGES;
	p->pd = make(VELA_KIND_PD, "making a protection domain");
	p->obj = make_space(p->pd, VELA_SP_OBJ);
	p->hst = make_space(p->pd, VELA_SP_HST);
	map_program(p->hst);
}

void process_give(const struct process *p, vela_sel_t sel, vela_sel_t at, unsigned rights)
{
	must(rt_grant(VELA_ROOT_OBJ, p->obj, sel, at, 1, rights), "giving a capability");
}

/* A C function finds its stack as after a call: 8 bytes below a multiple of 16. */
static vela_sel_t make_thread(const struct process *p, void (*entry)(void), unsigned char *top,
			      unsigned flags)
{
	vela_sel_t sel = next_selector();
	uint64_t *w = parameters();

	w[VELA_EC_OBJ] = p->obj;
	w[VELA_EC_HST] = p->hst;
	w[VELA_EC_UTCB] = VELA_UTCB_VA;
	w[VELA_EC_IP] = (uint64_t)entry;
	w[VELA_EC_STACK] = (uint64_t)top;
	w[VELA_EC_FLAGS] = flags | VELA_EC_NO_FPU;
	must(rt_create(VELA_KIND_EC, sel, p->pd), "making a thread");
	return sel;
}

static void make_portal(vela_sel_t worker, void (*entry)(void), const struct process *client,
			vela_sel_t at)
{
	uint64_t *w = parameters();

	w[VELA_PT_EC] = worker;
	w[VELA_PT_IP] = (uint64_t)entry;
	process_give(client, make(VELA_KIND_PT, "making a portal"), at, VELA_PT_CALL);
}

void process_serve(const struct process *server, const struct process *client)
{
	vela_sel_t worker = make_thread(server, bench_echo, stack[0] + STACK_BYTES, VELA_EC_WORKER);

	make_portal(worker, bench_echo, client, CLIENT_PORTAL);
	make_portal(worker, bench_serve_entry, client, CLIENT_C_PORTAL);
}

void process_start(const struct process *p, void (*entry)(void))
{
	vela_sel_t thread = make_thread(p, entry, stack[1] + STACK_BYTES - 8, 0);
	uint64_t *w = parameters();

	w[VELA_SC_CP] = VELA_ROOT_CP;
	w[VELA_SC_EC] = thread;
	w[VELA_SC_PRIORITY] = PRIORITY;
	w[VELA_SC_BUDGET] = SLICE_US;
	must(rt_create(VELA_KIND_SC, next_selector(), p->pd), "starting a thread");
}
