/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quota accounting and the slabs. A slab is one page: a header and equal slots; it lies in its
 * PD's list while it has a free slot, and goes back to the pool when its last object goes.
 */
#include <core/pd.h>
#include <core/pool.h>

struct slab {
	struct list link;
	void *free; /* stack of free slots, linked through their first word */
	uint32_t used;
};

#define SLAB_HEADER 64u

struct pd root_pd;

static void pd_setup(struct pd *pd, uint64_t quota)
{
	pd->quota = quota;
	list_init(&pd->objects);
	for (unsigned i = 0; i < SLAB_CLASSES; i++)
		list_init(&pd->slabs[i]);
}

void pd_init(void)
{
	pd_setup(&root_pd, pool_pages_free());
	object_publish(&root_pd.object, VELA_KIND_PD, &root_pd);
}

/* Size class of an object, SLAB_CLASSES when it takes whole pages. */
static unsigned slab_class(size_t bytes)
{
	unsigned c = 0;
	while (c < SLAB_CLASSES && bytes > SLAB_MIN << c)
		c++;
	return c;
}

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;
	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

static void *quota_take(struct pd *pd, unsigned order)
{
	if (pd->quota - pd->used < 1ul << order)
		return NULL;
	void *block = pool_alloc(order);
	if (block)
		pd->used += 1ul << order;
	return block;
}

static struct slab *slab_new(struct pd *pd, unsigned c)
{
	char *page = quota_take(pd, 0);
	if (!page)
		return NULL;
	struct slab *s = (struct slab *)page;
	for (size_t at = SLAB_HEADER; at + (SLAB_MIN << c) <= PAGE_SIZE; at += SLAB_MIN << c) {
		*(void **)(page + at) = s->free;
		s->free = page + at;
	}
	list_insert(&pd->slabs[c], &s->link);
	return s;
}

static void *slab_alloc(struct pd *pd, unsigned c)
{
	struct slab *s = list_empty(&pd->slabs[c])
				 ? slab_new(pd, c)
				 : container_of(pd->slabs[c].next, struct slab, link);
	if (!s)
		return NULL;
	void *slot = s->free;
	s->free = *(void **)slot;
	s->used++;
	if (!s->free)
		list_remove(&s->link);
	return memset(slot, 0, SLAB_MIN << c);
}

static void slab_free(struct pd *pd, void *slot, unsigned c)
{
	struct slab *s = (struct slab *)align_down((uint64_t)slot, PAGE_SIZE);
	if (!s->free)
		list_insert(&pd->slabs[c], &s->link);
	*(void **)slot = s->free;
	s->free = slot;
	if (--s->used == 0) {
		list_remove(&s->link);
		pool_free(s, 0);
		pd->used--;
	}
}

void *pd_alloc(struct pd *pd, size_t bytes)
{
	unsigned c = slab_class(bytes);
	spin_lock(&pd->lock);
	void *o = c < SLAB_CLASSES ? slab_alloc(pd, c) : quota_take(pd, order_of(bytes));
	spin_unlock(&pd->lock);
	return o;
}

void pd_free(struct pd *pd, void *object, size_t bytes)
{
	unsigned c = slab_class(bytes);
	if (c == SLAB_CLASSES) {
		pd_free_pages(pd, object, order_of(bytes));
		return;
	}
	spin_lock(&pd->lock);
	slab_free(pd, object, c);
	spin_unlock(&pd->lock);
}

void *pd_alloc_pages(struct pd *pd, unsigned order)
{
	spin_lock(&pd->lock);
	void *block = quota_take(pd, order);
	spin_unlock(&pd->lock);
	return block;
}

void pd_free_pages(struct pd *pd, void *block, unsigned order)
{
	if (!block)
		return;
	pool_free(block, order);
	spin_lock(&pd->lock);
	pd->used -= 1ul << order;
	spin_unlock(&pd->lock);
}

bool pd_fund(struct pd *dst, struct pd *src, uint64_t pages)
{
	spin_lock(&src->lock);
	bool enough = pages <= src->quota - src->used;
	if (enough)
		src->quota -= pages;
	spin_unlock(&src->lock);
	if (!enough)
		return false;
	spin_lock(&dst->lock);
	dst->quota += pages;
	spin_unlock(&dst->lock);
	return true;
}

enum vela_status pd_create(struct pd *payer, const uint64_t *params, struct object **out)
{
	if (payer->depth == PD_DEPTH_MAX)
		return VELA_OVERFLOW;
	struct pd *pd = pd_alloc(payer, sizeof *pd);
	if (!pd)
		return VELA_NO_MEMORY;
	pd_setup(pd, 0);
	pd->depth = payer->depth + 1;
	if (!pd_fund(pd, payer, params[VELA_PD_PAGES])) {
		pd_free(payer, pd, sizeof *pd);
		return VELA_NO_MEMORY;
	}
	*out = &pd->object;
	return VELA_OK;
}

struct object *pd_first(struct pd *pd)
{
	spin_lock(&pd->lock);
	struct object *first = list_empty(&pd->objects)
				       ? NULL
				       : container_of(pd->objects.next, struct object, owned);
	spin_unlock(&pd->lock);
	return first;
}

void pd_end(struct pd *pd)
{
	struct pd *payer = pd->object.owner;
	pd_fund(payer, pd, pd->quota);
	object_retire(&pd->object);
	pd_free(payer, pd, sizeof *pd);
}
