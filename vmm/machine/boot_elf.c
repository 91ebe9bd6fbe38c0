/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest kernels in ELF (System V ABI, "Object Files"; the x86 supplements). A file is refused as a
 * whole before any of it is loaded.
 */
#include "boot_elf.h"

#include <string.h>

#define EI_CLASS      4
#define CLASS_32      1
#define CLASS_64      2
#define MACHINE_386   3
#define MACHINE_AMD64 62
#define HEADERS_MAX   64u

struct elf32_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf32_segment {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

struct elf64_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static bool read_header(struct guest_elf *elf)
{
	if (elf->size < sizeof(struct elf32_header) || memcmp(elf->bytes, "\177ELF", 4) != 0)
		return false;
	if (elf->bytes[EI_CLASS] == CLASS_32) {
		struct elf32_header h;

		memcpy(&h, elf->bytes, sizeof h);
		elf->entry = h.entry;
		elf->headers = h.phoff;
		elf->header_count = h.phnum;
		elf->header_bytes = h.phentsize;
		return h.machine == MACHINE_386 && h.phentsize >= sizeof(struct elf32_segment);
	}
	struct elf64_header h;

	if (elf->bytes[EI_CLASS] != CLASS_64 || elf->size < sizeof h)
		return false;
	memcpy(&h, elf->bytes, sizeof h);
	elf->is64 = true;
	elf->entry = h.entry;
	elf->headers = h.phoff;
	elf->header_count = h.phnum;
	elf->header_bytes = h.phentsize;
	return h.machine == MACHINE_AMD64 && h.phentsize >= sizeof(struct elf64_segment);
}

void guest_elf_segment(const struct guest_elf *elf, unsigned i, struct guest_segment *segment)
{
	const unsigned char *at = elf->bytes + elf->headers + (uint64_t)i * elf->header_bytes;

	if (elf->is64) {
		struct elf64_segment s;

		memcpy(&s, at, sizeof s);
		*segment = (struct guest_segment){ s.type,  s.offset, s.vaddr,
						   s.paddr, s.filesz, s.memsz };
	} else {
		struct elf32_segment s;

		memcpy(&s, at, sizeof s);
		*segment = (struct guest_segment){ s.type,  s.offset, s.vaddr,
						   s.paddr, s.filesz, s.memsz };
	}
}

bool guest_elf_open(struct guest_elf *elf, const struct boot_file *file, struct boot_error *error)
{
	*elf = (struct guest_elf){ .bytes = file->bytes, .size = file->size };
	if (!read_header(elf))
		return boot_fail(error, file->name, "not an x86 ELF file");
	uint64_t table = (uint64_t)elf->header_count * elf->header_bytes;

	if (!elf->header_count || elf->header_count > HEADERS_MAX || elf->headers > elf->size ||
	    table > elf->size - elf->headers)
		return boot_fail(error, file->name, "the ELF program headers are damaged");
	for (unsigned i = 0; i < elf->header_count; i++) {
		struct guest_segment s;

		guest_elf_segment(elf, i, &s);
		if (s.type != GUEST_ELF_LOAD && s.type != GUEST_ELF_NOTE)
			continue;
		if (s.offset > elf->size || s.file_bytes > elf->size - s.offset)
			return boot_fail(error, file->name,
					 "ELF segment %u reaches beyond the end of the file", i);
		if (s.type == GUEST_ELF_LOAD && s.file_bytes > s.memory_bytes)
			return boot_fail(error, file->name,
					 "ELF segment %u is larger in the file than in memory", i);
	}
	return true;
}

bool guest_elf_load(const struct guest_elf *elf, const struct boot_request *request, uint64_t *top,
		    struct boot_error *error)
{
	struct guest_segment s;
	unsigned loaded = 0;

	*top = 0;
	for (unsigned i = 0; i < elf->header_count; i++) {
		guest_elf_segment(elf, i, &s);
		if (s.type != GUEST_ELF_LOAD || !s.memory_bytes)
			continue;
		if (!boot_range_free(request->memory, s.pa, s.memory_bytes))
			return boot_fail(error, request->kernel.name,
					 "ELF segment %u wants %#llx bytes at %#llx, where the VM "
					 "has no free memory",
					 i, (unsigned long long)s.memory_bytes,
					 (unsigned long long)s.pa);
		if (s.pa + s.memory_bytes > *top)
			*top = s.pa + s.memory_bytes;
		loaded++;
	}
	if (!loaded)
		return boot_fail(error, request->kernel.name, "the ELF file has nothing to load");
	for (unsigned i = 0; i < elf->header_count; i++) {
		guest_elf_segment(elf, i, &s);
		if (s.type != GUEST_ELF_LOAD || !s.memory_bytes)
			continue;
		guest_write(request->memory, s.pa, elf->bytes + s.offset, s.file_bytes);
		guest_zero(request->memory, s.pa + s.file_bytes, s.memory_bytes - s.file_bytes);
	}
	return true;
}

bool guest_elf_physical(const struct guest_elf *elf, uint64_t va, uint64_t *pa)
{
	for (unsigned i = 0; i < elf->header_count; i++) {
		struct guest_segment s;

		guest_elf_segment(elf, i, &s);
		if (s.type == GUEST_ELF_LOAD && va - s.va < s.memory_bytes) {
			*pa = s.pa + (va - s.va);
			return true;
		}
	}
	return false;
}
