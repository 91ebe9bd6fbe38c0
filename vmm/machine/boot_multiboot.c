/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Multiboot Specification version 0.6.96 (multiboot 1): the header is found in the first 8 KiB,
 * the kernel loaded by its address fields or as ELF, and entered in 32-bit mode with the magic in
 * eax and the information structure in ebx.
 */
#include "boot_elf.h"

#include <string.h>

#define HEADER_MAGIC  0x1badb002u
#define LOADER_MAGIC  0x2badb002u
#define SEARCH_BYTES  8192u
#define WANT_VIDEO    0x4u
#define WANT_UNKNOWN  0xfff8u /* required features beyond page alignment, memory, video */
#define HAS_ADDRESSES 0x10000u
#define INFO_MEMORY   0x001u
#define INFO_CMDLINE  0x004u
#define INFO_MODULES  0x008u
#define INFO_MAP      0x040u
#define INFO_LOADER   0x200u

struct header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

struct information {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	uint32_t symbols[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, loader_name;
	uint32_t apm_table;
};
_Static_assert(sizeof(struct information) == 72, "Multiboot 3.3");

struct module {
	uint32_t start, end, string, reserved;
};

struct map_entry {
	uint32_t size; /* of the rest */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

static bool find_header(const struct boot_file *file, struct header *header, uint64_t *offset)
{
	uint64_t end = file->size < SEARCH_BYTES ? file->size : SEARCH_BYTES;

	for (uint64_t at = 0; at + 12 <= end; at += 4) {
		memset(header, 0, sizeof *header);
		memcpy(header, file->bytes + at, 12);
		if (header->magic != HEADER_MAGIC ||
		    header->magic + header->flags + header->checksum != 0)
			continue;
		if (header->flags & HAS_ADDRESSES) {
			if (at + sizeof *header > end)
				return false;
			memcpy(header, file->bytes + at, sizeof *header);
		}
		*offset = at;
		return true;
	}
	return false;
}

/* Loads by the header's address fields. */
static bool load_flat(const struct boot_request *request, const struct header *h, uint64_t offset,
		      uint64_t *top, struct boot_error *error)
{
	const struct boot_file *file = &request->kernel;

	if (h->load_addr > h->header_addr || h->header_addr - h->load_addr > offset)
		return boot_fail(error, file->name,
				 "the multiboot header's addresses make no sense");
	uint64_t start = offset - (h->header_addr - h->load_addr);
	uint64_t bytes = file->size - start;

	if (h->load_end_addr) {
		if (h->load_end_addr < h->load_addr || h->load_end_addr - h->load_addr > bytes)
			return boot_fail(error, file->name,
					 "the multiboot header wants more than the file holds");
		bytes = h->load_end_addr - h->load_addr;
	}
	uint64_t span = bytes;

	if (h->bss_end_addr > h->load_addr + bytes)
		span = h->bss_end_addr - h->load_addr;
	if (!boot_range_free(request->memory, h->load_addr, span))
		return boot_fail(error, file->name,
				 "the kernel wants %#llx bytes at %#x, where the VM has no free "
				 "memory",
				 (unsigned long long)span, h->load_addr);
	guest_write(request->memory, h->load_addr, file->bytes + start, bytes);
	guest_zero(request->memory, h->load_addr + bytes, span - bytes);
	*top = h->load_addr + span;
	return true;
}

/* An ELF entry is virtual; where segments are loaded elsewhere it is translated. */
static bool load_elf(const struct boot_request *request, uint64_t *entry, uint64_t *top,
		     struct boot_error *error)
{
	struct guest_elf elf;

	if (!guest_elf_open(&elf, &request->kernel, error) ||
	    !guest_elf_load(&elf, request, top, error))
		return false;
	if (!guest_elf_physical(&elf, elf.entry, entry))
		return boot_fail(error, request->kernel.name,
				 "the ELF entry point lies in no segment");
	return true;
}

static bool load_modules(const struct boot_request *request, uint64_t top, uint64_t list,
			 uint64_t *strings, struct boot_error *error)
{
	for (unsigned i = 0; i < request->modules; i++) {
		const struct boot_file *file = &request->module[i];
		struct module module = { 0 };

		top = (top + 0xfff) & ~0xfffull;
		if (!boot_range_free(request->memory, top, file->size) ||
		    top + file->size > LOW_RAM_MAX)
			return boot_fail(error, file->name,
					 "no room for this module (%llu KiB) behind the kernel; "
					 "give the VM more memory",
					 (unsigned long long)file->size >> 10);
		guest_write(request->memory, top, file->bytes, file->size);
		module.start = (uint32_t)top;
		module.end = (uint32_t)(top + file->size);
		module.string = (uint32_t)*strings;
		if (!boot_string(request->memory, strings, BOOT_ARGS + BOOT_ARGS_BYTES,
				 file->args ? file->args : ""))
			return boot_fail(error, file->name, "the arguments are too long");
		guest_write(request->memory, list + i * sizeof module, &module, sizeof module);
		top += file->size;
	}
	return true;
}

static uint32_t write_memory_map(const struct guest_memory *memory)
{
	struct memory_region regions[MEMORY_REGIONS_MAX];
	unsigned n = guest_memory_map(memory, regions);

	for (unsigned i = 0; i < n; i++) {
		struct map_entry entry = { sizeof entry - 4, regions[i].base, regions[i].size,
					   regions[i].type };

		guest_write(memory, BOOT_LISTS + i * sizeof entry, &entry, sizeof entry);
	}
	return n * (uint32_t)sizeof(struct map_entry);
}

/* Everything behind the kernel in memory: map, modules, strings, and the structure itself. */
static bool hand_over(const struct boot_request *request, uint64_t top, struct boot_error *error)
{
	const struct guest_memory *memory = request->memory;
	uint64_t strings = BOOT_ARGS, end = BOOT_ARGS + BOOT_ARGS_BYTES;
	struct information info = {
		.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MAP | INFO_LOADER,
		.mem_lower = CONVENTIONAL_END >> 10,
		.mem_upper = (uint32_t)((memory->low_bytes - EXTENDED_BASE) >> 10),
		.cmdline = BOOT_ARGS,
		.mmap_addr = BOOT_LISTS,
		.mods_addr = BOOT_LISTS + MEMORY_REGIONS_MAX * sizeof(struct map_entry),
		.mods_count = request->modules,
	};

	if (!boot_string(memory, &strings, end, request->args))
		return boot_fail(error, request->kernel.name, "the command line is too long");
	info.loader_name = (uint32_t)strings;
	boot_string(memory, &strings, end, "Vela");
	info.mmap_length = write_memory_map(memory);
	if (request->modules)
		info.flags |= INFO_MODULES;
	return load_modules(request, top, info.mods_addr, &strings, error) &&
	       guest_write(memory, BOOT_PARAMS, &info, sizeof info);
}

bool boot_multiboot(const struct boot_request *request, struct vela_state *state,
		    struct boot_error *error)
{
	const struct boot_file *file = &request->kernel;
	uint64_t offset = 0, entry, top = 0;
	struct header header = { 0 };

	if (request->memory->low_bytes <= EXTENDED_BASE)
		return boot_fail(error, file->name, "the VM has too little memory");
	if (!find_header(file, &header, &offset))
		return boot_fail(error, file->name,
				 "not a multiboot kernel: no header in its first 8 KiB");
	if (header.flags & (WANT_UNKNOWN | WANT_VIDEO))
		return boot_fail(error, file->name,
				 "the kernel demands multiboot features (flags %#x) that this "
				 "machine does not have",
				 header.flags & (WANT_UNKNOWN | WANT_VIDEO));
	entry = header.entry_addr;
	bool loaded = header.flags & HAS_ADDRESSES
			      ? load_flat(request, &header, offset, &top, error)
			      : load_elf(request, &entry, &top, error);
	if (!loaded || !hand_over(request, top, error))
		return false;
	boot_state_32(state, entry);
	state->gpr[VELA_RAX] = LOADER_MAGIC;
	state->gpr[VELA_RBX] = BOOT_PARAMS;
	return true;
}
