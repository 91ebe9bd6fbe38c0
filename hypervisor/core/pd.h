/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protection domain: owns objects and pays for them from a quota of kernel memory. The quota is
 * reserved, not promised: a child's pages are taken out of its parent's unused ones, so a page
 * within quota is always there. Small objects come from slabs that belong to the PD, so that one
 * PD's churn never fragments another's memory.
 */
#ifndef CORE_PD_H
#define CORE_PD_H

#include <core/object.h>
#include <core/spinlock.h>
#include <vela/hypercall.h>

#define SLAB_CLASSES	 3u
#define SLAB_MIN	 256u
#define PD_DEPTH_MAX	 16u /* bounds the walk to the innermost object in destruction */
#define OBJECTS_PER_PAGE 15u /* of the smallest class: bounds the handle table */

struct pd {
	struct object object;
	struct spinlock lock; /* protects all below; taken before the pool's and handles' locks */
	struct list objects;  /* what it owns, child PDs included */
	uint64_t object_count;
	uint64_t quota, used; /* pages */
	unsigned depth;	      /* of nesting below the root PD */
	struct list slabs[SLAB_CLASSES];
};

extern struct pd root_pd;

/* Makes the root PD, which owns everything the pool has free. */
void pd_init(void);

/* A zeroed object of so many bytes, charged to pd; NULL when the quota is used up. */
void *pd_alloc(struct pd *pd, size_t bytes);
void pd_free(struct pd *pd, void *object, size_t bytes);

/* 2^order pages, charged to pd. */
void *pd_alloc_pages(struct pd *pd, unsigned order);
void pd_free_pages(struct pd *pd, void *block, unsigned order);

/* Moves unused quota; false when src has less. */
bool pd_fund(struct pd *dst, struct pd *src, uint64_t pages);

/* Create: parameters as in abi; NO_MEMORY when the payer lacks the quota. */
enum vela_status pd_create(struct pd *payer, const uint64_t *params, struct object **out);

/* What it owns, one object at a time; NULL when nothing is left. */
struct object *pd_first(struct pd *pd);

/* Ends a PD that owns nothing any more; its quota goes back to its owner. */
void pd_end(struct pd *pd);

#endif
