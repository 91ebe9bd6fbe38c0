/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, tables and commands of AMD-Vi (AMD I/O Virtualization Technology Specification, 48882,
 * 3.08). Numbers in comments are its sections.
 */
#ifndef X86_IOMMU_AMD_H
#define X86_IOMMU_AMD_H

/* Registers (3.4), byte offsets. */
#define REG_DEVICES    0x0000u
#define REG_COMMANDS   0x0008u
#define REG_EVENTS     0x0010u
#define REG_CONTROL    0x0018u
#define REG_FEATURES   0x0030u
#define REG_CMD_HEAD   0x2000u
#define REG_CMD_TAIL   0x2008u
#define REG_EVENT_HEAD 0x2010u
#define REG_EVENT_TAIL 0x2018u
#define REG_STATUS     0x2020u
#define REGS_BYTES     0x4000u

#define BUFFER_256 (8ull << 56) /* entries, with the base of commands and events */

#define CONTROL_ENABLE	 1ull
#define CONTROL_EVENTS	 (1ull << 2)
#define CONTROL_KEPT	 0xb02ull /* how the bus is used is the firmware's to know (5.2.2) */
#define CONTROL_COHERENT (1ull << 10)
#define CONTROL_COMMANDS (1ull << 12)
#define CONTROL_IRTE_128 (1ull << 17) /* GAEn */
#define CONTROL_WIDE	 (1ull << 50) /* XTEn: interrupts to 32-bit APIC IDs */

#define FEATURE_WIDE	(1u << 2)
#define FEATURE_INV_ALL (1u << 6)
#define FEATURE_GA	(1u << 7)

#define STATUS_OVERFLOW 1u
#define STATUS_LOG_RUNS (1u << 3)

/* Device table entries, four words (2.2.2.1). */
#define DTE_VALID	 1ull
#define DTE_TRANSLATION	 2ull /* with mode 0, IR and IW clear everything is refused */
#define DTE_MODE(levels) ((uint64_t)(levels) << 9)
#define DTE_IR_IW	 (3ull << 61)
#define DTE_IRQ_VALID	 1ull /* word 2; alone it refuses every interrupt */
#define DTE_IRQ_256	 (8ull << 1)
#define DTE_IRQ_REMAP	 (2ull << 60)

/* Interrupt remapping entries of 32 or 128 bits (2.2.5). */
#define IRTE_ENABLE 1ull
#define IRTE_DEST   8  /* shift */
#define IRTE_VECTOR 16 /* shift, of 32 bits; of 128 it is the second word's low byte */
#define IRTE_HIGH   56 /* shift in the second word, of the destination's bits 31:24 */

/* Commands (2.4). */
#define CMD_WAIT      (1ull << 60 | 1) /* store a word when all before it is done */
#define CMD_PAGES     (3ull << 60)
#define CMD_IRQ_TABLE (5ull << 60)
#define CMD_ALL	      (8ull << 60)
#define CMD_DOMAIN    32		    /* shift */
#define PAGES_ALL     0x7ffffffffffff003ull /* and what leads to them */

/* Events (2.5): two words. */
#define EVENT_CODE(e)	  ((unsigned)((e) >> 60))
#define EVENT_RID(e)	  ((uint32_t)(e) & 0xffffu)
#define EVENT_PAGE_FAULT  2u
#define EVENTS_OF_DEVICES 0x11eu /* codes 1 to 4 and 8: the RID is one that did it */
#define EVENT_IRQ	  (1ull << 51)
#define EVENT_WRITE	  (1ull << 53)

#endif
