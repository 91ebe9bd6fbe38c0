/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of emulated instructions: registers, effective addresses, and bytes at linear addresses
 * wherever they are. The emulator's own, but for registers and mode, which exit handlers use too.
 */
#ifndef VMM_CPU_OPERAND_H
#define VMM_CPU_OPERAND_H

#include "emulate.h"

enum insn_mode operand_mode(const struct vela_state *state);

uint64_t reg_read(const struct vela_state *state, unsigned reg, unsigned bytes, bool high);
/* As the processor does: 32-bit results clear the upper half, narrower ones keep the rest. */
void reg_write(struct vela_state *state, unsigned reg, unsigned bytes, bool high, uint64_t value);

/* Offset of the memory operand within its segment. */
uint64_t operand_offset(const struct vela_state *state, const struct insn *insn);

/* Linear address of [offset, offset + bytes) in a segment. False: *e->fault is set (limit, or not
 * canonical). */
bool operand_linear(struct emulator *e, unsigned segment, uint64_t offset, unsigned bytes,
		    uint64_t *va);

/* A value of 1, 2, 4 or 8 bytes at a linear address, in RAM or a device. False: *e->fault is set
 * and nothing was written. */
bool operand_read(struct emulator *e, uint64_t va, unsigned bytes, uint64_t *value);
bool operand_write(struct emulator *e, uint64_t va, unsigned bytes, uint64_t value);

/* Whether operand_write would succeed; for instructions that have other effects first. */
bool operand_probe_write(struct emulator *e, uint64_t va, unsigned bytes);

/* String instructions, INSN_MOVS on. *done: the last round was done and RIP may advance. */
bool emulate_string(struct emulator *e, const struct insn *insn, bool *done);

#endif
