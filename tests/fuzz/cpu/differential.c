/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction emulator against the processor that this runs on: random instructions from random
 * states, each executed by both on the same memory. Registers, memory, defined flags, faults with
 * their error codes and addresses have to agree. In the emulator any page of the data may be a
 * device's.
 *
 *     differential [--seed N] [--seconds N]
 *
 * Each instruction has a seed of its own, counted from the first; a mismatch prints it, and
 * --seed N --seconds 0 begins with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpu/emulate.h"
#include "cpu/registers.h"
#include "generate.h"

#define RAM_BYTES 0x10000u
#define TABLES	  0x1000u /* four of them, a page each */
#define RAM_CODE  0x6000u
#define RAM_DATA  0x8000u
#define DEVICE	  0xfe000000u
#define ENTRY	  0x27u /* present, writable, user, accessed */
#define READ_ONLY 0x25u
#define BATCH	  256u
#define SHOWN	  10u /* mismatches printed before it gives up */

static unsigned char ram[RAM_BYTES];
static uint8_t image[DATA_BYTES], device[DATA_BYTES];
static struct guest_memory memory;
static struct vela_state state;
static struct emulator emulator;
static unsigned device_pages; /* bit per page of the data */

static uint64_t mmio_read(void *ctx, uint64_t gpa, unsigned width)
{
	uint64_t value = 0;

	(void)ctx;
	if (gpa - DEVICE <= DATA_BYTES - width)
		memcpy(&value, device + (gpa - DEVICE), width);
	return value;
}

static void mmio_write(void *ctx, uint64_t gpa, unsigned width, uint64_t value)
{
	(void)ctx;
	if (gpa - DEVICE <= DATA_BYTES - width)
		memcpy(device + (gpa - DEVICE), &value, width);
}

static uint64_t *entry_of(uint64_t va, unsigned level)
{
	return (uint64_t *)(void *)(ram + TABLES + 0x1000 * (3 - level) +
				    (va >> (12 + 9 * level) & 511) * 8);
}

/* The zone is in one 2 MiB range, so there is one table per level. */
static void map_pages(void)
{
	for (unsigned level = 3; level; level--)
		*entry_of(ZONE, level) = (TABLES + 0x1000 * (4 - level)) | ENTRY;
	for (unsigned i = 0; i < CODE_PAGES; i++)
		*entry_of(CODE + i * PAGE_BYTES, 0) = (RAM_CODE + i * PAGE_BYTES) | ENTRY;
	for (unsigned i = 0; i < DATA_PAGES; i++) {
		uint64_t page = (device_pages >> i & 1 ? DEVICE : RAM_DATA) + i * PAGE_BYTES;

		*entry_of(DATA + i * PAGE_BYTES, 0) =
			page | (i + 1 < DATA_PAGES ? ENTRY : READ_ONLY);
	}
}

#define SELECTOR(number, name) \
	__asm__("mov %%" name ", %0" : "=r"(state.seg[VELA_##number].selector))

static void start_emulator(uint64_t fs_base)
{
	const struct emulate_io io = { .mmio_read = mmio_read, .mmio_write = mmio_write };

	guest_memory_init(&memory, ram, sizeof ram);
	emulator_init(&emulator, &memory, &state, &io);
	for (unsigned i = 0; i < VELA_SEGMENTS; i++)
		state.seg[i] = (struct vela_segment){ 0, 0xcf3, 0xffffffffu, 0 };
	SELECTOR(ES, "es");
	SELECTOR(CS, "cs");
	SELECTOR(SS, "ss");
	SELECTOR(DS, "ds");
	SELECTOR(FS, "fs");
	SELECTOR(GS, "gs");
	state.seg[VELA_CS].attr = 0xafb;
	state.seg[VELA_FS].base = fs_base;
	state.seg[VELA_GS].base = GS_BASE;
	state.cr0 = CR0_PE | CR0_PG | CR0_WP | CR0_AM;
	state.cr3 = TABLES;
	state.cr4 = CR4_PAE;
	state.efer = EFER_LME | EFER_LMA | EFER_NXE;
}

/* Runs it on the emulator, to its end if it is not stepped. False: it is not emulated. */
static bool run_emulated(const struct generated *g, struct cpu *cpu)
{
	enum emulate_result result;

	memset(ram + RAM_CODE, BREAK_POINT, CODE_PAGES * PAGE_BYTES);
	memcpy(ram + RAM_CODE + (cpu->rip - CODE), g->code, g->bytes);
	memcpy(ram + RAM_DATA, image, sizeof image);
	memcpy(device, image, sizeof device);
	map_pages();
	memcpy(state.gpr, cpu->gpr, sizeof state.gpr);
	state.rip = cpu->rip;
	state.rflags = cpu->rflags;
	emulator.hint = EMULATE_NO_HINT;
	do {
		result = emulate(&emulator);
	} while (result == EMULATE_DONE && !g->step && state.rip == cpu->rip);
	memcpy(cpu->gpr, state.gpr, sizeof state.gpr);
	cpu->rip = state.rip;
	cpu->rflags = state.rflags;
	cpu->vector = result == EMULATE_FAULT ? (uint8_t)emulator.fault.vector : NO_VECTOR;
	cpu->error = emulator.fault.error;
	cpu->cr2 = emulator.fault.address;
	return result != EMULATE_UNKNOWN;
}

static const uint8_t *emulated_page(unsigned page)
{
	return (device_pages >> page & 1 ? device : ram + RAM_DATA) + page * PAGE_BYTES;
}

static bool same_memory(void)
{
	for (unsigned i = 0; i < DATA_PAGES; i++)
		if (memcmp(emulated_page(i), (void *)(DATA + i * PAGE_BYTES), PAGE_BYTES))
			return false;
	return true;
}

static bool same_fault(const struct cpu *a, const struct cpu *b)
{
	if (a->vector != b->vector)
		return false;
	if (a->vector != VECTOR_PF)
		return a->vector == NO_VECTOR || a->error == b->error;
	return a->error == b->error && a->cr2 == b->cr2;
}

static bool same_cpu(const struct generated *g, const struct cpu *a, const struct cpu *b)
{
	uint64_t flags = (FLAG_ALU | FLAG_DF | FLAG_AC) & ~g->undefined;

	if (a->vector != NO_VECTOR)
		flags &= ~g->undefined_by_fault;

	return same_fault(a, b) && a->rip == b->rip && !((a->rflags ^ b->rflags) & flags) &&
	       !memcmp(a->gpr, b->gpr, sizeof a->gpr);
}

static void print_cpu(const char *name, const struct cpu *cpu)
{
	printf("%s: rip %llx rflags %llx vector %x error %x cr2 %llx\n   ", name,
	       (unsigned long long)cpu->rip, (unsigned long long)cpu->rflags, cpu->vector,
	       cpu->error, (unsigned long long)cpu->cr2);
	for (unsigned i = 0; i < 16; i++)
		printf(" %llx", (unsigned long long)cpu->gpr[i]);
	printf("\n");
}

static void print_memory(void)
{
	for (unsigned i = 0; i < DATA_BYTES; i++) {
		uint8_t ours = emulated_page(i / PAGE_BYTES)[i % PAGE_BYTES];
		uint8_t hosts = *(const uint8_t *)(DATA + i);

		if (ours != hosts)
			printf("at %llx: emulator %02x, host %02x, before %02x\n",
			       (unsigned long long)(DATA + i), ours, hosts, image[i]);
	}
}

static void print_mismatch(uint64_t seed, bool known, const struct generated *g,
			   const struct cpu *ours, const struct cpu *hosts)
{
	printf("seed %llu: %s\ninstruction:", (unsigned long long)seed,
	       known ? "results differ" : "the emulator does not know it");
	for (unsigned i = 0; i < g->bytes; i++)
		printf(" %02x", g->code[i]);
	printf("%s, pages of the device %x, flags undefined %llx\n", g->step ? ", stepped" : "",
	       device_pages, (unsigned long long)g->undefined);
	print_cpu("before", &g->cpu);
	print_cpu("emulator", ours);
	print_cpu("host", hosts);
	print_memory();
}

/* Some other bytes in the writable data: by doing it again they are as before. */
static void vary_image(struct random r)
{
	for (unsigned i = 0; i < 8; i++)
		image[random_below(&r, DATA_BYTES - PAGE_BYTES)] ^= (uint8_t)random_next(&r);
}

/* Everything follows from the seed but the base of FS, which is the process's. False: they differ.
 */
static bool run_one(uint64_t seed, uint64_t fs_base)
{
	struct random r = { seed }, of_image = { ~seed };
	struct generated g;

	generate(&r, fs_base, &g);
	vary_image(of_image);
	device_pages = random_below(&r, 1u << DATA_PAGES);
	struct cpu ours = g.cpu, hosts = g.cpu;
	bool known = run_emulated(&g, &ours);

	native_set_data(image);
	native_set_code(g.cpu.rip, g.code, g.bytes);
	native_run(&hosts);
	bool same = known && same_cpu(&g, &ours, &hosts) && same_memory();

	if (!same)
		print_mismatch(seed, known, &g, &ours, &hosts);
	vary_image(of_image);
	return same;
}

static uint64_t argument(int argc, char **argv, const char *name, uint64_t otherwise)
{
	for (int i = 1; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], name))
			return strtoull(argv[i + 1], NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = argument(argc, argv, "--seed", (uint64_t)time(NULL) << 32);
	time_t until = time(NULL) + (time_t)argument(argc, argv, "--seconds", 4);
	uint64_t fs_base = native_fs_base(), ran = 0;
	unsigned wrong = 0;

	if (!native_open()) {
		printf("the addresses for the test are taken in this process\n");
		return 1;
	}
	struct random r = { 0 };

	for (unsigned i = 0; i < DATA_BYTES; i++)
		image[i] = (uint8_t)(random_next(&r) >> random_below(&r, 60));
	start_emulator(fs_base);
	do {
		for (unsigned i = 0; i < BATCH && wrong < SHOWN; i++, ran++)
			wrong += !run_one(seed + ran, fs_base);
	} while (time(NULL) < until && wrong < SHOWN);
	printf("seed %llu: %llu instructions, %u with another result\n", (unsigned long long)seed,
	       (unsigned long long)ran, wrong);
	return wrong != 0;
}
