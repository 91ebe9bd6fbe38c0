/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Zydis' description of an instruction to struct insn. Pure: relies on the decoder only.
 */
#include "insn.h"

#include <Zydis/Decoder.h>
#include <vela/state.h>

static enum insn_op string_op(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOVSB:
	case ZYDIS_MNEMONIC_MOVSW:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_MOVSQ:
		return INSN_MOVS;
	case ZYDIS_MNEMONIC_STOSB:
	case ZYDIS_MNEMONIC_STOSW:
	case ZYDIS_MNEMONIC_STOSD:
	case ZYDIS_MNEMONIC_STOSQ:
		return INSN_STOS;
	case ZYDIS_MNEMONIC_LODSB:
	case ZYDIS_MNEMONIC_LODSW:
	case ZYDIS_MNEMONIC_LODSD:
	case ZYDIS_MNEMONIC_LODSQ:
		return INSN_LODS;
	case ZYDIS_MNEMONIC_INSB:
	case ZYDIS_MNEMONIC_INSW:
	case ZYDIS_MNEMONIC_INSD:
		return INSN_INS;
	case ZYDIS_MNEMONIC_OUTSB:
	case ZYDIS_MNEMONIC_OUTSW:
	case ZYDIS_MNEMONIC_OUTSD:
		return INSN_OUTS;
	default:
		return INSN_UNKNOWN;
	}
}

static enum insn_op plain_op(ZydisMnemonic mnemonic)
{
	static const struct {
		uint16_t mnemonic;
		uint8_t op;
	} ops[] = {
		{ ZYDIS_MNEMONIC_MOV, INSN_MOV },	  { ZYDIS_MNEMONIC_MOVZX, INSN_MOV },
		{ ZYDIS_MNEMONIC_MOVSX, INSN_MOV },	  { ZYDIS_MNEMONIC_MOVSXD, INSN_MOV },
		{ ZYDIS_MNEMONIC_MOVNTI, INSN_MOV },	  { ZYDIS_MNEMONIC_ADD, INSN_ADD },
		{ ZYDIS_MNEMONIC_OR, INSN_OR },		  { ZYDIS_MNEMONIC_ADC, INSN_ADC },
		{ ZYDIS_MNEMONIC_SBB, INSN_SBB },	  { ZYDIS_MNEMONIC_AND, INSN_AND },
		{ ZYDIS_MNEMONIC_SUB, INSN_SUB },	  { ZYDIS_MNEMONIC_XOR, INSN_XOR },
		{ ZYDIS_MNEMONIC_CMP, INSN_CMP },	  { ZYDIS_MNEMONIC_TEST, INSN_TEST },
		{ ZYDIS_MNEMONIC_INC, INSN_INC },	  { ZYDIS_MNEMONIC_DEC, INSN_DEC },
		{ ZYDIS_MNEMONIC_NOT, INSN_NOT },	  { ZYDIS_MNEMONIC_NEG, INSN_NEG },
		{ ZYDIS_MNEMONIC_XCHG, INSN_XCHG },	  { ZYDIS_MNEMONIC_XADD, INSN_XADD },
		{ ZYDIS_MNEMONIC_CMPXCHG, INSN_CMPXCHG }, { ZYDIS_MNEMONIC_BT, INSN_BT },
		{ ZYDIS_MNEMONIC_BTS, INSN_BTS },	  { ZYDIS_MNEMONIC_BTR, INSN_BTR },
		{ ZYDIS_MNEMONIC_BTC, INSN_BTC },
	};

	for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (ops[i].mnemonic == mnemonic)
			return ops[i].op;
	return INSN_UNKNOWN;
}

/* Number of a general register of any width. False for all others. */
static bool general(ZydisRegister reg, uint8_t *number, bool *high)
{
	*high = false;
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_RAX);
	} else if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_EAX);
	} else if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_AX);
	} else if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_AH);
		*high = true;
	} else if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_AL);
	} else if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
		*number = (uint8_t)(reg - ZYDIS_REGISTER_SPL + 4);
	} else {
		return false;
	}
	return true;
}

static bool memory_operand(struct insn *insn, const ZydisDecodedOperand *operand)
{
	bool high;

	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || operand->size % 8 || operand->size > 64)
		return false;
	insn->bytes = (uint8_t)(operand->size / 8);
	insn->segment = (uint8_t)(operand->mem.segment - ZYDIS_REGISTER_ES);
	insn->scale = operand->mem.scale;
	insn->displacement = operand->mem.disp.has_displacement ? operand->mem.disp.value : 0;
	insn->base = INSN_NO_REGISTER;
	insn->index = INSN_NO_REGISTER;
	if (operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP)
		insn->base = INSN_RIP_RELATIVE;
	else if (operand->mem.base != ZYDIS_REGISTER_NONE &&
		 !general(operand->mem.base, &insn->base, &high))
		return false;
	return operand->mem.index == ZYDIS_REGISTER_NONE ||
	       general(operand->mem.index, &insn->index, &high);
}

/* Takes in one explicit operand; false if the emulator cannot do it. */
static bool add_operand(struct insn *insn, const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_MEMORY:
		insn->to_memory = operand->id == 0;
		return !insn->bytes && memory_operand(insn, operand);
	case ZYDIS_OPERAND_TYPE_REGISTER:
		insn->reg_bytes = (uint8_t)(operand->size / 8);
		return general(operand->reg.value, &insn->reg, &insn->reg_high);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		insn->immediate = operand->imm.value.u;
		return true;
	default:
		return false;
	}
}

/* A control or debug register; *index is its number. */
static bool is_special(const ZydisDecodedOperand *operand, ZydisRegister first, uint8_t *index)
{
	if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER || operand->reg.value < first ||
	    operand->reg.value > first + 15)
		return false;
	*index = (uint8_t)(operand->reg.value - first);
	return true;
}

/* A move to or from a debug register, or to a control register. */
static enum insn_op decode_special(struct insn *insn, const ZydisDecodedOperand *operands)
{
	enum insn_op op;
	unsigned plain = 1;

	if (is_special(&operands[0], ZYDIS_REGISTER_DR0, &insn->index)) {
		op = INSN_TO_DR;
	} else if (is_special(&operands[0], ZYDIS_REGISTER_CR0, &insn->index)) {
		op = INSN_TO_CR;
	} else if (is_special(&operands[1], ZYDIS_REGISTER_DR0, &insn->index)) {
		op = INSN_FROM_DR;
		plain = 0;
	} else {
		return INSN_UNKNOWN;
	}
	return general(operands[plain].reg.value, &insn->reg, &insn->reg_high) ? op : INSN_UNKNOWN;
}

static enum insn_op decode_plain(struct insn *insn, const ZydisDecodedInstruction *zydis,
				 const ZydisDecodedOperand *operands)
{
	if (zydis->mnemonic == ZYDIS_MNEMONIC_WBINVD || zydis->mnemonic == ZYDIS_MNEMONIC_INVD)
		return INSN_CACHE;
	if (zydis->mnemonic == ZYDIS_MNEMONIC_XSETBV)
		return INSN_XSETBV;
	if (zydis->mnemonic == ZYDIS_MNEMONIC_MOV && zydis->operand_count_visible == 2) {
		enum insn_op special = decode_special(insn, operands);

		if (special != INSN_UNKNOWN)
			return special;
	}
	insn->sign_extend =
		zydis->mnemonic == ZYDIS_MNEMONIC_MOVSX || zydis->mnemonic == ZYDIS_MNEMONIC_MOVSXD;
	for (unsigned i = 0; i < zydis->operand_count_visible; i++)
		if (!add_operand(insn, &operands[i]))
			return INSN_UNKNOWN;
	if (!insn->bytes || zydis->operand_count_visible > 2)
		return INSN_UNKNOWN;
	return plain_op(zydis->mnemonic);
}

/* What the operands tell is the width and, by an override, the segment of the source. */
static enum insn_op decode_string(struct insn *insn, const ZydisDecodedInstruction *zydis,
				  const ZydisDecodedOperand *operands)
{
	insn->segment = VELA_DS;
	for (unsigned i = 0; i < zydis->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		insn->bytes = (uint8_t)(operand->size / 8);
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			insn->segment = (uint8_t)(operand->mem.segment - ZYDIS_REGISTER_ES);
	}
	insn->rep = zydis->attributes &
		    (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
	return string_op(zydis->mnemonic);
}

static void init_decoder(ZydisDecoder *decoder, enum insn_mode mode)
{
	static const struct {
		uint8_t machine, stack;
	} modes[] = {
		[INSN_REAL] = { ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16 },
		[INSN_16] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[INSN_32] = { ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32 },
		[INSN_64] = { ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
	};

	ZydisDecoderInit(decoder, (ZydisMachineMode)modes[mode].machine,
			 (ZydisStackWidth)modes[mode].stack);
}

bool insn_decode(struct insn *insn, enum insn_mode mode, const uint8_t *bytes, unsigned available)
{
	ZydisDecoder decoder;
	ZydisDecoderContext context;
	ZydisDecodedInstruction zydis;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	init_decoder(&decoder, mode);
	*insn = (struct insn){ .reg = INSN_NO_REGISTER };
	if (!ZYAN_SUCCESS(
		    ZydisDecoderDecodeInstruction(&decoder, &context, bytes, available, &zydis)) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder, &context, &zydis, operands,
						     zydis.operand_count)))
		return false;
	insn->length = zydis.length;
	insn->address_bytes = zydis.address_width / 8;
	if (zydis.meta.category == ZYDIS_CATEGORY_STRINGOP ||
	    zydis.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
		insn->op = (uint8_t)decode_string(insn, &zydis, operands);
	else
		insn->op = (uint8_t)decode_plain(insn, &zydis, operands);
	return true;
}
