/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution of decoded instructions. Each function returns false with *e->fault set, and then
 * nothing has changed but the registers and memory of a string's earlier rounds.
 */
#ifndef VMM_CPU_EXECUTE_H
#define VMM_CPU_EXECUTE_H

#include "emulate.h"

bool execute_mov(struct emulator *e, const struct insn *insn);

/* INSN_ADD up to INSN_TOUCH. */
bool execute_plain(struct emulator *e, const struct insn *insn);

/* INSN_PUSH to INSN_JMP. */
bool execute_stack(struct emulator *e, const struct insn *insn);

/* INSN_MOVS on. *done: the last round was done and RIP may advance. */
bool execute_string(struct emulator *e, const struct insn *insn, bool *done);

#endif
