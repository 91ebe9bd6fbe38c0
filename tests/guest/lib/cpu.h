/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, and numbers from the processor manuals, that test guests use. */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n) ((uint64_t)1 << (n))

#define MSR_TSC		 0x10u
#define MSR_APICBASE	 0x1bu
#define MSR_PAT		 0x277u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC	 0x800u
#define MSR_EFER	 0xc0000080u

#define EFER_SCE  BIT(0)
#define EFER_LME  BIT(8)
#define EFER_LMA  BIT(10)
#define EFER_NXE  BIT(11)
#define EFER_SVME BIT(12)

#define FLAG_CF BIT(0)
#define FLAG_ZF BIT(6)
#define FLAG_TF BIT(8)
#define FLAG_IF BIT(9)
#define FLAG_DF BIT(10)
/* CF, PF, AF, ZF, SF, OF */
#define FLAGS_ALU ((uint64_t)0x8d5)

#define CR4_DE	    BIT(3)
#define CR4_OSXSAVE BIT(18)

#define VECTOR_DE  0
#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_UD  6
#define VECTOR_DF  8
#define VECTOR_NP  11
#define VECTOR_GP  13
#define VECTOR_PF  14

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

#define PORT_ACCESS(suffix, type)                                                     \
	static inline type in##suffix(uint16_t port)                                  \
	{                                                                             \
		type value;                                                           \
		__asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));  \
		return value;                                                         \
	}                                                                             \
	static inline void out##suffix(uint16_t port, type value)                     \
	{                                                                             \
		__asm__ volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port)); \
	}
PORT_ACCESS(b, uint8_t)
PORT_ACCESS(w, uint16_t)
PORT_ACCESS(l, uint32_t)
#undef PORT_ACCESS

#define CONTROL_ACCESS(n)                                                       \
	static inline uint64_t read_cr##n(void)                                 \
	{                                                                       \
		uint64_t value;                                                 \
		__asm__ volatile("movq %%cr" #n ", %0" : "=r"(value));          \
		return value;                                                   \
	}                                                                       \
	static inline void write_cr##n(uint64_t value)                          \
	{                                                                       \
		__asm__ volatile("movq %0, %%cr" #n : : "r"(value) : "memory"); \
	}
CONTROL_ACCESS(0)
CONTROL_ACCESS(2)
CONTROL_ACCESS(3)
CONTROL_ACCESS(4)
CONTROL_ACCESS(8)
#undef CONTROL_ACCESS

static inline uint64_t read_flags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags;
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Sleeps until an interrupt was taken; interrupts are off before and after. */
static inline void irq_wait(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
