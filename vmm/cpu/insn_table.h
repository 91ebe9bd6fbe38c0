/* SPDX-License-Identifier: Apache-2.0 */
/* Which of Zydis' mnemonics is which operation of the emulator. */
#ifndef VMM_CPU_INSN_TABLE_H
#define VMM_CPU_INSN_TABLE_H

#include <Zydis/Mnemonic.h>

#include "insn.h"

/* INSN_UNKNOWN for what is not emulated. The mnemonics of strings of double words are those of
 * vector instructions, too, so strings have a function of their own. */
enum insn_op insn_table_op(ZydisMnemonic mnemonic);
enum insn_op insn_table_string_op(ZydisMnemonic mnemonic);

#endif
