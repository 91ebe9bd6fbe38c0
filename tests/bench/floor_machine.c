/* SPDX-License-Identifier: Apache-2.0 */
/* See floor_machine.h. The guest's memory has page tables, a GDT, an IDT, its program and two words
 * that it shares with the devices.
 */
#include "floor_machine.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
	MEMORY = 2 << 20,
	PML4 = 0x1000,
	PDPT = 0x2000,
	LOW_PD = 0x3000,
	HIGH_PD = 0x4000,
	IDT = 0x5000,
	GDT = 0x6000,
	SHARED = 0x7000,
	STACK = 0x9000,
	CODE = 0x10000,
	DOORBELL = 0x77,
	STOP = 0x99,
	VECTOR = 0x40,
	LAPIC_GB = 3,
	LAPIC_2MB = 503,
	LAPIC_SVR = 0xf0,
	LAPIC_ENABLED = 0x1ff,
	PV_EOI_MSR = 0x4b564d04,
	CPUID_ENTRIES = 100,
	SPIN_INSTRUCTIONS = 3,
};

/* At SHARED: what is done, counted by the guest's handler or the device, and KVM's flag that an
 * interrupt needs no end.
 */
struct shared {
	_Atomic uint64_t batches_done;
	uint64_t pv_eoi;
};

/*
 * The guest: RSI batches, RCX the spins. In its handler the flag of KVM's paravirtual end of
 * interrupt is the usual case, the register in the page of the LAPIC the other.
 */
__asm__(".section .rodata\n"
	"guest:\n"
	"	sti\n"
	"1:	out %al, $0x77\n"
	"	inc %rbx\n"
	"2:	inc %rcx\n"
	"	cmp %rbx, 0x7000\n"
	"	jb 2b\n"
	"	dec %rsi\n"
	"	jnz 1b\n"
	"	out %al, $0x99\n"
	"	hlt\n"
	"guest_interrupt:\n"
	"	incq 0x7000\n"
	"	btrq $0, 0x7008\n"
	"	jc 3f\n"
	"	movl $0, (%rdi)\n"
	"3:	iretq\n"
	"guest_end:\n"
	".text\n");
extern const unsigned char guest[], guest_interrupt[], guest_end[];

static int machine, processor;
static struct kvm_run *run;
static unsigned char *memory;
static struct shared *shared;

void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

int checked(int result, const char *what)
{
	if (result < 0)
		give_up(what);
	return result;
}

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static void put(size_t at, uint64_t value)
{
	memcpy(memory + at, &value, sizeof value);
}

/* Page tables for the first 2 MiB and the LAPIC, a code and a data segment, one interrupt gate. */
static void fill_memory(void)
{
	uint64_t handler = CODE + (uint64_t)(guest_interrupt - guest);

	put(PML4, PDPT | 3);
	put(PDPT, LOW_PD | 3);
	put(PDPT + LAPIC_GB * 8, HIGH_PD | 3);
	put(LOW_PD, 0x83);
	put(HIGH_PD + LAPIC_2MB * 8, 0xfee00000 | 0x93);
	put(GDT + 8, 0x00af9b000000ffff);
	put(GDT + 16, 0x00cf93000000ffff);
	put(IDT + VECTOR * 16,
	    (handler & 0xffff) | 8 << 16 | 0x8e00ull << 32 | handler >> 16 << 48);
	memcpy(memory + CODE, guest, (size_t)(guest_end - guest));
}

static void set_segments(void)
{
	struct kvm_sregs state;

	checked(ioctl(processor, KVM_GET_SREGS, &state), "KVM_GET_SREGS");
	state.cr0 = 0x80000011;
	state.cr3 = PML4;
	state.cr4 = 0x20;
	state.efer = 0x500;
	state.cs = (struct kvm_segment){
		.limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1
	};
	state.ss = (struct kvm_segment){
		.limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1
	};
	state.ds = state.es = state.fs = state.gs = state.ss;
	state.gdt = (struct kvm_dtable){ .base = GDT, .limit = 23 };
	state.idt = (struct kvm_dtable){ .base = IDT, .limit = VECTOR * 16 + 15 };
	checked(ioctl(processor, KVM_SET_SREGS, &state), "KVM_SET_SREGS");
}

static void set_interrupts(void)
{
	struct kvm_lapic_state lapic;
	uint32_t enabled = LAPIC_ENABLED;
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} eoi = { { .nmsrs = 1 }, { .index = PV_EOI_MSR, .data = (SHARED + 8) | 1 } };

	checked(ioctl(processor, KVM_GET_LAPIC, &lapic), "KVM_GET_LAPIC");
	memcpy(lapic.regs + LAPIC_SVR, &enabled, sizeof enabled);
	checked(ioctl(processor, KVM_SET_LAPIC, &lapic), "KVM_SET_LAPIC");
	if (ioctl(processor, KVM_SET_MSRS, &eoi) != 1)
		give_up("KVM_SET_MSRS");
}

int machine_make(void)
{
	int kvm = checked(open("/dev/kvm", O_RDWR), "/dev/kvm");
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
	} cpuid = { .header.nent = CPUID_ENTRIES };

	machine = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	checked(ioctl(machine, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		give_up("mmap");
	shared = (struct shared *)(memory + SHARED);
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY,
						      .userspace_addr = (uintptr_t)memory };

	checked(ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	processor = checked(ioctl(machine, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		   MAP_SHARED, processor, 0);
	if (run == MAP_FAILED)
		give_up("mmap of the processor");
	checked(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
	checked(ioctl(processor, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
	int doorbell = checked(eventfd(0, 0), "eventfd");
	struct kvm_ioeventfd bell = {
		.addr = DOORBELL, .len = 1, .fd = doorbell, .flags = KVM_IOEVENTFD_FLAG_PIO
	};

	checked(ioctl(machine, KVM_IOEVENTFD, &bell), "KVM_IOEVENTFD");
	fill_memory();
	set_segments();
	set_interrupts();
	return doorbell;
}

void machine_interrupt(void)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = VECTOR };

	checked(ioctl(machine, KVM_SIGNAL_MSI, &msi), "KVM_SIGNAL_MSI");
}

void machine_note(void)
{
	atomic_fetch_add(&shared->batches_done, 1);
}

uint64_t machine_run(unsigned batches)
{
	struct kvm_regs registers = { .rip = CODE,
				      .rsp = STACK,
				      .rflags = 2,
				      .rsi = batches,
				      .rbx = atomic_load(&shared->batches_done),
				      .rdi = 0xfee000b0 };

	checked(ioctl(processor, KVM_SET_REGS, &registers), "KVM_SET_REGS");
	uint64_t begin = read_tsc();

	checked(ioctl(processor, KVM_RUN, 0), "KVM_RUN");
	uint64_t end = read_tsc();

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != STOP) {
		fprintf(stderr, "floor: exit %u\n", run->exit_reason);
		exit(EXIT_FAILURE);
	}
	checked(ioctl(processor, KVM_GET_REGS, &registers), "KVM_GET_REGS");
	return end - begin - registers.rcx * SPIN_INSTRUCTIONS;
}
