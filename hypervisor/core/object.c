/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handle table. A free handle's object pointer is NULL; free handles form a stack through their
 * name field. A handle whose generation would wrap is retired for good.
 */
#include <core/log.h>
#include <core/object.h>
#include <core/pd.h>
#include <core/pool.h>
#include <core/spinlock.h>

#define GENERATION_ONE (1ull << CAP_HANDLE_BITS)

struct handle *handles;

static struct spinlock handle_lock; /* protects the free stack; innermost */
static uint32_t handle_free;	    /* top of the stack, 0 when empty */
static uint64_t *handle_stack_next; /* generation kept while free, link in a table of its own */

bool object_init(uint64_t pool_pages)
{
	uint64_t count = pool_pages * OBJECTS_PER_PAGE;
	handles = pool_alloc_run(count * (sizeof(struct handle) + sizeof(uint64_t)));
	if (!handles)
		return false;
	handle_stack_next = (uint64_t *)(handles + count);
	for (uint32_t i = (uint32_t)count - 1; i > 0; i--) {
		handles[i].name = GENERATION_ONE | i;
		handle_stack_next[i] = handle_free;
		handle_free = i;
	}
	return true;
}

void object_publish(struct object *o, unsigned kind, struct pd *owner)
{
	o->kind = (uint8_t)kind;
	o->owner = owner;
	spin_lock(&handle_lock);
	uint32_t index = handle_free;
	if (!index)
		panic("handle table is empty: quota accounting is wrong");
	handle_free = (uint32_t)handle_stack_next[index];
	spin_unlock(&handle_lock);
	o->handle = index;
	spin_lock(&owner->lock);
	list_insert(&owner->objects, &o->owned);
	owner->object_count++;
	spin_unlock(&owner->lock);
	/* Pairs with the acquire in cap_object: who finds the name finds the object complete. */
	__atomic_store_n(&handles[index].object, o, __ATOMIC_RELEASE);
}

/* Generation 0 is that of dead handles: no capability ever has it, and it is never left. */
static void next_generation(struct handle *h)
{
	if (h->name >= GENERATION_ONE)
		__atomic_store_n(&h->name, (h->name + GENERATION_ONE) & CAP_NAME_MASK,
				 __ATOMIC_SEQ_CST);
}

bool object_revoke(struct object *o)
{
	struct handle *h = &handles[o->handle];
	if (((h->name + GENERATION_ONE) & CAP_NAME_MASK) < GENERATION_ONE)
		return false;
	next_generation(h);
	return true;
}

void object_bury(struct object *o)
{
	next_generation(&handles[o->handle]);
}

void object_retire(struct object *o)
{
	object_bury(o);
	spin_lock(&o->owner->lock);
	list_remove(&o->owned);
	o->owner->object_count--;
	spin_unlock(&o->owner->lock);
	handles[o->handle].object = NULL;
	if (handles[o->handle].name < GENERATION_ONE)
		return; /* wrapped: old copies would come alive again */
	spin_lock(&handle_lock);
	handle_stack_next[o->handle] = handle_free;
	handle_free = o->handle;
	spin_unlock(&handle_lock);
}
