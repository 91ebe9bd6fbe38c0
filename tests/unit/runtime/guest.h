/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a Vela program on the host, without a kernel: a traced child process holds the program's
 * segments and windows at their addresses, and the tracer plays kernel and serial port.
 */
#ifndef GUEST_H
#define GUEST_H

#include <rt/elf.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

struct guest {
	pid_t pid;
	struct rt_elf elf;
	struct user_regs_struct regs; /* at the last stop */
	char serial[4096];	      /* what the program wrote to COM1 */
	size_t serial_used;
};

/* Memory that the child shares with the test. */
struct guest_window {
	uint64_t va;
	void *memory; /* made by guest_share */
	size_t bytes;
};

void *guest_share(size_t bytes);

/* Makes the child; registers are as a process finds them. root: the file has stack and TLS page. */
void guest_create(struct guest *g, const char *path, bool root, const struct guest_window *windows,
		  size_t n);

/* Lets the program run until its next hypercall, serving its accesses to COM1; regs.orig_rax is the
 * call's rax. False if it stopped by any other signal than that of a hypercall. */
bool guest_run(struct guest *g);

/* Gives the hypercall's registers back. */
void guest_set_regs(struct guest *g);

void guest_destroy(struct guest *g);

#endif
