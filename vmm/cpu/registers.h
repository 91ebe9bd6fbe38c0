/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of x86 registers that the monitor looks at (AMD APM volume 2 chapter 3, Intel SDM volume 3
 * chapter 2).
 */
#ifndef VMM_CPU_REGISTERS_H
#define VMM_CPU_REGISTERS_H

#define CR0_PE (1ull << 0)
#define CR0_ET (1ull << 4)
#define CR0_WP (1ull << 16)
#define CR0_AM (1ull << 18)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)

#define CR4_DE	    (1ull << 3)
#define CR4_PSE	    (1ull << 4)
#define CR4_PAE	    (1ull << 5)
#define CR4_LA57    (1ull << 12)
#define CR4_SMEP    (1ull << 20)
#define CR4_SMAP    (1ull << 21)
#define CR4_OSXSAVE (1ull << 18)

#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)

#define FLAG_CF	 (1ull << 0)
#define FLAG_PF	 (1ull << 2)
#define FLAG_AF	 (1ull << 4)
#define FLAG_ZF	 (1ull << 6)
#define FLAG_SF	 (1ull << 7)
#define FLAG_TF	 (1ull << 8)
#define FLAG_IF	 (1ull << 9)
#define FLAG_DF	 (1ull << 10)
#define FLAG_OF	 (1ull << 11)
#define FLAG_RF	 (1ull << 16)
#define FLAG_VM	 (1ull << 17)
#define FLAG_AC	 (1ull << 18)
#define FLAG_ALU (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

#define DR6_BS (1ull << 14)

#define VECTOR_DE 0u
#define VECTOR_DB 1u
#define VECTOR_UD 6u
#define VECTOR_SS 12u
#define VECTOR_GP 13u
#define VECTOR_PF 14u
#define VECTOR_AC 17u

/* Segment attributes in the format of struct vela_segment. */
#define SEGMENT_RIGHT	    (1u << 1) /* data may be written, code read */
#define SEGMENT_EXPAND_DOWN (1u << 2) /* of data */
#define SEGMENT_CODE	    (1u << 3)
#define SEGMENT_DPL_SHIFT   5
#define SEGMENT_PRESENT	    (1u << 7)
#define SEGMENT_LONG	    (1u << 9)
#define SEGMENT_BIG	    (1u << 10)

#endif
