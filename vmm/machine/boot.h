/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot protocols: from the files and command line of a VM to guest memory and the first state of
 * its virtual CPU. The loaders are pure: they see bytes, never devices or system calls. Every file
 * is hostile; a loader that fails says which file and why, and the guest is not started.
 */
#ifndef VMM_MACHINE_BOOT_H
#define VMM_MACHINE_BOOT_H

#include <vela/state.h>

#include "memory.h"

#define BOOT_FILES_MAX 16

struct boot_file {
	const char *name; /* as messages show it */
	const char *args; /* of a module, or NULL */
	const unsigned char *bytes;
	uint64_t size;
};

struct boot_request {
	const struct guest_memory *memory;
	struct boot_file kernel;
	struct boot_file module[BOOT_FILES_MAX]; /* Linux and PVH: the first one is the initrd */
	unsigned modules;
	const char *args; /* kernel command line */
	uint64_t rsdp;	  /* gpa of the ACPI root pointer, 0 if none */
};

struct boot_error {
	char text[384];
};

/* Each loads the kernel, writes what its protocol hands over, and sets the whole of *state but its
 * EXIT group. False: *error says why. */
bool boot_linux(const struct boot_request *request, struct vela_state *state,
		struct boot_error *error);
bool boot_pvh(const struct boot_request *request, struct vela_state *state,
	      struct boot_error *error);
bool boot_multiboot(const struct boot_request *request, struct vela_state *state,
		    struct boot_error *error);

/* For the loaders. Sets "file: reason" and returns false. */
__attribute__((format(printf, 3, 4))) bool boot_fail(struct boot_error *error, const char *file,
						     const char *format, ...);

/* Whether [gpa, gpa + size) is RAM that a kernel may be loaded to. */
bool boot_range_free(const struct guest_memory *memory, uint64_t gpa, uint64_t size);

/* Copies a NUL-terminated string to *gpa, which moves behind it. False: no room up to end. */
bool boot_string(const struct guest_memory *memory, uint64_t *gpa, uint64_t end, const char *text);

/* Places a file as high as possible, page aligned, below top and not below bottom; returns its gpa,
 * or 0 when there is no room. Never fails for an empty file when bottom < top. */
uint64_t boot_place(const struct guest_memory *memory, const struct boot_file *file,
		    uint64_t bottom, uint64_t top);

/* Initial states. The first has paging off and flat 32-bit segments; the second is 64-bit with
 * the first 4 GiB mapped one to one, whose tables and GDT it writes to guest memory. */
void boot_state_32(struct vela_state *state, uint64_t entry);
bool boot_state_64(const struct guest_memory *memory, struct vela_state *state, uint64_t entry);

#endif
