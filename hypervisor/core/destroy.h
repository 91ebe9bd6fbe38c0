/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destruction, in bounded steps under one lock. The first step makes the object unreachable, waits
 * for the other CPUs, and later ones give its memory back.
 */
#ifndef CORE_DESTROY_H
#define CORE_DESTROY_H

#include <core/object.h>

/* The hypercall's body: some steps on the object cap names; true when it is gone, false when it
 * must be called again. */
bool object_destroy(struct object *o, cap_t cap);

#endif
