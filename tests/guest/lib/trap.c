/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt table, and what becomes of exceptions; entry.S has the entries. */
#include "trap.h"

#include "print.h"

#define STUB_BYTES    16
#define GATE_PRESENT  0x8e
#define SELECTOR_CODE 8
#define SELECTOR_TSS  0x18
#define IST_NMI	      1
#define IST_DF	      TRAP_STACK
#define IST_BYTES     4096

struct fixup {
	uint64_t start, end;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7];
	uint8_t reserved2[10];
	uint16_t iomap;
} __attribute__((packed));

extern const unsigned char trap_stubs[256][STUB_BYTES], trap_run_ended[];
extern const struct fixup fixups_start[], fixups_end[];
extern uint64_t gdt[];
void trap_dispatch(struct frame *frame);

struct gate trap_table[256] __attribute__((aligned(4096)));
volatile struct trap trap = { .vector = NO_TRAP };
volatile unsigned trap_strays;
uint64_t trap_run_stack;
static trap_handler handlers[256];
static uint8_t stacks[2][IST_BYTES] __attribute__((aligned(16)));
static struct tss tss;

static uint64_t find_fixup(uint64_t rip)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++)
		if (rip >= f->start && rip < f->end)
			return f->end;
	return 0;
}

void trap_dispatch(struct frame *frame)
{
	uint64_t fixup = find_fixup(frame->rip);

	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	if (frame->vector >= 32 || frame->vector == VECTOR_NMI) {
		trap_strays++;
		return;
	}
	trap.vector = (int)frame->vector;
	trap.error = frame->error;
	trap.cr2 = read_cr2();
	trap.rip = frame->rip;
	if (fixup) {
		frame->rip = fixup;
	} else if (trap_run_stack) {
		frame->rip = (uint64_t)trap_run_ended;
		frame->rflags &= ~FLAG_TF;
	} else {
		print("# exception %u, error %x, at %lx, cr2 %lx\n", (unsigned)frame->vector,
		      (unsigned)frame->error, frame->rip, read_cr2());
		guest_exit(100);
	}
}

void trap_set_handler(unsigned vector, trap_handler handler)
{
	handlers[vector] = handler;
}

void trap_load_table(const void *table, uint16_t limit)
{
	const struct {
		uint16_t limit;
		const void *base;
	} __attribute__((packed)) idtr = { limit, table };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

static void load_tss(void)
{
	uint64_t base = (uint64_t)&tss;

	tss.ist[IST_NMI - 1] = (uint64_t)(stacks[0] + IST_BYTES);
	tss.ist[IST_DF - 1] = (uint64_t)(stacks[1] + IST_BYTES);
	tss.iomap = sizeof tss;
	gdt[3] = (sizeof tss - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24) << 56;
	gdt[4] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

void trap_init(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t stub = (uint64_t)trap_stubs[i];

		trap_table[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = SELECTOR_CODE,
			.type = GATE_PRESENT,
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	trap_table[VECTOR_NMI].ist = IST_NMI;
	trap_table[VECTOR_DF].ist = IST_DF;
	load_tss();
	trap_load_table(trap_table, sizeof trap_table - 1);
}
