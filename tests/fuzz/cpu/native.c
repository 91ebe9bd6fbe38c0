/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions on the host's processor; see native.h. */
#define _GNU_SOURCE
#include "native.h"

#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FLAGS_GIVEN	  0x40dd5ull /* ALU flags, TF, DF, AC: the rest is the system's */
#define FLAG_AC		  0x40000
#define VECTOR_DEBUG	  1
#define VECTOR_BREAK	  3
#define VECTOR_PAGE_FAULT 14
#define PROGRAM_END	  0x7ffffffff000ull
#define STACK_BYTES	  0x10000
#define SIGNALS_COUNT	  5

static const int registers[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static struct cpu *running; /* NULL: the next signal starts one */
static struct cpu *next;
static gregset_t saved;

static void start(gregset_t regs)
{
	memcpy(saved, regs, sizeof saved);
	running = next;
	for (unsigned i = 0; i < 16; i++)
		regs[registers[i]] = (greg_t)running->gpr[i];
	regs[REG_RIP] = (greg_t)running->rip;
	regs[REG_EFL] = (greg_t)(((uint64_t)regs[REG_EFL] & ~FLAGS_GIVEN) |
				 (running->rflags & FLAGS_GIVEN));
}

static void finish(gregset_t regs)
{
	uint64_t vector = (uint64_t)regs[REG_TRAPNO];

	for (unsigned i = 0; i < 16; i++)
		running->gpr[i] = (uint64_t)regs[registers[i]];
	running->rip = (uint64_t)regs[REG_RIP];
	running->rflags = (uint64_t)regs[REG_EFL];
	running->vector = (uint8_t)vector;
	running->error = (uint32_t)regs[REG_ERR];
	running->cr2 = (uint64_t)regs[REG_CR2];
	/* The system tells programs that a page of its own part were there. */
	if (vector == VECTOR_PAGE_FAULT && running->cr2 >= PROGRAM_END)
		running->error &= ~1u;
	if (vector == VECTOR_DEBUG || vector == VECTOR_BREAK) {
		running->rip -= vector == VECTOR_BREAK;
		running->vector = NO_VECTOR;
	}
	running = NULL;
	memcpy(regs, saved, sizeof saved);
}

/* The system leaves the interrupted code's alignment flag set. */
static void allow_misaligned(void)
{
	__asm__ volatile("pushfq; andq %0, (%%rsp); popfq" : : "e"(~FLAG_AC) : "memory", "cc");
}

static void handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	allow_misaligned();
	(void)signal;
	(void)info;
	if (running)
		finish(u->uc_mcontext.gregs);
	else
		start(u->uc_mcontext.gregs);
}

static bool set_handlers(void)
{
	static const int signals[SIGNALS_COUNT] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	static _Alignas(16) char stack[STACK_BYTES];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (sigaltstack(&alternate, NULL))
		return false;
	for (unsigned i = 0; i < SIGNALS_COUNT; i++)
		if (sigaction(signals[i], &action, NULL))
			return false;
	return true;
}

bool native_open(void)
{
	void *zone = mmap((void *)ZONE, ZONE_BYTES, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return zone == (void *)ZONE && set_handlers() &&
	       !mprotect((void *)CODE, CODE_PAGES * PAGE_BYTES,
			 PROT_READ | PROT_WRITE | PROT_EXEC) &&
	       !mprotect((void *)DATA, DATA_BYTES, PROT_READ | PROT_WRITE) &&
	       !syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
}

uint64_t native_fs_base(void)
{
	uint64_t base = 0;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}

/* The last page becomes read-only when it is filled for the first time. */
void native_set_data(const uint8_t data[DATA_BYTES])
{
	static bool filled;
	unsigned writable = (DATA_PAGES - 1) * PAGE_BYTES;

	memcpy((void *)DATA, data, filled ? writable : DATA_BYTES);
	if (!filled)
		mprotect((void *)(DATA + writable), PAGE_BYTES, PROT_READ);
	filled = true;
}

void native_set_code(uint64_t at, const uint8_t *code, unsigned bytes)
{
	memset((void *)CODE, BREAK_POINT, CODE_PAGES * PAGE_BYTES);
	memcpy((void *)at, code, bytes);
}

void native_run(struct cpu *cpu)
{
	next = cpu;
	__asm__ volatile("int3" : : : "memory");
}
