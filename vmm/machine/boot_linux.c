/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Linux/x86 boot protocol, 64-bit entry (Documentation/arch/x86/boot.rst in the kernel's
 * source, protocol 2.12 and later). The bzImage is untrusted: every field is checked before use.
 */
#include "boot.h"

#include <string.h>

/* Offsets in the file and, from SETUP_HEADER to its end, in the zero page. */
#define SETUP_SECTS	    0x1f1
#define SETUP_HEADER	    0x1f1
#define SYSSIZE		    0x1f4 /* of the protected-mode code, in 16 bytes */
#define JUMP_LENGTH	    0x201 /* header ends at 0x202 + this byte */
#define HEADER_MAGIC	    0x202
#define VERSION		    0x206
#define TYPE_OF_LOADER	    0x210
#define LOADFLAGS	    0x211
#define RAMDISK_IMAGE	    0x218
#define RAMDISK_SIZE	    0x21c
#define CMD_LINE_PTR	    0x228
#define INITRD_ADDR_MAX	    0x22c
#define KERNEL_ALIGNMENT    0x230
#define RELOCATABLE_KERNEL  0x234
#define XLOADFLAGS	    0x236
#define CMDLINE_SIZE	    0x238
#define PREF_ADDRESS	    0x258
#define INIT_SIZE	    0x260
#define HEADER_BYTES_MIN    0x264
#define ZERO_RSDP	    0x070
#define ZERO_E820_COUNT	    0x1e8
#define ZERO_E820	    0x2d0
#define ZERO_PAGE_BYTES	    4096
#define HEADER_END_MAX	    0x290 /* where the zero page continues with fields of its own */
#define MAGIC_HDRS	    0x53726448u
#define VERSION_MIN	    0x20cu
#define LOADED_HIGH	    0x01u
#define XLF_KERNEL_64	    0x01u
#define ENTRY_64	    0x200u
#define LOADER_UNREGISTERED 0xffu

struct e820_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

struct image {
	uint64_t payload; /* offset of the protected-mode code in the file */
	uint64_t payload_bytes;
	uint64_t init_size;
	uint64_t address;
	uint64_t header_end;
	uint32_t cmdline_max;
	uint32_t initrd_max;
};

static uint32_t get32(const unsigned char *bytes, size_t offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof value);
	return value;
}

static uint64_t get64(const unsigned char *bytes, size_t offset)
{
	uint64_t value;

	memcpy(&value, bytes + offset, sizeof value);
	return value;
}

static void put32(unsigned char *bytes, size_t offset, uint32_t value)
{
	memcpy(bytes + offset, &value, sizeof value);
}

/* The address the kernel prefers, or for a relocatable one the lowest that suits it. */
static bool choose_address(const struct boot_request *request, struct image *image,
			   struct boot_error *error)
{
	const struct boot_file *file = &request->kernel;
	uint64_t span =
		image->init_size > image->payload_bytes ? image->init_size : image->payload_bytes;
	uint64_t alignment = get32(file->bytes, KERNEL_ALIGNMENT);

	image->init_size = span;
	image->address = get64(file->bytes, PREF_ADDRESS);
	if (boot_range_free(request->memory, image->address, span))
		return true;
	if (file->bytes[RELOCATABLE_KERNEL] && alignment && !(alignment & (alignment - 1)) &&
	    alignment < LOW_RAM_MAX) {
		image->address = (EXTENDED_BASE + alignment - 1) & ~(alignment - 1);
		if (boot_range_free(request->memory, image->address, span))
			return true;
	}
	return boot_fail(error, file->name,
			 "the kernel needs %llu MiB of memory to start; give the VM more",
			 (unsigned long long)((span + (1 << 20) - 1) >> 20));
}

static bool parse(const struct boot_request *request, struct image *image, struct boot_error *error)
{
	const struct boot_file *file = &request->kernel;
	const unsigned char *bytes = file->bytes;

	if (file->size < HEADER_BYTES_MIN || get32(bytes, HEADER_MAGIC) != MAGIC_HDRS)
		return boot_fail(error, file->name, "not a Linux kernel image (bzImage)");
	unsigned version = get32(bytes, VERSION) & 0xffff;

	if (version < VERSION_MIN || !(bytes[XLOADFLAGS] & XLF_KERNEL_64) ||
	    !(bytes[LOADFLAGS] & LOADED_HIGH))
		return boot_fail(
			error, file->name,
			"a Linux kernel without 64-bit entry point (boot protocol %u.%02u)",
			version >> 8, version & 0xff);
	unsigned sectors = bytes[SETUP_SECTS] ? bytes[SETUP_SECTS] : 4;

	image->payload = (sectors + 1) * 512ull;
	image->header_end = HEADER_MAGIC + (uint64_t)bytes[JUMP_LENGTH];
	/* The size in the header is rounded up, the file need not be. */
	if (image->payload + ENTRY_64 >= file->size || image->header_end > file->size ||
	    get32(bytes, SYSSIZE) * 16ull > file->size - image->payload + 15 ||
	    image->header_end > HEADER_END_MAX || image->header_end < HEADER_BYTES_MIN)
		return boot_fail(error, file->name,
				 "the Linux kernel image is cut short or damaged");
	image->payload_bytes = file->size - image->payload;
	image->init_size = get32(bytes, INIT_SIZE);
	image->cmdline_max = get32(bytes, CMDLINE_SIZE);
	image->initrd_max = get32(bytes, INITRD_ADDR_MAX);
	return choose_address(request, image, error);
}

static bool load_initrd(const struct boot_request *request, const struct image *image,
			unsigned char *zero, struct boot_error *error)
{
	if (!request->modules)
		return true;
	const struct boot_file *initrd = &request->module[0];
	uint64_t gpa = boot_place(request->memory, initrd, image->address + image->init_size,
				  (uint64_t)image->initrd_max + 1);

	if (!gpa)
		return boot_fail(error, initrd->name,
				 "no room for the initrd (%llu KiB) beside the kernel; "
				 "give the VM more memory",
				 (unsigned long long)initrd->size >> 10);
	put32(zero, RAMDISK_IMAGE, (uint32_t)gpa);
	put32(zero, RAMDISK_SIZE, (uint32_t)initrd->size);
	return true;
}

static void write_memory_map(const struct guest_memory *memory, unsigned char *zero)
{
	struct memory_region regions[MEMORY_REGIONS_MAX];
	unsigned n = guest_memory_map(memory, regions);

	zero[ZERO_E820_COUNT] = (unsigned char)n;
	for (unsigned i = 0; i < n; i++) {
		struct e820_entry entry = { regions[i].base, regions[i].size, regions[i].type };

		memcpy(zero + ZERO_E820 + i * sizeof entry, &entry, sizeof entry);
	}
}

static bool write_args(const struct boot_request *request, const struct image *image,
		       unsigned char *zero, struct boot_error *error)
{
	uint64_t at = BOOT_ARGS;

	if (strlen(request->args) > image->cmdline_max ||
	    !boot_string(request->memory, &at, BOOT_ARGS + BOOT_ARGS_BYTES, request->args))
		return boot_fail(error, request->kernel.name,
				 "the command line is longer than the %u bytes this kernel takes",
				 image->cmdline_max);
	put32(zero, CMD_LINE_PTR, (uint32_t)BOOT_ARGS);
	return true;
}

bool boot_linux(const struct boot_request *request, struct vela_state *state,
		struct boot_error *error)
{
	const struct boot_file *file = &request->kernel;
	struct image image = { 0 };

	if (!parse(request, &image, error))
		return false;
	unsigned char *zero = guest_ptr(request->memory, BOOT_PARAMS, ZERO_PAGE_BYTES);

	if (!zero)
		return boot_fail(error, file->name, "the VM has too little memory");
	memset(zero, 0, ZERO_PAGE_BYTES);
	memcpy(zero + SETUP_HEADER, file->bytes + SETUP_HEADER, image.header_end - SETUP_HEADER);
	zero[TYPE_OF_LOADER] = LOADER_UNREGISTERED;
	put32(zero, RAMDISK_IMAGE, 0);
	put32(zero, RAMDISK_SIZE, 0);
	memcpy(zero + ZERO_RSDP, &request->rsdp, sizeof request->rsdp);
	write_memory_map(request->memory, zero);
	if (!load_initrd(request, &image, zero, error) || !write_args(request, &image, zero, error))
		return false;
	if (!guest_write(request->memory, image.address, file->bytes + image.payload,
			 image.payload_bytes) ||
	    !boot_state_64(request->memory, state, image.address + ENTRY_64))
		return boot_fail(error, file->name, "the VM has too little memory");
	state->gpr[VELA_RSI] = BOOT_PARAMS;
	return true;
}
