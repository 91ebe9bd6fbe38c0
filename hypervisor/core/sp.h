/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spaces: capabilities (OBJ), memory (HST, GST, DMA, PHYS), ports (PIO) and MSRs. A thread, virtual
 * CPU or device uses spaces through sp_use; one that is destroyed takes its users with it, so no
 * thread outlives a space it runs in; devices stay and are blocked.
 */
#ifndef CORE_SP_H
#define CORE_SP_H

#include <core/object.h>
#include <core/spinlock.h>
#include <vela/hypercall.h>

#define SLOTS_PER_PAGE 512u

struct sp {
	struct object object;
	enum vela_space type;
	struct spinlock lock; /* page tables, slot pages, users; taken before pd->lock */
	struct list users;    /* struct sp_use */
	uint32_t domain;      /* DMA: its identity to the IOMMU */
	uint32_t tlb_gen;     /* GST: grows whenever a nested translation was taken away */
	union {
		cap_t **slots;	 /* OBJ: page of pointers to pages of slots */
		uint64_t *root;	 /* HST, GST, DMA: top page table */
		uint8_t *bitmap; /* PIO, MSR: a set bit forbids */
	};
	uint32_t reap_at; /* HST, GST, DMA, OBJ: how far destruction has come */
};

/* One use of a space, part of the EC or VC that uses it. */
struct sp_use {
	struct list link;
	struct object *user;
	struct sp *sp;
};

void sp_attach(struct sp *sp, struct sp_use *use, struct object *user);
void sp_detach(struct sp_use *use);

enum vela_status sp_create(struct pd *payer, const uint64_t *params, struct object **out);

/* A thread or VC that uses it, NULL when none does any more; devices do not count. */
struct object *sp_first_user(struct sp *sp);

/* Frees a bounded part of a space without users; true when it is gone. */
bool sp_free_step(struct sp *sp);

/* The slot of a selector, or an empty one; *slot is read once. */
static inline cap_t sp_slot(const struct sp *obj, uint64_t sel)
{
	if (sel >= VELA_SEL_MAX)
		return 0;
	const cap_t *page = __atomic_load_n(&obj->slots[sel / SLOTS_PER_PAGE], __ATOMIC_ACQUIRE);
	return page ? __atomic_load_n(&page[sel % SLOTS_PER_PAGE], __ATOMIC_RELAXED) : 0;
}

/* The slot's place, its page allocated when missing; NULL when the quota is used up. */
cap_t *sp_slot_place(struct sp *obj, uint64_t sel);

/* Looks up a selector: the object must live, be of this kind, and the capability hold all rights.
 * kind VELA_KIND_NULL takes any. Valid until this CPU leaves the kernel. */
enum vela_status cap_lookup(const struct sp *obj, uint64_t sel, unsigned kind, unsigned rights,
			    struct object **out);

/* The same for a capability already read from its slot, which others may change at any time. */
enum vela_status cap_check(cap_t cap, unsigned kind, unsigned rights, struct object **out);

/* Same for a space, whose type is in the mask (bit per enum vela_space). */
enum vela_status cap_lookup_sp(const struct sp *obj, uint64_t sel, unsigned types, unsigned rights,
			       struct sp **out);

/* One call of map or grant: at most VELA_LEAVES_MAX steps, *done says how many. */
enum vela_status sp_map(struct sp *src, struct sp *dst, uint64_t sbase, uint64_t dbase,
			uint64_t count, unsigned rights, uint64_t *done);
enum vela_status sp_grant(struct sp *src, struct sp *dst, uint64_t sbase, uint64_t dbase,
			  uint64_t count, unsigned rights, uint64_t *done);

/* After translations of sp were taken away: returns when no CPU, and of a DMA
 * space no device, can use them any more. */
void sp_flush(struct sp *sp);

#endif
