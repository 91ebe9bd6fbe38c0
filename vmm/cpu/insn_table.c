/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables of mnemonics, searched from the front: an instruction is looked up once, when it gets
 * into the cache of decoded ones.
 */
#include "insn_table.h"

#include <stddef.h>

struct row {
	uint16_t mnemonic;
	uint8_t op;
};

#define ROW(mnemonic, op) { ZYDIS_MNEMONIC_##mnemonic, INSN_##op }

static const struct row plain[] = {
	ROW(MOV, MOV),
	ROW(MOVZX, MOV),
	ROW(MOVSX, MOV),
	ROW(MOVSXD, MOV),
	ROW(MOVNTI, MOV),
	ROW(ADD, ADD),
	ROW(OR, OR),
	ROW(ADC, ADC),
	ROW(SBB, SBB),
	ROW(AND, AND),
	ROW(SUB, SUB),
	ROW(XOR, XOR),
	ROW(CMP, CMP),
	ROW(TEST, TEST),
	ROW(INC, INC),
	ROW(DEC, DEC),
	ROW(NOT, NOT),
	ROW(NEG, NEG),
	ROW(MOVBE, MOVBE),
	ROW(XCHG, XCHG),
	ROW(XADD, XADD),
	ROW(CMPXCHG, CMPXCHG),
	ROW(CMPXCHG8B, CMPXCHG_PAIR),
	ROW(CMPXCHG16B, CMPXCHG_PAIR),
	ROW(BT, BT),
	ROW(BTS, BTS),
	ROW(BTR, BTR),
	ROW(BTC, BTC),
	ROW(ROL, ROL),
	ROW(ROR, ROR),
	ROW(RCL, RCL),
	ROW(RCR, RCR),
	ROW(SHL, SHL),
	ROW(SHR, SHR),
	ROW(SAR, SAR),
	ROW(SHLD, SHLD),
	ROW(SHRD, SHRD),
	ROW(IMUL, IMUL),
	ROW(MUL, MUL_WIDE),
	ROW(DIV, DIV),
	ROW(IDIV, IDIV),
	ROW(SETO, SETCC),
	ROW(SETNO, SETCC),
	ROW(SETB, SETCC),
	ROW(SETNB, SETCC),
	ROW(SETZ, SETCC),
	ROW(SETNZ, SETCC),
	ROW(SETBE, SETCC),
	ROW(SETNBE, SETCC),
	ROW(SETS, SETCC),
	ROW(SETNS, SETCC),
	ROW(SETP, SETCC),
	ROW(SETNP, SETCC),
	ROW(SETL, SETCC),
	ROW(SETNL, SETCC),
	ROW(SETLE, SETCC),
	ROW(SETNLE, SETCC),
	ROW(CMOVO, CMOVCC),
	ROW(CMOVNO, CMOVCC),
	ROW(CMOVB, CMOVCC),
	ROW(CMOVNB, CMOVCC),
	ROW(CMOVZ, CMOVCC),
	ROW(CMOVNZ, CMOVCC),
	ROW(CMOVBE, CMOVCC),
	ROW(CMOVNBE, CMOVCC),
	ROW(CMOVS, CMOVCC),
	ROW(CMOVNS, CMOVCC),
	ROW(CMOVP, CMOVCC),
	ROW(CMOVNP, CMOVCC),
	ROW(CMOVL, CMOVCC),
	ROW(CMOVNL, CMOVCC),
	ROW(CMOVLE, CMOVCC),
	ROW(CMOVNLE, CMOVCC),
	ROW(CLFLUSH, TOUCH),
	ROW(CLFLUSHOPT, TOUCH),
	ROW(CLWB, TOUCH),
	ROW(PUSH, PUSH),
	ROW(POP, POP),
	ROW(CALL, CALL),
	ROW(JMP, JMP),
	ROW(WBINVD, CACHE),
	ROW(INVD, CACHE),
	ROW(XSETBV, XSETBV),
};

static const struct row strings[] = {
	ROW(MOVSB, MOVS), ROW(MOVSW, MOVS), ROW(MOVSD, MOVS), ROW(MOVSQ, MOVS), ROW(STOSB, STOS),
	ROW(STOSW, STOS), ROW(STOSD, STOS), ROW(STOSQ, STOS), ROW(LODSB, LODS), ROW(LODSW, LODS),
	ROW(LODSD, LODS), ROW(LODSQ, LODS), ROW(CMPSB, CMPS), ROW(CMPSW, CMPS), ROW(CMPSD, CMPS),
	ROW(CMPSQ, CMPS), ROW(SCASB, SCAS), ROW(SCASW, SCAS), ROW(SCASD, SCAS), ROW(SCASQ, SCAS),
	ROW(INSB, INS),	  ROW(INSW, INS),   ROW(INSD, INS),   ROW(OUTSB, OUTS), ROW(OUTSW, OUTS),
	ROW(OUTSD, OUTS),
};

static enum insn_op find(const struct row *rows, size_t count, ZydisMnemonic mnemonic)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].mnemonic == mnemonic)
			return (enum insn_op)rows[i].op;
	return INSN_UNKNOWN;
}

enum insn_op insn_table_op(ZydisMnemonic mnemonic)
{
	return find(plain, sizeof plain / sizeof plain[0], mnemonic);
}

enum insn_op insn_table_string_op(ZydisMnemonic mnemonic)
{
	return find(strings, sizeof strings / sizeof strings[0], mnemonic);
}
