/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work one CPU asks of another. Each object that can be the subject carries one mail node; the
 * sender sets operation bits and links the node into the target's list, so nothing is allocated and
 * nothing can be lost. A CPU reads its mail in the inter-processor interrupt and while it waits in
 * sync_cpus.
 */
#ifndef CORE_MAIL_H
#define CORE_MAIL_H

#include <stdint.h>

struct cpu;

enum mail_kind { MAIL_EC, MAIL_SC, MAIL_VC };

#define MAIL_WAKE   1u	/* EC: its semaphore was upped or died */
#define MAIL_STOP   2u	/* EC: stop it */
#define MAIL_RESUME 4u	/* EC: let it go on */
#define MAIL_REAP   8u	/* EC, SC, VC: take it out of all this CPU knows; it will be freed */
#define MAIL_START  16u /* SC: make it ready */

struct mail {
	struct mail *next;
	uint32_t ops; /* under the target's mail_lock */
	uint8_t kind;
	bool queued;
};

/* Asks target to do ops for m's object; does it at once when target is this CPU. */
void mail_send(struct cpu *target, struct mail *m, unsigned ops);

/* Does what others have asked of this CPU. */
void mail_read(struct cpu *cpu);

#endif
