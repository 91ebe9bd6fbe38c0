/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The information area: what the kernel tells the root process about the machine, mapped read-only
 * at VELA_INFO_VA. Its address is also the root's first argument (rdi).
 */
#ifndef VELA_INFO_H
#define VELA_INFO_H

#include <vela/types.h>

#define VELA_INFO_MAGIC	  0x4f464e49414c4556ull /* "VELAINFO" */
#define VELA_INFO_VERSION 2u
#define VELA_INFO_PAGES	  2u

#define VELA_FEATURE_SVM       1u
#define VELA_FEATURE_VMX       2u
#define VELA_FEATURE_TSC_RATIO 4u /* a virtual CPU's TSC can have a rate of its own */
#define VELA_FEATURE_IOMMU     8u /* DMA spaces exist, and no device reaches memory outside its own */
#define VELA_FEATURE_IRQ_REMAP 16u /* no device can raise an interrupt that is not bound for it */

#define VELA_MEMORY_MAX	 64u
#define VELA_ECAMS_MAX	 4u
#define VELA_MODULES_MAX 48u

enum vela_memory_type {
	VELA_MEMORY_FREE = 1,	  /* RAM for the root to give out */
	VELA_MEMORY_RESERVED = 2, /* firmware's; device ranges are whatever is not listed */
	VELA_MEMORY_ACPI = 3,
	VELA_MEMORY_KERNEL = 4, /* the kernel's own; cannot be mapped */
	VELA_MEMORY_MODULE = 5, /* a boot module */
};

struct vela_memory {
	uint64_t base; /* bytes, page aligned for FREE */
	uint64_t size;
	uint64_t type;
};

struct vela_module {
	uint64_t base; /* page aligned */
	uint64_t size;
	uint32_t cmdline; /* offset in strings */
	uint32_t reserved;
};

/* Configuration spaces of PCI functions, 4 KiB each: of bus b, device d, function f at
 * base + (b << 20 | d << 15 | f << 12). The root maps them from PHYS. */
struct vela_ecam {
	uint64_t base; /* physical address for bus 0, whatever first_bus is */
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved;
};

struct vela_info {
	uint64_t magic;
	uint32_t version;
	uint32_t cpus; /* started */
	uint64_t tsc_khz;
	uint64_t features; /* VELA_FEATURE_* */
	uint64_t rsdp;	   /* physical address of the ACPI root pointer, 0 if none */
	uint32_t memories;
	uint32_t modules; /* the root process is module 0 */
	uint32_t cmdline; /* of the kernel, offset in strings */
	uint32_t gsis;	  /* interrupts that hw_ctrl can bind are below this */
	uint32_t ecams;
	uint32_t reserved;
	struct vela_memory memory[VELA_MEMORY_MAX];
	struct vela_module module[VELA_MODULES_MAX];
	struct vela_ecam ecam[VELA_ECAMS_MAX];
	uint32_t apic_id[VELA_CPUS_MAX];
	char strings[VELA_INFO_PAGES * VELA_PAGE_SIZE - 64 - VELA_MEMORY_MAX * 24 -
		     VELA_MODULES_MAX * 24 - VELA_ECAMS_MAX * 16 - VELA_CPUS_MAX * 4];
};
_Static_assert(sizeof(struct vela_info) == VELA_INFO_PAGES * VELA_PAGE_SIZE, "two pages");

#endif
