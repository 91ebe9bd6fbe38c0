/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, tables and commands of VT-d (Intel Virtualization Technology for Directed I/O,
 * Architecture Specification 4.1). Numbers in comments are its sections.
 */
#ifndef X86_IOMMU_VTD_H
#define X86_IOMMU_VTD_H

/* Registers (11.4), byte offsets. */
#define REG_CAP	   0x08u
#define REG_ECAP   0x10u
#define REG_GCMD   0x18u
#define REG_GSTS   0x1cu
#define REG_RTADDR 0x20u
#define REG_FSTS   0x34u
#define REG_FECTL  0x38u
#define REG_PMEN   0x64u
#define REG_IQT	   0x88u
#define REG_IQA	   0x90u
#define REG_IRTA   0xb8u

/* GCMD and GSTS (11.4.4). */
#define CMD_TRANSLATE  (1u << 31)
#define CMD_SET_ROOT   (1u << 30)
#define CMD_QUEUE      (1u << 26)
#define CMD_REMAP      (1u << 25)
#define CMD_SET_IRTA   (1u << 24)
#define CMD_COMPATIBLE (1u << 23)  /* lets interrupts of the old format pass */
#define STATUS_LASTING 0x96ffffffu /* without the bits of one-shot commands */

/* CAP (11.4.2). */
#define CAP_DOMAINS(c)	 (1u << (4 + 2 * ((c) & 7)))
#define CAP_WRITE_BUFFER (1ull << 4)
#define CAP_PROTECTED	 (3ull << 5) /* protected memory regions */
#define CAP_CACHING	 (1ull << 7)
#define CAP_LEVELS_3	 (1ull << 9) /* SAGAW */
#define CAP_LEVELS_4	 (1ull << 10)
#define CAP_ADDRESS(c)	 (((unsigned)((c) >> 16) & 0x3fu) + 1)
#define CAP_FAULTS_AT(c) (((unsigned)((c) >> 24) & 0x3ffu) * 16)
#define CAP_LARGE(c)	 ((unsigned)((c) >> 34) & 3u) /* bit 0: 2 MiB, bit 1: 1 GiB */
#define CAP_FAULTS(c)	 (((unsigned)((c) >> 40) & 0xffu) + 1)
#define CAP_DRAIN_WRITE	 (1ull << 54)
#define CAP_DRAIN_READ	 (1ull << 55)

/* ECAP (11.4.3). */
#define ECAP_COHERENT 1u
#define ECAP_QUEUE    2u
#define ECAP_REMAP    8u
#define ECAP_EXTENDED 16u /* interrupts to 32-bit APIC IDs */

/* Fault status and records (11.4.7, 11.4.14). The status bits but FSTS_PENDING, and FAULT_VALID,
 * are cleared by writing 1. */
#define FSTS_OVERFLOW	1u
#define FSTS_PENDING	2u
#define FSTS_FIRST(s)	(((s) >> 8) & 0xffu) /* the oldest record */
#define FSTS_ALL	0x7du
#define FECTL_MASKED	(1u << 31)
#define FAULT_RID(h)	((uint32_t)(h) & 0xffffu)
#define FAULT_REASON(h) ((unsigned)((h) >> 32) & 0xffu)
#define FAULT_READ	(1ull << 62)
#define FAULT_VALID	(1ull << 63)
#define REASON_IRQ	0x20u /* first and last reason of blocked interrupts (7.1.1) */
#define REASON_IRQ_LAST 0x2fu

/* Protected memory (11.4.10). */
#define PMEN_ENABLE (1u << 31)
#define PMEN_STATUS 1u

/* Root and context entries (9.1, 9.3). */
#define ENTRY_PRESENT	 1ull
#define CONTEXT_WIDTH(l) ((uint64_t)(l) - 2) /* of l levels */
#define CONTEXT_DOMAIN	 8		     /* shift; both in the upper half */

/* Invalidation queue (6.5.2): descriptors of 128 bits. */
#define INV_TYPE	 0xfull
#define INV_IOTLB	 2ull
#define INV_CONTEXT_ALL	 0x11ull
#define INV_IOTLB_ALL	 0x12ull
#define INV_IOTLB_DOMAIN 0x22ull
#define INV_DRAIN_WRITE	 (1ull << 6)
#define INV_DRAIN_READ	 (1ull << 7)
#define INV_DOMAIN	 16 /* shift */
#define INV_IRQ_ALL	 4ull
#define INV_WAIT	 0x25ull /* store the status when all before it is done */
#define INV_WAIT_DATA	 32	 /* shift */

/* Interrupt remapping (9.10, 5.1.2). */
#define IRTA_EXTENDED	  (1ull << 11)
#define IRTA_256	  7ull /* 2^(n + 1) entries */
#define IRTE_PRESENT	  1ull
#define IRTE_LEVEL	  (1ull << 4)
#define IRTE_VECTOR	  16	       /* shift */
#define IRTE_DEST_WIDE	  32	       /* shift of a 32-bit APIC ID */
#define IRTE_DEST_NARROW  40	       /* shift of an 8-bit one */
#define IRTE_VERIFY_RID	  (1ull << 18) /* upper half: the source must have the RID in bits 15:0 */
#define MSI_REMAPPABLE	  (1u << 4)
#define MSI_INDEX	  5 /* shift */
#define IOAPIC_REMAPPABLE (1u << 16)
#define IOAPIC_INDEX	  17 /* shift */

#endif
