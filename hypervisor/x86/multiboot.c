/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what the boot loader left in memory (Multiboot Specification 0.6.96; Multiboot2
 * Specification 2.0). Every access is checked against the window of phys.h and the structure it
 * lies in, so that damaged data ends in a message. Pure but for that window; unit-tested on the
 * host.
 */
#include <core/lib.h>
#include <core/log.h>
#include <x86/multiboot.h>
#include <x86/phys.h>

#define MB1_MAGIC	 0x2badb002u
#define MB1_HAS_CMDLINE	 0x04u
#define MB1_HAS_MODULES	 0x08u
#define MB1_HAS_MAP	 0x40u
#define MB2_MAGIC	 0x36d76289u
#define MB2_TAG_END	 0u
#define MB2_TAG_CMDLINE	 1u
#define MB2_TAG_MODULE	 3u
#define MB2_TAG_MAP	 6u
#define MB2_TAG_RSDP_OLD 14u
#define MB2_TAG_RSDP	 15u

#define STRING_MAX  4096u
#define ADDRESS_END (1ull << 52) /* architectural limit of physical addresses */

#define EBDA_SEGMENT 0x40eu /* BIOS data area: segment of the extended one */
#define EBDA_BYTES   0x400u
#define BIOS_START   0xe0000u
#define BIOS_END     0x100000u

struct mb1_info {
	uint32_t flags, unused1[3], cmdline, modules, module_table, unused2[4];
	uint32_t map_bytes, map;
} __attribute__((packed));

struct mb1_module {
	uint32_t start, end, cmdline, reserved;
} __attribute__((packed));

struct map_entry {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));

struct mb1_entry {
	uint32_t rest; /* bytes that follow this word */
	struct map_entry entry;
} __attribute__((packed));

struct mb2_tag {
	uint32_t type, size;
	union {
		char string[8];
		struct {
			uint32_t start, end;
		} module;
		struct {
			uint32_t entry_size, version;
		} map;
	};
};

/* The map as it was given, cut to whole pages. Only used while booting. */
static struct raw_range {
	uint64_t base, end;
	uint32_t type;
} raw[2 * VELA_MEMORY_MAX];
static unsigned raws;

uintptr_t phys_base;
uint64_t phys_end = 1ull << 32;

static bool damaged(const char *what)
{
	log_line("boot: damaged data from the boot loader: %s", what);
	return false;
}

/* The string at pa, or NULL if it does not end within size bytes. */
static const char *string_at(uint64_t pa, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		const char *c = phys_ptr(pa + i, 1);
		if (!c)
			return NULL;
		if (!*c)
			return phys_ptr(pa, i + 1);
	}
	return NULL;
}

/* Higher is more restrictive. */
static unsigned type_rank(uint32_t type)
{
	return type == VELA_MEMORY_RESERVED ? 3 : type == VELA_MEMORY_ACPI ? 2 : type != 0;
}

static bool add_range(const struct map_entry *e)
{
	static const uint8_t types[] = { [1] = VELA_MEMORY_FREE, [3] = VELA_MEMORY_ACPI };
	uint32_t type =
		e->type < sizeof types && types[e->type] ? types[e->type] : VELA_MEMORY_RESERVED;
	if (e->base >= ADDRESS_END)
		return true;
	uint64_t end = e->size > ADDRESS_END - e->base ? ADDRESS_END : e->base + e->size;
	struct raw_range r = { align_down(e->base, PAGE_SIZE), align_up(end, PAGE_SIZE), type };
	if (type == VELA_MEMORY_FREE) {
		r.base = align_up(e->base, PAGE_SIZE);
		r.end = align_down(end, PAGE_SIZE);
	}
	if (!e->size || r.base >= r.end)
		return true;
	if (raws == sizeof raw / sizeof raw[0]) {
		log_line("boot: the memory map has more than %u ranges", raws);
		return false;
	}
	raw[raws++] = r;
	return true;
}

static bool append_range(struct boot_info *out, uint64_t base, uint64_t end, uint32_t type)
{
	struct boot_range *last = out->ranges ? &out->range[out->ranges - 1] : NULL;
	if (last && last->type == type && last->base + last->size == base) {
		last->size += end - base;
		return true;
	}
	if (out->ranges == VELA_MEMORY_MAX) {
		log_line("boot: the memory map has more than %u ranges", VELA_MEMORY_MAX);
		return false;
	}
	out->range[out->ranges++] = (struct boot_range){ base, end - base, type };
	return true;
}

/* Sweeps over the addresses where the set of raw ranges changes, in ascending order; between two
 * of them the strictest range decides. */
static bool sort_ranges(struct boot_info *out)
{
	uint64_t next;
	for (uint64_t at = 0;; at = next) {
		uint32_t type = 0;
		next = UINT64_MAX;
		for (unsigned i = 0; i < raws; i++) {
			uint64_t change = raw[i].base > at ? raw[i].base : raw[i].end;
			if (change > at && change < next)
				next = change;
			if (raw[i].base <= at && at < raw[i].end &&
			    type_rank(raw[i].type) > type_rank(type))
				type = raw[i].type;
		}
		if (next == UINT64_MAX)
			return out->ranges || damaged("no memory");
		if (type && !append_range(out, at, next, type))
			return false;
	}
}

static bool add_module(struct boot_info *out, uint32_t start, uint32_t end, const char *cmdline)
{
	if (start % PAGE_SIZE || end < start || !cmdline)
		return damaged("module");
	if (out->modules == VELA_MODULES_MAX) {
		log_line("boot: more than %u modules", VELA_MODULES_MAX);
		return false;
	}
	out->module[out->modules++] = (struct boot_module){ start, end - start, cmdline };
	return true;
}

static bool parse_mb1_map(const struct mb1_info *info)
{
	uint64_t at = info->map, end = at + info->map_bytes;
	if (!(info->flags & MB1_HAS_MAP))
		return damaged("no memory map");
	while (at < end) {
		const struct mb1_entry *e = phys_ptr(at, sizeof *e);
		if (!e || e->rest < sizeof e->entry || e->rest + 4ull > end - at)
			return damaged("memory map");
		if (!add_range(&e->entry))
			return false;
		at += 4 + (uint64_t)e->rest;
	}
	return true;
}

static bool parse_mb1(uint64_t pa, struct boot_info *out)
{
	const struct mb1_info *info = phys_ptr(pa, sizeof *info);
	if (!info)
		return damaged("information structure");
	if (info->flags & MB1_HAS_CMDLINE)
		out->cmdline = string_at(info->cmdline, STRING_MAX);
	uint64_t count = info->flags & MB1_HAS_MODULES ? info->modules : 0;
	const struct mb1_module *m = phys_ptr(info->module_table, count * sizeof *m);
	if (!out->cmdline || (count && !m))
		return damaged("command line or module table");
	for (; count; count--, m++) {
		const char *cmdline = m->cmdline ? string_at(m->cmdline, STRING_MAX) : "";
		if (!add_module(out, m->start, m->end, cmdline))
			return false;
	}
	return parse_mb1_map(info);
}

static bool parse_mb2_map(const struct mb2_tag *tag, uint64_t pa)
{
	uint64_t end = pa + tag->size;
	if (tag->size < 16 || tag->map.entry_size < sizeof(struct map_entry))
		return damaged("memory map");
	for (uint64_t at = pa + 16; at + tag->map.entry_size <= end; at += tag->map.entry_size) {
		if (!add_range(phys_ptr(at, sizeof(struct map_entry))))
			return false;
	}
	return true;
}

static bool parse_mb2_tag(const struct mb2_tag *tag, uint64_t pa, struct boot_info *out)
{
	switch (tag->type) {
	case MB2_TAG_CMDLINE:
		out->cmdline = string_at(pa + 8, tag->size - 8);
		return out->cmdline || damaged("command line");
	case MB2_TAG_MODULE:
		if (tag->size < 17)
			return damaged("module");
		return add_module(out, tag->module.start, tag->module.end,
				  string_at(pa + 16, tag->size - 16));
	case MB2_TAG_MAP:
		return parse_mb2_map(tag, pa);
	case MB2_TAG_RSDP_OLD:
	case MB2_TAG_RSDP:
		if (!out->rsdp || tag->type == MB2_TAG_RSDP)
			out->rsdp = pa + 8;
	}
	return true;
}

static bool parse_mb2(uint64_t pa, struct boot_info *out)
{
	const uint32_t *total = phys_ptr(pa, 8);
	if (!total || pa % 8 || !phys_ptr(pa, *total))
		return damaged("information structure");
	for (uint64_t at = pa + 8, end = pa + *total; at + 8 <= end;) {
		const struct mb2_tag *tag = phys_ptr(at, 8);
		if (tag->size < 8 || tag->size > end - at)
			return damaged("tag");
		if (tag->type == MB2_TAG_END)
			return true;
		if (!parse_mb2_tag(tag, at, out))
			return false;
		at += align_up(tag->size, 8);
	}
	return damaged("no end tag");
}

static uint64_t scan_rsdp(uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at + 20 <= to; at += 16) {
		const uint8_t *p = phys_ptr(at, 20);
		if (!p || memcmp(p, "RSD PTR ", 8) != 0)
			continue;
		uint8_t sum = 0;
		for (unsigned i = 0; i < 20; i++)
			sum += p[i];
		if (!sum)
			return at;
	}
	return 0;
}

/* The BIOS's own root pointer is preferred to the loader's copy (multiboot 2), which lies in memory
 * that will be given away. */
static void find_rsdp(struct boot_info *out)
{
	const uint16_t *segment = phys_ptr(EBDA_SEGMENT, sizeof *segment);
	uint64_t ebda = segment ? (uint64_t)*segment << 4 : 0;
	uint64_t rsdp = ebda ? scan_rsdp(ebda, ebda + EBDA_BYTES) : 0;
	if (!rsdp)
		rsdp = scan_rsdp(BIOS_START, BIOS_END);
	if (rsdp)
		out->rsdp = rsdp;
}

bool multiboot_parse(uint32_t magic, const void *info, struct boot_info *out)
{
	uint64_t pa = (uintptr_t)info - phys_base;
	memset(out, 0, sizeof *out);
	out->cmdline = "";
	raws = 0;
	if (magic != MB1_MAGIC && magic != MB2_MAGIC) {
		log_line("boot: unknown boot protocol, magic number %x", magic);
		return false;
	}
	if (!(magic == MB1_MAGIC ? parse_mb1(pa, out) : parse_mb2(pa, out)))
		return false;
	find_rsdp(out);
	return sort_ranges(out);
}
