/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs and services that come and go, at the two ends of their links: who is told what, who holds
 * the other's semaphore, and whether a VM's services are ready for it.
 */
#ifndef ROOT_CONNECT_H
#define ROOT_CONNECT_H

#include "lifecycle.h"

/* After its start, and after its end. */
void connect_vm(struct lifecycle *life, struct vm *vm);
void disconnect_vm(struct lifecycle *life, struct vm *vm);

/* After its start, and when it stays stopped. */
void connect_service(struct lifecycle *life, struct service *service);
void disconnect_service(struct lifecycle *life, struct service *service);

enum readiness {
	LINKS_READY,
	LINKS_WAIT,    /* *deadline_ns was lowered to when to look again */
	LINKS_REFUSED, /* the reason was reported */
};
enum readiness links_ready(struct lifecycle *life, const struct vm *vm, uint64_t *deadline_ns);

#endif
