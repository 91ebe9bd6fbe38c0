/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PVH direct boot (Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h): an ELF kernel
 * with the note XEN_ELFNOTE_PHYS32_ENTRY, entered in 32-bit mode with a pointer to a start-info
 * structure in ebx.
 */
#include "boot_elf.h"

#include <string.h>

#define NOTE_PHYS32_ENTRY 18u
#define START_MAGIC	  0x336ec578u
#define START_VERSION	  1u

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memory_map;
	uint32_t memory_regions, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "hvm_start_info version 1");

struct start_module {
	uint64_t gpa, size, cmdline, reserved;
};

struct start_region {
	uint64_t base, size;
	uint32_t type, reserved;
};

struct note {
	uint32_t name_bytes, value_bytes, type;
};

static uint64_t padded(uint32_t bytes)
{
	return ((uint64_t)bytes + 3) & ~3ull;
}

/* The entry address in one note segment; false if it holds none. */
static bool entry_in_notes(const unsigned char *at, uint64_t size, uint64_t *entry)
{
	struct note note;

	while (size >= sizeof note) {
		memcpy(&note, at, sizeof note);
		uint64_t bytes = sizeof note + padded(note.name_bytes) + padded(note.value_bytes);

		if (bytes > size)
			return false;
		const unsigned char *value = at + sizeof note + padded(note.name_bytes);

		if (note.type == NOTE_PHYS32_ENTRY && note.name_bytes == 4 &&
		    !memcmp(at + sizeof note, "Xen", 4) && note.value_bytes >= 4) {
			uint32_t low;

			memcpy(&low, value, sizeof low);
			*entry = low;
			return true;
		}
		at += bytes;
		size -= bytes;
	}
	return false;
}

static bool find_entry(const struct guest_elf *elf, uint64_t *entry)
{
	for (unsigned i = 0; i < elf->header_count; i++) {
		struct guest_segment s;

		guest_elf_segment(elf, i, &s);
		if (s.type == GUEST_ELF_NOTE &&
		    entry_in_notes(elf->bytes + s.offset, s.file_bytes, entry))
			return true;
	}
	return false;
}

/* Modules behind the kernel image, as high as they fit; their list follows the memory map. */
static bool load_modules(const struct boot_request *request, uint64_t top, uint64_t list,
			 uint64_t *strings, struct boot_error *error)
{
	uint64_t limit = LOW_RAM_MAX;

	for (unsigned i = 0; i < request->modules; i++) {
		const struct boot_file *file = &request->module[i];
		struct start_module module = { .size = file->size };

		module.gpa = boot_place(request->memory, file, top, limit);
		if (!module.gpa)
			return boot_fail(error, file->name,
					 "no room for this module (%llu KiB) beside the kernel; "
					 "give the VM more memory",
					 (unsigned long long)file->size >> 10);
		limit = module.gpa;
		if (file->args && file->args[0]) {
			module.cmdline = *strings;
			if (!boot_string(request->memory, strings, BOOT_ARGS + BOOT_ARGS_BYTES,
					 file->args))
				return boot_fail(error, file->name, "the arguments are too long");
		}
		guest_write(request->memory, list + i * sizeof module, &module, sizeof module);
	}
	return true;
}

static uint32_t write_memory_map(const struct guest_memory *memory)
{
	struct memory_region regions[MEMORY_REGIONS_MAX];
	unsigned n = guest_memory_map(memory, regions);

	for (unsigned i = 0; i < n; i++) {
		struct start_region region = { regions[i].base, regions[i].size, regions[i].type,
					       0 };

		guest_write(memory, BOOT_LISTS + i * sizeof region, &region, sizeof region);
	}
	return n;
}

bool boot_pvh(const struct boot_request *request, struct vela_state *state,
	      struct boot_error *error)
{
	const char *name = request->kernel.name;
	struct start_info info = { .magic = START_MAGIC, .version = START_VERSION };
	struct guest_elf elf;
	uint64_t entry, top, strings = BOOT_ARGS;

	if (!guest_elf_open(&elf, &request->kernel, error))
		return false;
	if (!find_entry(&elf, &entry))
		return boot_fail(error, name, "the ELF kernel has no PVH entry point");
	if (!guest_elf_load(&elf, request, &top, error))
		return false;
	if (!boot_string(request->memory, &strings, BOOT_ARGS + BOOT_ARGS_BYTES, request->args))
		return boot_fail(error, name, "the command line is too long");
	info.cmdline = BOOT_ARGS;
	info.rsdp = request->rsdp;
	info.memory_map = BOOT_LISTS;
	info.memory_regions = write_memory_map(request->memory);
	info.modules = request->modules;
	info.module_list = BOOT_LISTS + MEMORY_REGIONS_MAX * sizeof(struct start_region);
	if (!load_modules(request, top, info.module_list, &strings, error))
		return false;
	guest_write(request->memory, BOOT_PARAMS, &info, sizeof info);
	boot_state_32(state, entry);
	state->gpr[VELA_RBX] = BOOT_PARAMS;
	return true;
}
