/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of struct arch_cpu for assembly; arch/cpu.h asserts them. */
#ifndef X86_CPU_OFFSETS_H
#define X86_CPU_OFFSETS_H

#define CPU_SELF      0x00
#define CPU_SCRATCH   0x08
#define CPU_FRAME_END 0x10
#define CPU_STACK     0x18
#define CPU_CURRENT   0x20

#endif
