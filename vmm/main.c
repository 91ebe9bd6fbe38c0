/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual machine monitor: one process per VM, started by the root task with exactly what its
 * VM needs, and in it one thread per virtual CPU.
 */
#include <rt/start.h>
#include <rt/thread.h>

#include "machine/machine.h"

/* The monitor allocates nothing. */
RT_HEAP(4096);

static struct machine machine;

int rt_main(void)
{
	machine_init(&machine, rt_info());
	rt_threads_start(machine.cpus);
	vcpu_run(&machine.vcpu[0]);
}

_Noreturn void rt_thread_main(unsigned n)
{
	vcpu_run(&machine.vcpu[n]);
}
