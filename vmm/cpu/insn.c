/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Zydis' description of an instruction to struct insn. Pure: relies on the decoder only.
 */
#include "insn.h"

#include <Zydis/Decoder.h>
#include <vela/state.h>

#include "insn_table.h"

#define PREFIX_LOCK 0xf0u

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

	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || operand->size % 8)
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

/* A second register beside the operand in memory can only be the count of SHLD and SHRD. */
static bool register_operand(struct insn *insn, const ZydisDecodedOperand *operand)
{
	if (operand->id == 2) {
		insn->by_cl = operand->reg.value == ZYDIS_REGISTER_CL;
		return insn->by_cl;
	}
	insn->reg_bytes = (uint8_t)(operand->size / 8);
	return general(operand->reg.value, &insn->reg, &insn->reg_high);
}

/* Takes in one explicit operand; false if the emulator cannot do it. */
static bool add_operand(struct insn *insn, const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_MEMORY:
		insn->to_memory = operand->id == 0;
		return !insn->bytes && memory_operand(insn, operand);
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return register_operand(insn, operand);
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

/* MOV of a segment register: into memory only, loading one needs descriptors. */
static bool stores_segment(struct insn *insn, const ZydisDecodedOperand *operands)
{
	if (operands[0].type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    !is_special(&operands[1], ZYDIS_REGISTER_ES, &insn->reg) || insn->reg > VELA_GS)
		return false;
	insn->to_memory = true;
	return memory_operand(insn, &operands[0]);
}

/* The width of the operand in memory has to be one that the operation knows. */
static bool width_fits(const struct insn *insn, enum insn_op op)
{
	switch (insn->bytes) {
	case 1:
	case 2:
	case 4:
	case 8:
		return true;
	case 16:
		return op == INSN_CMPXCHG_PAIR;
	default:
		return op == INSN_TOUCH;
	}
}

/* Whether a near branch has the operand size that both vendors' processors give it: they differ
 * over a prefix in 64-bit mode. Far ones load segments. */
static bool branch_fits(const ZydisDecodedInstruction *zydis)
{
	if (zydis->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	return zydis->machine_mode != ZYDIS_MACHINE_MODE_LONG_64 ||
	       !(zydis->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE);
}

static enum insn_op decode_move(struct insn *insn, const ZydisDecodedOperand *operands)
{
	enum insn_op special = decode_special(insn, operands);

	if (special == INSN_UNKNOWN && stores_segment(insn, operands))
		return INSN_STORE_SEGMENT;
	return special;
}

static enum insn_op decode_plain(struct insn *insn, const ZydisDecodedInstruction *zydis,
				 const ZydisDecodedOperand *operands)
{
	enum insn_op op = insn_table_op(zydis->mnemonic);

	if (op == INSN_CACHE || op == INSN_XSETBV)
		return op;
	if (op == INSN_MOV && zydis->operand_count_visible == 2) {
		enum insn_op special = decode_move(insn, operands);

		if (special != INSN_UNKNOWN)
			return special;
	}
	insn->operands = zydis->operand_count_visible;
	insn->condition = zydis->opcode & 0xf;
	insn->sign_extend =
		zydis->mnemonic == ZYDIS_MNEMONIC_MOVSX || zydis->mnemonic == ZYDIS_MNEMONIC_MOVSXD;
	for (unsigned i = 0; i < zydis->operand_count_visible; i++)
		if (!add_operand(insn, &operands[i]))
			return INSN_UNKNOWN;
	if (op == INSN_IMUL && insn->operands == 1)
		op = INSN_IMUL_WIDE;
	if ((op == INSN_CALL || op == INSN_JMP) && !branch_fits(zydis))
		return INSN_UNKNOWN;
	return width_fits(insn, op) ? op : INSN_UNKNOWN;
}

static bool is_source_index(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_RSI || reg == ZYDIS_REGISTER_ESI || reg == ZYDIS_REGISTER_SI;
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
		if (is_source_index(operand->mem.base))
			insn->segment = (uint8_t)(operand->mem.segment - ZYDIS_REGISTER_ES);
	}
	insn->rep = zydis->attributes &
		    (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
	insn->until_equal = zydis->attributes & ZYDIS_ATTRIB_HAS_REPNE;
	return insn_table_string_op(zydis->mnemonic);
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

static bool decode(struct insn *insn, enum insn_mode mode, const uint8_t *bytes, unsigned available)
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

/* With LOCK, MOV CR0 is MOV CR8 on AMD's processors (APM vol. 3, "MOV CRn"); Zydis takes it for
 * wrong. */
bool insn_decode(struct insn *insn, enum insn_mode mode, const uint8_t *bytes, unsigned available)
{
	if (decode(insn, mode, bytes, available))
		return true;
	if (!available || bytes[0] != PREFIX_LOCK ||
	    !decode(insn, mode, bytes + 1, available - 1) || insn->op != INSN_TO_CR || insn->index)
		return false;
	insn->index = 8;
	insn->length++;
	return true;
}
