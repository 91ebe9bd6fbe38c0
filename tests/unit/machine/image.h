/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel images made by tests of the boot loaders: as small as the formats allow, and easy to
 * break in one place.
 */
#ifndef TESTS_UNIT_MACHINE_IMAGE_H
#define TESTS_UNIT_MACHINE_IMAGE_H

#include <string.h>

#include "machine/boot.h"

#define IMAGE_RAM (32u << 20)

struct image {
	unsigned char bytes[16384];
	struct boot_request request;
	struct guest_memory memory;
	struct vela_state state;
	struct boot_error error;
};

/* RAM of IMAGE_RAM bytes, empty file "kernel", command line "args". */
void image_init(struct image *image);
void image_free(struct image *image);

void image_put(struct image *image, size_t offset, uint64_t value, unsigned bytes);
uint64_t image_guest(const struct image *image, uint64_t gpa, unsigned bytes);

/* A bzImage with one page of payload for 16 MiB, relocatable; an ELF64 with a PVH note and one
 * segment of 0x100 bytes (0x200 in memory) at 1 MiB, entry 0x100010; a multiboot kernel with
 * address fields at 1 MiB, entry 0x100020. */
void image_linux(struct image *image);
void image_elf(struct image *image);
void image_multiboot(struct image *image);

/* A module of so many bytes of 0x5a. */
void image_module(struct image *image, const char *name, const char *args, uint64_t size);

#endif
