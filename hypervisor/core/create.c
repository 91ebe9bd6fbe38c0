/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The create hypercall: looks up what the new object refers to, has its kind's module build it, and
 * publishes it in the caller's slot. Nothing is visible before the last check has passed.
 */
#include <core/calls.h>
#include <core/dc.h>
#include <core/destroy.h>
#include <core/pd.h>
#include <core/pt.h>
#include <core/sc.h>
#include <core/sm.h>
#include <core/vc.h>

#define SP_BIT(type) (1u << VELA_SP_##type)

/* An optional space: selector 0 gives NULL. */
static enum vela_status optional_sp(const struct sp *obj, uint64_t sel, unsigned types,
				    struct sp **out)
{
	*out = NULL;
	return sel ? cap_lookup_sp(obj, sel, types, VELA_SP_ASSIGN, out) : VELA_OK;
}

static enum vela_status create_ec(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct ec_params p = { .words = w };
	enum vela_status s =
		cap_lookup_sp(self->obj, w[VELA_EC_OBJ], SP_BIT(OBJ), VELA_SP_ASSIGN, &p.obj);
	if (!s)
		s = cap_lookup_sp(self->obj, w[VELA_EC_HST], SP_BIT(HST), VELA_SP_ASSIGN, &p.hst);
	if (!s)
		s = optional_sp(self->obj, w[VELA_EC_PIO], SP_BIT(PIO), &p.pio);
	return s ? s : ec_create(pd, &p, out);
}

static enum vela_status create_vc(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct vc_params p = { .words = w };
	enum vela_status s =
		cap_lookup_sp(self->obj, w[VELA_VC_HST], SP_BIT(HST), VELA_SP_ASSIGN, &p.hst);
	if (!s)
		s = cap_lookup_sp(self->obj, w[VELA_VC_GST], SP_BIT(GST), VELA_SP_ASSIGN, &p.gst);
	if (!s)
		s = optional_sp(self->obj, w[VELA_VC_PIO], SP_BIT(PIO), &p.pio);
	if (!s)
		s = optional_sp(self->obj, w[VELA_VC_MSR], SP_BIT(MSR), &p.msr);
	return s ? s : vc_create(pd, &p, out);
}

static enum vela_status create_sc(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct object *cp, *ec;
	enum vela_status s = cap_lookup(self->obj, w[VELA_SC_CP], VELA_KIND_CP, VELA_CP_USE, &cp);
	if (!s)
		s = cap_lookup(self->obj, w[VELA_SC_EC], VELA_KIND_EC, VELA_EC_BIND_SC, &ec);
	if (s)
		return s;
	if (!cp_alive(container_of(cp, struct cp, object)))
		return VELA_BAD_CAP;
	return sc_create(pd, container_of(cp, struct cp, object),
			 container_of(ec, struct ec, object), w, out);
}

static enum vela_status create_pt(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct object *ec;
	enum vela_status s =
		cap_lookup(self->obj, w[VELA_PT_EC], VELA_KIND_EC, VELA_EC_BIND_PT, &ec);
	return s ? s : pt_create(pd, container_of(ec, struct ec, object), w, out);
}

static enum vela_status create_cp(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct object *cp;
	enum vela_status s =
		cap_lookup(self->obj, w[VELA_CP_PARENT], VELA_KIND_CP, VELA_CP_DERIVE, &cp);
	if (s)
		return s;
	if (!cp_alive(container_of(cp, struct cp, object)))
		return VELA_BAD_CAP;
	return cp_create(pd, container_of(cp, struct cp, object), w, out);
}

static enum vela_status create_dc(struct ec *self, struct pd *pd, const uint64_t *w,
				  struct object **out)
{
	struct object *hw;
	enum vela_status s = cap_lookup(self->obj, w[VELA_DC_HW], VELA_KIND_HW, VELA_HW_IRQ, &hw);
	return s ? s : dc_create(pd, w, out);
}

static enum vela_status create_kind(struct ec *self, struct pd *pd, unsigned kind,
				    const uint64_t *w, struct object **out)
{
	switch (kind) {
	case VELA_KIND_PD:
		return pd_create(pd, w, out);
	case VELA_KIND_SP:
		return sp_create(pd, w, out);
	case VELA_KIND_EC:
		return create_ec(self, pd, w, out);
	case VELA_KIND_VC:
		return create_vc(self, pd, w, out);
	case VELA_KIND_SC:
		return create_sc(self, pd, w, out);
	case VELA_KIND_PT:
		return create_pt(self, pd, w, out);
	case VELA_KIND_SM:
		return sm_create(pd, w, out);
	case VELA_KIND_CP:
		return create_cp(self, pd, w, out);
	case VELA_KIND_DC:
		return create_dc(self, pd, w, out);
	default:
		return VELA_BAD_KIND;
	}
}

enum vela_status sys_create(struct cpu *, struct ec *self, struct args *a)
{
	struct object *payer, *o;
	uint64_t w[VELA_EC_PARAMS];
	_Static_assert(VELA_EC_PARAMS >= VELA_VC_PARAMS, "the longest parameter list");
	if (!a->a || a->a >= VELA_SEL_MAX)
		return VELA_BAD_ARG;
	enum vela_status s = cap_lookup(self->obj, a->b, VELA_KIND_PD, VELA_PD_CREATE, &payer);
	if (s)
		return s;
	cap_t cap, old = sp_slot(self->obj, a->a);
	if (cap_object(old))
		return VELA_BUSY;
	cap_t *slot = sp_slot_place(self->obj, a->a);
	if (!slot)
		return VELA_NO_MEMORY;
	/* The UTCB is the process's to change at any time: every word is read once. */
	for (unsigned i = 0; i < VELA_EC_PARAMS; i++)
		w[i] = __atomic_load_n(&self->utcb[i], __ATOMIC_RELAXED);
	s = create_kind(self, container_of(payer, struct pd, object), a->flags, w, &o);
	if (s)
		return s;
	object_publish(o, a->flags, container_of(payer, struct pd, object));
	cap = object_cap(o, VELA_RIGHTS_ALL);
	if (!__atomic_compare_exchange_n(slot, &old, cap, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED)) {
		/* Another CPU was first; nothing but cap leads to the object. */
		while (!object_destroy(o, cap))
			;
		return VELA_BUSY;
	}
	if (o->kind == VELA_KIND_SC) {
		struct sc *sc = container_of(o, struct sc, object);
		mail_send(cpus[sc->cpu], &sc->mail, MAIL_START);
	}
	return VELA_OK;
}
