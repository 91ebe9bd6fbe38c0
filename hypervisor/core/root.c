/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the root process. Its image is mapped where the boot loader put it, so each segment must
 * be page aligned and as long in the file as in memory.
 */
#include <arch/pagetable.h>
#include <arch/ports.h>
#include <core/cpu.h>
#include <core/ec.h>
#include <core/log.h>
#include <core/pd.h>
#include <core/root.h>
#include <core/sc.h>

#define ROOT_PRIORITY	100u
#define ROOT_TIMESLICE	10000u /* microseconds */
#define ALL_BUT_DESTROY (VELA_RIGHTS_ALL & ~VELA_RIGHT_DESTROY)

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define ELF_LOAD 1u
#define ELF_X	 1u
#define ELF_W	 2u

static struct sp *root_space(enum vela_space type)
{
	uint64_t params[VELA_SP_PARAMS] = { type };
	struct object *o;
	if (sp_create(&root_pd, params, &o))
		panic("no memory for the root's spaces");
	object_publish(o, VELA_KIND_SP, &root_pd);
	return container_of(o, struct sp, object);
}

/* PHYS has no table: what it allows is what the kernel does not own. */
static struct sp *root_phys(void)
{
	struct sp *sp = pd_alloc(&root_pd, sizeof *sp);
	sp->type = VELA_SP_PHYS;
	list_init(&sp->users);
	object_publish(&sp->object, VELA_KIND_SP, &root_pd);
	return sp;
}

static void put(struct sp *obj, uint64_t sel, struct object *o)
{
	cap_t *slot = sp_slot_place(obj, sel);
	if (!slot)
		panic("no memory for the root's capabilities");
	*slot = object_cap(o, ALL_BUT_DESTROY);
}

static void map_segment(struct sp *phys, struct sp *hst, uint64_t pa, const struct elf_segment *s)
{
	unsigned rights = VELA_MEM_R | (s->flags & ELF_W ? VELA_MEM_W : 0) |
			  (s->flags & ELF_X ? VELA_MEM_X : 0);
	if ((pa | s->vaddr) % PAGE_SIZE || s->filesz != s->memsz ||
	    rights == (VELA_MEM_R | VELA_MEM_W | VELA_MEM_X))
		panic("root process: segment at %lx is unaligned, has bss, or is both W and X",
		      s->vaddr);
	uint64_t pages = align_up(s->filesz, PAGE_SIZE) / PAGE_SIZE;
	for (uint64_t at = 0, done; at < pages; at += done) {
		if (sp_map(phys, hst, pa / PAGE_SIZE + at, s->vaddr / PAGE_SIZE + at, pages - at,
			   rights, &done))
			panic("root process: cannot map its segment at %lx", s->vaddr);
	}
}

static uint64_t load(struct sp *phys, struct sp *hst, const void *elf, uint64_t pa, uint64_t bytes)
{
	const struct elf_header *h = elf;
	if (bytes < sizeof *h || memcmp(h->ident, "\177ELF\2\1", 6) != 0 ||
	    h->phentsize != sizeof(struct elf_segment) || h->phoff > bytes ||
	    h->phnum * sizeof(struct elf_segment) > bytes - h->phoff)
		panic("the first boot module is not a 64-bit ELF program");
	const struct elf_segment *s = (const void *)((const char *)elf + h->phoff);
	for (unsigned i = 0; i < h->phnum; i++) {
		if (s[i].type != ELF_LOAD || !s[i].memsz)
			continue;
		if (s[i].offset > bytes || s[i].filesz > bytes - s[i].offset)
			panic("root process: the file is shorter than its segments");
		map_segment(phys, hst, pa + s[i].offset, &s[i]);
	}
	return h->entry;
}

static void publish_shares(struct sp *obj)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		struct cp *cp = pd_alloc(&root_pd, sizeof *cp);
		if (!cp)
			panic("no memory for the root's CPU shares");
		cp_init(cp, i);
		object_publish(&cp->object, VELA_KIND_CP, &root_pd);
		put(obj, VELA_ROOT_CP + i, &cp->object);
	}
}

/* The first thread and its time, on this CPU. */
static void start(struct sp *obj, struct sp *hst, struct sp *pio, uint64_t entry)
{
	uint64_t words[VELA_EC_PARAMS] = {
		[VELA_EC_UTCB] = VELA_UTCB_VA,	  [VELA_EC_IP] = entry,
		[VELA_EC_STACK] = VELA_STACK_TOP, [VELA_EC_ARG] = VELA_INFO_VA,
		[VELA_EC_TLS] = VELA_TLS_TP,
	};
	struct ec_params p = { obj, hst, pio, words };
	struct object *ec, *sc;
	if (ec_create(&root_pd, &p, &ec))
		panic("no memory for the root's thread");
	object_publish(ec, VELA_KIND_EC, &root_pd);
	put(obj, VELA_ROOT_EC, ec);
	uint64_t time[VELA_SC_PARAMS] = {
		[VELA_SC_PRIORITY] = ROOT_PRIORITY, [VELA_SC_BUDGET] = ROOT_TIMESLICE
	};
	struct object *cp = cap_object(sp_slot(obj, VELA_ROOT_CP));
	if (sc_create(&root_pd, container_of(cp, struct cp, object),
		      container_of(ec, struct ec, object), time, &sc))
		panic("no memory for the root's scheduling context");
	object_publish(sc, VELA_KIND_SC, &root_pd);
	put(obj, VELA_ROOT_SC, sc);
	mail_send(cpu_self(), &container_of(sc, struct sc, object)->mail, MAIL_START);
}

void root_create(struct vela_info *info, const void *elf, uint64_t elf_pa, uint64_t elf_bytes)
{
	struct sp *obj = root_space(VELA_SP_OBJ), *hst = root_space(VELA_SP_HST);
	struct sp *pio = root_space(VELA_SP_PIO), *msr = root_space(VELA_SP_MSR);
	struct sp *phys = root_phys();
	struct object *hw = pd_alloc(&root_pd, sizeof *hw);
	object_publish(hw, VELA_KIND_HW, &root_pd);
	ports_allow_root(pio, msr);
	put(obj, VELA_ROOT_PD, &root_pd.object);
	put(obj, VELA_ROOT_OBJ, &obj->object);
	put(obj, VELA_ROOT_HST, &hst->object);
	put(obj, VELA_ROOT_PIO, &pio->object);
	put(obj, VELA_ROOT_MSR, &msr->object);
	put(obj, VELA_ROOT_PHYS, &phys->object);
	put(obj, VELA_ROOT_HW, hw);
	publish_shares(obj);
	for (unsigned i = 0; i < VELA_INFO_PAGES; i++) {
		if (pagetable_set_kernel(hst, VELA_INFO_VA + i * PAGE_SIZE,
					 (char *)info + i * PAGE_SIZE, VELA_MEM_R))
			panic("no memory for the information area");
	}
	start(obj, hst, pio, load(phys, hst, elf, elf_pa, elf_bytes));
}
