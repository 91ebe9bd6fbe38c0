/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all kernel objects share, and capabilities. A capability is one 64-bit slot that names its
 * object weakly: {index of a handle, generation, rights, kind}. It is live while the handle's
 * generation is still the slot's; revoking all copies is one store. Handles are never unmapped, so
 * that a stale index is always safe to follow; objects are freed only after every CPU has left the
 * kernel once (sync.h).
 */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include <core/lib.h>
#include <vela/types.h>

struct pd;

struct object {
	uint8_t kind; /* enum vela_kind */
	bool dying;   /* destruction has begun: only destroy may still find it */
	uint32_t handle;
	struct pd *owner;  /* pays for it and destroys it */
	struct list owned; /* in owner->objects, under owner->lock */
};

typedef uint64_t cap_t;

#define CAP_HANDLE_BITS 26u
#define CAP_NAME_MASK	((1ull << 52) - 1) /* handle index and generation */
#define CAP_RIGHTS(c)	((unsigned)((c) >> 52 & 0xff))
#define CAP_KIND(c)	((unsigned)((c) >> 60))

/* {generation, index} as it stands in the low 52 bits of live slots. */
struct handle {
	uint64_t name;
	struct object *object;
};

extern struct handle *handles;

/* The live object a slot names, or NULL. Valid until this CPU leaves the kernel. */
static inline struct object *cap_object(cap_t cap)
{
	struct handle *h = &handles[cap & ((1u << CAP_HANDLE_BITS) - 1)];
	if (!cap || __atomic_load_n(&h->name, __ATOMIC_ACQUIRE) != (cap & CAP_NAME_MASK))
		return NULL;
	return h->object;
}

/* Reserves the handle table for a pool of this many pages; called once at boot. */
bool object_init(uint64_t pool_pages);

/* Gives o its handle and enters it into its owner's list. Cannot fail: a PD's quota bounds how
 * many objects it can hold (pd.c asserts it against the table). */
void object_publish(struct object *o, unsigned kind, struct pd *owner);

/* Makes every capability to o die; the object itself stays. False, and nothing done, when its
 * handle has had all its generations: only the object's end is left to it. */
bool object_revoke(struct object *o);

/* The same, for good: no new capability to o will be made. */
void object_bury(struct object *o);

/* Takes o out of its owner's list and its handle, which is buried, out of use. */
void object_retire(struct object *o);

/* A capability to o with these rights. */
static inline cap_t object_cap(const struct object *o, unsigned rights)
{
	return handles[o->handle].name | (cap_t)rights << 52 | (cap_t)o->kind << 60;
}

#endif
