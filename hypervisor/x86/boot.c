/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the boot loader to the first process: finds the processor's features, takes the pool, starts
 * all CPUs, fills the information area, makes the root process.
 */
#include <arch/console.h>
#include <arch/coverage.h>
#include <arch/irq.h>
#include <arch/ports.h>
#include <core/calls.h>
#include <core/log.h>
#include <core/pd.h>
#include <core/pool.h>
#include <core/root.h>
#include <x86/acpi.h>
#include <x86/features.h>
#include <x86/insn.h>
#include <x86/iommu.h>
#include <x86/irq.h>
#include <x86/lapic.h>
#include <x86/multiboot.h>
#include <x86/pagetable.h>
#include <x86/phys.h>
#include <x86/serial.h>
#include <x86/smp.h>
#include <x86/svm.h>
#include <x86/tsc.h>
#include <x86/vmx.h>

#define POOL_MIN   (16ul << 20)
#define LARGE_PAGE (2ul << 20)
#define LOW_LIMIT  (4ul << 30) /* the identity map's end */

extern char image_end[];

static struct boot_info boot;
static struct acpi_info acpi;
static uint16_t exit_port; /* QEMU's isa-debug-exit, from the command line; 0: none */
static bool booting = true;
static uint32_t cpus_ready;

const struct vcpu_ops *vcpu;

void console_put(char c)
{
	serial_put(c);
	if (booting)
		screen_put(c);
}

/* 0x20 makes QEMU end with the exit code that means "the kernel stopped" (docs/commands.md). */
void console_end(void)
{
	coverage_write();
	if (exit_port)
		port_out8(exit_port, 0x20);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* The hexadecimal number behind key in the kernel's command line, 0 if it is not there. */
static uint64_t option(const char *line, const char *key)
{
	size_t n = 0;
	while (key[n])
		n++;
	for (; *line; line++) {
		if (memcmp(line, key, n) != 0)
			continue;
		uint64_t value = 0;
		for (line += n; *line > ' '; line++) {
			unsigned digit = (unsigned)(*line | 0x20);
			digit -= digit >= 'a' ? 'a' - 10u : '0';
			if (digit > 15)
				break;
			value = value * 16 + digit;
		}
		return value;
	}
	return 0;
}

/* The pool: RAM / 128 but at least 16 MiB, as low as it fits below 4 GiB, clear of image and
 * modules. */
static uint64_t pool_place(uint64_t size, uint64_t image_end_pa)
{
	for (unsigned r = 0; r < boot.ranges; r++) {
		const struct boot_range *range = &boot.range[r];
		uint64_t at = align_up(range->base, LARGE_PAGE), end = range->base + range->size;
		if (range->type != VELA_MEMORY_FREE)
			continue;
		if (at < image_end_pa)
			at = align_up(image_end_pa, LARGE_PAGE);
		for (unsigned m = 0; m < boot.modules; m++) {
			const struct boot_module *mod = &boot.module[m];
			if (at < mod->base + mod->size && mod->base < at + size) {
				at = align_up(mod->base + mod->size, LARGE_PAGE);
				m = (unsigned)-1; /* look at all modules again */
			}
		}
		if (at + size <= end && at + size <= LOW_LIMIT)
			return at;
	}
	panic("no %lu MiB of contiguous free memory below 4 GiB for the kernel", size >> 20);
}

static uint64_t pool_size(void)
{
	uint64_t ram = 0;
	for (unsigned r = 0; r < boot.ranges; r++) {
		if (boot.range[r].type == VELA_MEMORY_FREE)
			ram += boot.range[r].size;
	}
	uint64_t size = align_up(ram / 128, LARGE_PAGE);
	if (size < POOL_MIN)
		size = POOL_MIN;
	return size < POOL_MAX ? size : POOL_MAX;
}

/* The boot loader's strings may lie where the pool will be: they are copied first of all. */
static char strings[sizeof((struct vela_info *)0)->strings];
static uint32_t strings_used;

static const char *keep_string(const char *s)
{
	char *copy = strings + strings_used;
	do {
		if (strings_used == sizeof strings)
			panic("the boot command lines are too long");
		strings[strings_used++] = *s;
	} while (*s++);
	return copy;
}

static void keep_strings(void)
{
	boot.cmdline = keep_string(boot.cmdline);
	for (unsigned i = 0; i < boot.modules; i++)
		boot.module[i].cmdline = keep_string(boot.module[i].cmdline);
}

static void put_memory(struct vela_info *info, uint64_t base, uint64_t size, uint64_t type)
{
	if (info->memories == VELA_MEMORY_MAX)
		panic("the memory map has too many ranges");
	info->memory[info->memories++] = (struct vela_memory){ base, size, type };
}

static struct vela_info *fill_info(uint64_t pool_pa, uint64_t pool_bytes, uint64_t image_end_pa)
{
	struct vela_info *info = pool_alloc(1);
	_Static_assert(VELA_INFO_PAGES == 2, "a block of order 1");
	info->magic = VELA_INFO_MAGIC;
	info->version = VELA_INFO_VERSION;
	info->cpus = cpu_count;
	info->tsc_khz = tsc_khz;
	info->features = vcpu->feature | (features.tsc_ratio ? VELA_FEATURE_TSC_RATIO : 0) |
			 (iommu.ops ? VELA_FEATURE_IOMMU : 0) |
			 (iommu.irq_remap ? VELA_FEATURE_IRQ_REMAP : 0);
	info->rsdp = boot.rsdp;
	info->gsis = arch_irqs();
	info->cmdline = (uint32_t)(boot.cmdline - strings);
	memcpy(info->strings, strings, sizeof strings);
	for (unsigned i = 0; i < boot.ranges; i++)
		put_memory(info, boot.range[i].base, boot.range[i].size, boot.range[i].type);
	put_memory(info, IMAGE_PA, image_end_pa - IMAGE_PA, VELA_MEMORY_KERNEL);
	put_memory(info, pool_pa, pool_bytes, VELA_MEMORY_KERNEL);
	for (unsigned i = 0; i < boot.modules; i++) {
		struct boot_module *m = &boot.module[i];
		uint32_t cmdline = (uint32_t)(m->cmdline - strings);
		info->module[info->modules++] =
			(struct vela_module){ m->base, m->size, cmdline, 0 };
		put_memory(info, m->base, align_up(m->size, PAGE_SIZE), VELA_MEMORY_MODULE);
	}
	info->ecams = acpi.ecams;
	memcpy(info->ecam, acpi.ecam, sizeof info->ecam);
	for (unsigned i = 0; i < cpu_count; i++)
		info->apic_id[i] = cpus[i]->arch.apic_id;
	return info;
}

bool arch_reset(void)
{
	if (coverage_write())
		return false;
	if (acpi.reset.present && acpi.reset.space == 1)
		port_out8((uint16_t)acpi.reset.address, acpi.reset.value);
	port_out8(0xcf9, 0x02); /* chip set reset control: prepare, then full reset */
	port_out8(0xcf9, 0x06);
	tsc_delay_us(10000);
	return false;
}

/* What every CPU does for itself. */
static void cpu_start(unsigned index)
{
	cpu_setup(cpus[index]);
	lapic_init();
	if (!vcpu->cpu_init(cpus[index]))
		panic("CPU %u cannot run guests", index);
}

void ap_main(unsigned index)
{
	cpu_start(index);
	__atomic_add_fetch(&cpus_ready, 1, __ATOMIC_RELEASE);
	kernel_leave();
}

void vcpu_choose(void)
{
	if (!features.svm && !features.vmx) {
		const char *lacks = features.vmx_lacks;
		log_line("Vela needs AMD SVM with nested paging or Intel VMX with unrestricted "
			 "guest. This processor %s%s. Stopped.",
			 lacks ? "has VMX without "
			       : "has neither, or its firmware has switched it off",
			 lacks ? lacks : "");
		console_end();
	}
	vcpu = features.svm ? &svm_ops : &vmx_ops;
	ports_none_init();
}

static void start_cpus(void)
{
	for (unsigned i = 0; i < acpi.cpus; i++)
		cpu_create(i, acpi.apic_id[i]);
	cpu_count = acpi.cpus;
	cpu_start(0);
	irq_init(&acpi);
	iommu_init(&acpi);
	cpu_count = smp_start(&acpi);
	for (unsigned i = 0; i < cpu_count; i++)
		cpus[i]->arch.apic_id = acpi.apic_id[i];
	while (__atomic_load_n(&cpus_ready, __ATOMIC_ACQUIRE) != cpu_count - 1)
		cpu_pause();
}

[[noreturn]] void boot_main(uint32_t magic, uint64_t info_pa);

void boot_main(uint32_t magic, uint64_t info_pa)
{
	uint64_t image_end_pa = image_pa(image_end);
	serial_init();
	if (!multiboot_parse(magic, phys_ptr(info_pa, 8), &boot))
		panic("unusable boot information");
	keep_strings();
	exit_port = (uint16_t)option(boot.cmdline, "qemu-exit=0x");
	features_find();
	vcpu_choose();
	if (!boot.modules)
		panic("no boot modules: the first must be the root process");
	uint64_t size = pool_size(), pa = pool_place(size, image_end_pa);
	kernel_tables(pa, size);
	pool_init((void *)POOL_VA, pa, size / PAGE_SIZE);
	phys_reserve(IMAGE_PA, image_end_pa - IMAGE_PA);
	phys_reserve(pa, size);
	acpi_parse(boot.rsdp, &acpi);
	tsc_calibrate(acpi.pm_timer_port);
	start_cpus();
	if (!object_init(size / PAGE_SIZE))
		panic("no memory for the handle table");
	pd_init();
	log_line("Vela: %u CPU(s), %lu MHz, kernel memory %lu MiB", cpu_count, tsc_khz / 1000,
		 size >> 20);
	const struct boot_module *m = &boot.module[0];
	root_create(fill_info(pa, size, image_end_pa), phys_ptr(m->base, m->size), m->base,
		    m->size);
	booting = false;
	kernel_drop_identity();
	kernel_leave();
}
