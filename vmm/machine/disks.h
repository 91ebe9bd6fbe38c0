/* SPDX-License-Identifier: Apache-2.0 */
/* The disks that the configuration gives the VM: behind links, or boot files. */
#ifndef VMM_MACHINE_DISKS_H
#define VMM_MACHINE_DISKS_H

#include "machine.h"

/* Opens every disk and names it in config. Waits for the services; ends the process with a message
 * if one does not answer. */
void disks_open(struct machine *m, struct pc_config *config);

#endif
