/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port and MSR bitmaps in the processor's own formats. One bit per port: the I/O permission bitmap
 * of the TSS, SVM (APM vol. 2, 12.2.4 and 15.10.1), and both I/O bitmaps of VMX (SDM vol. 3,
 * 25.6.4). MSRs in ranges of 8,192: with SVM two bits per MSR, read then write (15.11), with VMX
 * one bitmap for the reads of two ranges, then one for their writes (25.6.9). Its processors do not
 * look at what we keep of the third range behind that; they exit for all its MSRs.
 */
#include <arch/ports.h>
#include <core/sp.h>
#include <vela/types.h>
#include <x86/features.h>

#define MSR_RANGE 0x2000ull

uint8_t ports_none[PAGE_SIZE << PIO_ORDER] __attribute__((aligned(PAGE_SIZE)));

void ports_none_init(void)
{
	memset(ports_none, 0xff, sizeof ports_none);
}

void ports_init(struct sp *sp)
{
	memset(sp->bitmap, 0xff, PAGE_SIZE << (sp->type == VELA_SP_PIO ? PIO_ORDER : MSR_ORDER));
}

/* Bit of an MSR's read or write permission, or -1 outside the ranges. */
static int64_t msr_bit(uint64_t msr, bool write)
{
	static const uint32_t base[] = { 0, 0xc0000000, 0xc0010000 };
	for (unsigned i = 0; i < 3; i++) {
		if (msr < base[i] || msr >= base[i] + MSR_RANGE)
			continue;
		uint64_t n = msr - base[i];
		if (features.vmx && i < 2)
			return (int64_t)((i + (write ? 2 : 0)) * MSR_RANGE + n);
		return (int64_t)((i * MSR_RANGE + n) * 2 + write);
	}
	return -1;
}

static bool forbidden(const struct sp *sp, int64_t bit)
{
	return sp->bitmap[bit / 8] >> bit % 8 & 1;
}

static void forbid(struct sp *sp, int64_t bit, bool on)
{
	uint8_t mask = (uint8_t)(1u << bit % 8), *byte = &sp->bitmap[bit / 8];
	if (on)
		__atomic_or_fetch(byte, mask, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(byte, (uint8_t)~mask, __ATOMIC_RELAXED);
}

/* A source of NULL (rights 0) allows nothing. */
static void copy_bit(const struct sp *src, struct sp *dst, int64_t from, int64_t to, bool allow)
{
	forbid(dst, to, !allow || !src || forbidden(src, from));
}

enum vela_status ports_copy(const struct sp *src, struct sp *dst, uint64_t from, uint64_t to,
			    uint64_t count, unsigned rights)
{
	if (dst->type == VELA_SP_PIO) {
		if (from >= PIO_END || count > PIO_END - from || to >= PIO_END ||
		    count > PIO_END - to)
			return VELA_BAD_ARG;
		for (uint64_t i = 0; i < count; i++)
			copy_bit(src, dst, (int64_t)(from + i), (int64_t)(to + i), rights);
		return VELA_OK;
	}
	if (from > UINT64_MAX - count || to > UINT64_MAX - count)
		return VELA_BAD_ARG;
	for (uint64_t i = 0; i < count; i++) {
		if (msr_bit(from + i, false) < 0 || msr_bit(to + i, false) < 0)
			return VELA_BAD_ARG;
	}
	for (uint64_t i = 0; i < count; i++) {
		for (unsigned write = 0; write < 2; write++)
			copy_bit(src, dst, msr_bit(from + i, write), msr_bit(to + i, write),
				 rights & (write ? VELA_MEM_W : VELA_MEM_R));
	}
	return VELA_OK;
}

/* MSRs that are switched with the guest (APM vol. 2, 15.5.2; vmx.c): a guest may own them. */
static const uint32_t guest_msrs[] = {
	0xc0000100, /* FS_BASE */
	0xc0000101, /* GS_BASE */
	0xc0000102, /* KERNEL_GS_BASE */
	0xc0000081, /* STAR */
	0xc0000082, /* LSTAR */
	0xc0000083, /* CSTAR */
	0xc0000084, /* SFMASK */
	0x174,	    /* SYSENTER_CS */
	0x175,	    /* SYSENTER_ESP */
	0x176,	    /* SYSENTER_EIP */
};

void ports_allow_root(struct sp *pio, struct sp *msr)
{
	memset(pio->bitmap, 0, PIO_END / 8);
	/* The 8259s stay masked: their interrupts come through the I/O APIC. */
	for (unsigned i = 0; i < 2; i++) {
		forbid(pio, 0x20 + i, true);
		forbid(pio, 0xa0 + i, true);
	}
	for (size_t i = 0; i < sizeof guest_msrs / sizeof guest_msrs[0]; i++) {
		forbid(msr, msr_bit(guest_msrs[i], false), false);
		forbid(msr, msr_bit(guest_msrs[i], true), false);
	}
}
