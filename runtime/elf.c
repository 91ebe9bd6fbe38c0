/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF reader: copies each header out of the file before looking at it, so that neither
 * alignment nor a change of the file between check and use matters. Field offsets are those of the
 * System V ABI, chapters 4 and 5.
 */
#include <rt/elf.h>
#include <string.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF64 file header");

struct elf_program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF64 program header");

enum { ET_EXEC = 2, EM_X86_64 = 62, EV_CURRENT = 1 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

#define PAGE_MASK (VELA_PAGE_SIZE - 1ull)

static enum rt_elf_status read_file_header(struct elf_header *h, const void *image, size_t size)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, EV_CURRENT };

	if (size < 4 || memcmp(image, ident, 4) != 0)
		return RT_ELF_NOT_ELF;
	if (size < sizeof *h)
		return RT_ELF_TOO_SHORT;
	memcpy(h, image, sizeof *h);
	if (memcmp(h->ident, ident, sizeof ident) != 0 || h->type != ET_EXEC ||
	    h->machine != EM_X86_64 || h->version != EV_CURRENT)
		return RT_ELF_WRONG_KIND;
	if (h->phentsize != sizeof(struct elf_program_header))
		return RT_ELF_BAD_HEADERS;
	/* phnum has 16 bits, so the product cannot wrap. */
	if (h->phoff > size || (uint64_t)h->phnum * h->phentsize > size - h->phoff)
		return RT_ELF_TOO_SHORT;
	return RT_ELF_OK;
}

static enum rt_elf_status check_segment(const struct elf_program_header *p, size_t size,
					uint64_t va_end)
{
	if (p->offset > size || p->filesz > size - p->offset)
		return RT_ELF_OUTSIDE_FILE;
	if (p->filesz > p->memsz || p->memsz == 0)
		return RT_ELF_BAD_SIZE;
	if ((p->vaddr | p->offset) & PAGE_MASK)
		return RT_ELF_UNALIGNED;
	if (p->vaddr < VELA_IMAGE_VA || p->vaddr > va_end || p->memsz > va_end - p->vaddr)
		return RT_ELF_BAD_ADDRESS;
	if (!(p->flags & PF_R) || (p->flags & (PF_W | PF_X)) == (PF_W | PF_X))
		return RT_ELF_BAD_RIGHTS;
	return RT_ELF_OK;
}

static enum rt_elf_status add_segment(struct rt_elf *elf, const struct elf_program_header *p)
{
	if (elf->segments == RT_ELF_SEGMENTS_MAX)
		return RT_ELF_SEGMENTS;
	if (elf->segments) {
		const struct rt_elf_segment *last = &elf->segment[elf->segments - 1];
		/* Rounded up to a page: two segments never share one. */
		if (p->vaddr < ((last->va + last->memory_bytes + PAGE_MASK) & ~PAGE_MASK))
			return RT_ELF_OVERLAP;
	}
	elf->segment[elf->segments++] = (struct rt_elf_segment){
		.va = p->vaddr,
		.file_offset = p->offset,
		.file_bytes = p->filesz,
		.memory_bytes = p->memsz,
		.rights = (p->flags & PF_R ? VELA_MEM_R : 0) | (p->flags & PF_W ? VELA_MEM_W : 0) |
			  (p->flags & PF_X ? VELA_MEM_X : 0),
	};
	return RT_ELF_OK;
}

static enum rt_elf_status check_entry(const struct rt_elf *elf)
{
	for (unsigned i = 0; i < elf->segments; i++) {
		const struct rt_elf_segment *s = &elf->segment[i];
		if (s->rights & VELA_MEM_X && elf->entry >= s->va &&
		    elf->entry - s->va < s->file_bytes)
			return RT_ELF_OK;
	}
	return RT_ELF_BAD_ENTRY;
}

enum rt_elf_status rt_elf_read(struct rt_elf *elf, const void *image, size_t size, uint64_t va_end)
{
	struct elf_header h;
	enum rt_elf_status s = read_file_header(&h, image, size);

	if (s)
		return s;
	*elf = (struct rt_elf){ .entry = h.entry };
	for (unsigned i = 0; i < h.phnum; i++) {
		struct elf_program_header p;
		memcpy(&p, (const uint8_t *)image + h.phoff + i * sizeof p, sizeof p);
		if (p.type == PT_DYNAMIC || p.type == PT_INTERP)
			return RT_ELF_WRONG_KIND;
		if (p.type != PT_LOAD)
			continue;
		s = check_segment(&p, size, va_end);
		if (!s)
			s = add_segment(elf, &p);
		if (s)
			return s;
	}
	return elf->segments ? check_entry(elf) : RT_ELF_NO_SEGMENT;
}

const char *rt_elf_text(enum rt_elf_status status)
{
	static const char *const text[] = {
#define X(name, string) [RT_ELF_##name] = (string),
		RT_ELF_TABLE(X)
#undef X
	};

	return status < sizeof text / sizeof text[0] ? text[status] : "unknown error";
}
