/* SPDX-License-Identifier: Apache-2.0 */
/* Test kernels; see image.h. */
#include "image.h"

#include <stdlib.h>

static unsigned char module_bytes[8192];

void image_init(struct image *image)
{
	memset(image, 0, sizeof *image);
	guest_memory_init(&image->memory, calloc(1, IMAGE_RAM), IMAGE_RAM);
	image->request.memory = &image->memory;
	image->request.kernel =
		(struct boot_file){ "kernel", NULL, image->bytes, sizeof image->bytes };
	image->request.args = "args";
	image->request.rsdp = ACPI_BASE;
	memset(module_bytes, 0x5a, sizeof module_bytes);
}

void image_free(struct image *image)
{
	free(image->memory.base);
}

void image_put(struct image *image, size_t offset, uint64_t value, unsigned bytes)
{
	memcpy(image->bytes + offset, &value, bytes);
}

uint64_t image_guest(const struct image *image, uint64_t gpa, unsigned bytes)
{
	uint64_t value = 0;

	guest_read(&image->memory, gpa, &value, bytes);
	return value;
}

void image_linux(struct image *image)
{
	image->request.kernel.size = 1024 + 4096;
	image_put(image, 0x1f1, 1, 1);	  /* one set-up sector */
	image_put(image, 0x201, 0x6a, 1); /* header ends at 0x26c */
	image_put(image, 0x202, 0x53726448, 4);
	image_put(image, 0x206, 0x20f, 2);
	image_put(image, 0x211, 1, 1);		/* loaded high */
	image_put(image, 0x22c, 0x7fffffff, 4); /* highest initrd address */
	image_put(image, 0x230, 0x200000, 4);
	image_put(image, 0x234, 1, 1);
	image_put(image, 0x236, 1, 2);
	image_put(image, 0x238, 255, 4);
	image_put(image, 0x258, 16 << 20, 8);
	image_put(image, 0x260, 1 << 20, 4);
	image_put(image, 1024, 0x1234, 4);
}

void image_elf(struct image *image)
{
	image->request.kernel.size = 0x400;
	memcpy(image->bytes, "\177ELF\2\1\1", 7);
	image_put(image, 16, 2, 2);
	image_put(image, 18, 62, 2);
	image_put(image, 24, 0xffffffff80100010, 8);
	image_put(image, 32, 64, 8); /* program headers */
	image_put(image, 54, 56, 2);
	image_put(image, 56, 2, 2);
	image_put(image, 64, 1, 4); /* LOAD */
	image_put(image, 72, 0x200, 8);
	image_put(image, 80, 0xffffffff80100000, 8);
	image_put(image, 88, 0x100000, 8);
	image_put(image, 96, 0x100, 8);
	image_put(image, 104, 0x200, 8);
	image_put(image, 120, 4, 4); /* NOTE */
	image_put(image, 128, 0x180, 8);
	image_put(image, 152, 40, 8);
	image_put(image, 0x180, 4, 4); /* another note first */
	image_put(image, 0x184, 1, 4);
	image_put(image, 0x188, 6, 4);
	memcpy(image->bytes + 0x18c, "Xen", 4);
	image_put(image, 0x194, 4, 4);
	image_put(image, 0x198, 4, 4);
	image_put(image, 0x19c, 18, 4);
	memcpy(image->bytes + 0x1a0, "Xen", 4);
	image_put(image, 0x1a4, 0x100010, 4);
	image_put(image, 0x200, 0xabcd, 4);
}

void image_multiboot(struct image *image)
{
	image->request.kernel.size = 0x400;
	image_put(image, 0x80, 0x1badb002, 4);
	image_put(image, 0x84, 0x10003, 4);
	image_put(image, 0x88, (uint32_t)-(0x1badb002 + 0x10003), 4);
	image_put(image, 0x8c, 0x100040, 4); /* header */
	image_put(image, 0x90, 0x100000, 4); /* load, from offset 0x40 */
	image_put(image, 0x94, 0x100200, 4);
	image_put(image, 0x98, 0x101000, 4);
	image_put(image, 0x9c, 0x100020, 4);
	image_put(image, 0x40, 0xbeef, 4);
}

void image_module(struct image *image, const char *name, const char *args, uint64_t size)
{
	image->request.module[image->request.modules++] =
		(struct boot_file){ name, args, module_bytes, size };
}
