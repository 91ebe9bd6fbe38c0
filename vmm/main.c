/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual machine monitor: one process per VM, started by the root task with exactly what its
 * VM needs.
 */
#include <rt/start.h>

#include "machine/machine.h"

static struct machine machine;

int rt_main(void)
{
	machine_init(&machine, rt_info());
	machine_run(&machine);
}
