/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What smp.c and trampoline.S agree on: where the trampoline is copied to, and the words in it by
 * which the boot CPU tells the starting one what to do.
 */
#ifndef X86_TRAMPOLINE_H
#define X86_TRAMPOLINE_H

#define TRAMPOLINE_PA	 0x8000
#define TRAMPOLINE_BYTES 0x100

#define HANDOFF_OFFSET 0xe0
#define HANDOFF_STATE  (HANDOFF_OFFSET + 0x00)
#define HANDOFF_CR3    (HANDOFF_OFFSET + 0x04)
#define HANDOFF_EFER   (HANDOFF_OFFSET + 0x08)
#define HANDOFF_INDEX  (HANDOFF_OFFSET + 0x0c)
#define HANDOFF_STACK  (HANDOFF_OFFSET + 0x10)

/* States. Only a CPU that turns OFFERED into TAKEN goes on, so one that comes after the boot CPU
 * has given up on it does not. */
#define HANDOFF_NONE	0
#define HANDOFF_OFFERED 1
#define HANDOFF_TAKEN	2

#endif
