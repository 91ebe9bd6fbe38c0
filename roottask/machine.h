/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as a whole: its one-line description, its clock, its end. */
#ifndef ROOT_MACHINE_H
#define ROOT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <vela/info.h>

/* What to do at the end, from the root task's command line. */
struct machine_options {
	uint64_t qemu_exit;	 /* port of QEMU's isa-debug-exit device, 0: none */
	bool exit_when_idle;	 /* end when no VM runs or waits for its restart */
	bool exit_on_guest_exit; /* end when a guest used its debug-exit port */
};

/* Values for the debug-exit device; QEMU's own status is twice the value plus one. */
#define MACHINE_CLEAN	    0x10u
#define MACHINE_FAILED	    0x11u /* the root task gave up */
#define MACHINE_GUEST_ERROR 0x12u /* exit-on-guest-exit, and the guest's value is not 0 */

/* Whether this is QEMU without KVM, some of whose faults need care. */
bool machine_is_emulated(void);

/* Writes how many CPUs, how much memory, which extension, on what. */
void machine_describe(const struct vela_info *info, uint64_t free_bytes, char *text, uint64_t size);

/* The first CPU for guests that name none: CPU 0 has the root task, the console service and most
 * interrupts, and keeps to them where there are others enough. */
unsigned machine_guest_cpu(const struct vela_info *info);

/* Ends everything: QEMU with this value where it has the device, otherwise by a reset. */
_Noreturn void machine_end(const struct machine_options *options, uint32_t value);

#endif
