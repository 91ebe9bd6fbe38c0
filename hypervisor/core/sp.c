/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of spaces, slots of object spaces, and capability lookup.
 */
#include <arch/iommu.h>
#include <arch/pagetable.h>
#include <arch/ports.h>
#include <core/pd.h>
#include <core/sp.h>
#include <core/sync.h>

#define SLOT_DIRECTORY (VELA_SEL_MAX / SLOTS_PER_PAGE)
_Static_assert(SLOT_DIRECTORY * sizeof(cap_t *) == PAGE_SIZE, "the directory is one page");

void sp_attach(struct sp *sp, struct sp_use *use, struct object *user)
{
	use->sp = sp;
	use->user = user;
	list_init(&use->link);
	if (!sp)
		return;
	spin_lock(&sp->lock);
	list_insert(&sp->users, &use->link);
	spin_unlock(&sp->lock);
}

void sp_detach(struct sp_use *use)
{
	if (!use->sp)
		return;
	spin_lock(&use->sp->lock);
	list_remove(&use->link);
	spin_unlock(&use->sp->lock);
}

static unsigned bitmap_order(const struct sp *sp)
{
	return sp->type == VELA_SP_PIO ? PIO_ORDER : MSR_ORDER;
}

static bool sp_init(struct sp *sp, struct pd *payer)
{
	switch (sp->type) {
	case VELA_SP_OBJ:
		sp->slots = pd_alloc_pages(payer, 0);
		return sp->slots;
	case VELA_SP_HST:
	case VELA_SP_GST:
	case VELA_SP_DMA:
		return pagetable_init(sp);
	default:
		sp->bitmap = pd_alloc_pages(payer, bitmap_order(sp));
		if (sp->bitmap)
			ports_init(sp);
		return sp->bitmap;
	}
}

enum vela_status sp_create(struct pd *payer, const uint64_t *params, struct object **out)
{
	uint64_t type = params[VELA_SP_TYPE];
	if (type > VELA_SP_DMA)
		return VELA_BAD_ARG;
	struct sp *sp = pd_alloc(payer, sizeof *sp);
	if (!sp)
		return VELA_NO_MEMORY;
	sp->type = (enum vela_space)type;
	sp->object.owner = payer;
	list_init(&sp->users);
	enum vela_status s = type == VELA_SP_DMA ? iommu_space_init(sp) : VELA_OK;
	if (!s && !sp_init(sp, payer)) {
		s = VELA_NO_MEMORY;
		iommu_space_end(sp);
	}
	if (s)
		pd_free(payer, sp, sizeof *sp);
	else
		*out = &sp->object;
	return s;
}

/* Frees a bounded number of slot pages; true when all are gone. */
static bool slots_free_step(struct sp *sp, struct pd *payer)
{
	for (unsigned n = 0; n < 64; n++) {
		if (sp->reap_at == SLOT_DIRECTORY) {
			pd_free_pages(payer, sp->slots, 0);
			return true;
		}
		pd_free_pages(payer, sp->slots[sp->reap_at++], 0);
	}
	return false;
}

struct object *sp_first_user(struct sp *sp)
{
	if (sp->type == VELA_SP_DMA)
		return NULL;
	spin_lock(&sp->lock);
	struct object *user = list_empty(&sp->users)
				      ? NULL
				      : container_of(sp->users.next, struct sp_use, link)->user;
	spin_unlock(&sp->lock);
	return user;
}

bool sp_free_step(struct sp *sp)
{
	struct pd *payer = sp->object.owner;
	bool gone = true;
	/* The others have stopped using it when it was condemned and when its users were destroyed.
	 */
	arch_sync(cpu_self());
	if (sp->type == VELA_SP_OBJ)
		gone = slots_free_step(sp, payer);
	else if (sp->type == VELA_SP_DMA)
		gone = !dc_release(sp) && pagetable_free_step(sp);
	else if (sp->type == VELA_SP_HST || sp->type == VELA_SP_GST)
		gone = pagetable_free_step(sp);
	else if (sp->type != VELA_SP_PHYS)
		pd_free_pages(payer, sp->bitmap, bitmap_order(sp));
	if (!gone)
		return false;
	iommu_space_end(sp);
	object_retire(&sp->object);
	pd_free(payer, sp, sizeof *sp);
	return true;
}

cap_t *sp_slot_place(struct sp *obj, uint64_t sel)
{
	cap_t **entry = &obj->slots[sel / SLOTS_PER_PAGE];
	if (!*entry) {
		cap_t *page = pd_alloc_pages(obj->object.owner, 0);
		if (!page)
			return NULL;
		spin_lock(&obj->lock);
		if (!*entry) {
			/* Pairs with the acquire in sp_slot: the page is zeroed first. */
			__atomic_store_n(entry, page, __ATOMIC_RELEASE);
			page = NULL;
		}
		spin_unlock(&obj->lock);
		pd_free_pages(obj->object.owner, page, 0);
	}
	return &(*entry)[sel % SLOTS_PER_PAGE];
}

enum vela_status cap_check(cap_t cap, unsigned kind, unsigned rights, struct object **out)
{
	struct object *o = cap_object(cap);
	if (!o || o->dying)
		return VELA_BAD_CAP;
	if (kind != VELA_KIND_NULL && CAP_KIND(cap) != kind)
		return VELA_BAD_KIND;
	if (~CAP_RIGHTS(cap) & rights)
		return VELA_NO_RIGHT;
	*out = o;
	return VELA_OK;
}

enum vela_status cap_lookup(const struct sp *obj, uint64_t sel, unsigned kind, unsigned rights,
			    struct object **out)
{
	return cap_check(sp_slot(obj, sel), kind, rights, out);
}

enum vela_status cap_lookup_sp(const struct sp *obj, uint64_t sel, unsigned types, unsigned rights,
			       struct sp **out)
{
	struct object *o;
	enum vela_status s = cap_lookup(obj, sel, VELA_KIND_SP, rights, &o);
	if (s)
		return s;
	*out = container_of(o, struct sp, object);
	return types & 1u << (*out)->type ? VELA_OK : VELA_BAD_KIND;
}
