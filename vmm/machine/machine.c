/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a machine: memory, devices, tables, kernel, first states. And time, and the end.
 */
#include "machine.h"

#include <cpuid.h>
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "acpi.h"
#include "boot.h"
#include "disks.h"
#include "random.h"

uint64_t machine_now_ns(void *ctx)
{
	const struct machine *m = ctx;

	return rt_ns_from_tsc(rt_rdtsc() - m->start_tsc, m->khz);
}

/* One tick later than the rounded-down product, so that the time has certainly come. */
uint64_t machine_tsc_at(const struct machine *m, uint64_t ns)
{
	uint64_t ticks = ns == DEADLINE_NONE ? UINT64_MAX : rt_tsc_from_ns(ns, m->khz);

	return ticks >= VELA_NO_DEADLINE - m->start_tsc ? VELA_NO_DEADLINE
							: m->start_tsc + ticks + 1;
}

void machine_end(struct machine *m, uint32_t code, uint32_t value, const char *text)
{
	for (unsigned i = 0; i < m->cpus; i++)
		pc_attend(&m->pc.cpu[i], ATTEND_END);
	if (m->end.text)
		return;
	m->end.code = code;
	m->end.value = value;
	m->end.text = text;
}

static void end_by_device(void *ctx, enum pc_end end, uint32_t value)
{
	static const struct {
		uint32_t code;
		const char *text;
	} ends[] = {
		[PC_RESET] = { RT_STATUS_GUEST_RESET, "reset" },
		[PC_POWEROFF] = { RT_STATUS_GUEST_POWEROFF, "power-off" },
		[PC_PANIC] = { RT_STATUS_GUEST_PANIC, "panic" },
		[PC_DEBUG_EXIT] = { RT_STATUS_GUEST_EXIT, "exit by the debug-exit port" },
	};

	machine_end(ctx, ends[end].code, value, ends[end].text);
}

static struct cpuid_regs host_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	(void)ctx;
	__cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
	return r;
}

static void init_time(struct machine *m)
{
	uint64_t since;

	m->khz = rt_clock.tsc_khz;
	m->ns_ticks = m->khz / RT_NS_PER_MS + 1;
	m->start_tsc = rt_rdtsc();
	since = rt_ns_from_tsc(m->start_tsc - rt_clock.boot_tsc, m->khz);
	m->epoch_ns = rt_clock.boot_epoch ? rt_clock.boot_epoch * RT_NS_PER_S + since : 0;
}

static void driver_fault(void *ctx, const char *device, unsigned queue, const char *why)
{
	(void)ctx;
	rt_log(RT_WARNING,
	       "guest: its driver of %s broke queue %u: %s; the device waits for a reset", device,
	       queue, why);
}

static void init_devices(struct machine *m)
{
	const struct guest_memory *memory = &m->memory;
	struct pc_config config = {
		.now_ns = machine_now_ns,
		.console_put = console_put,
		.console_drained = console_input,
		.console_write = m->info->vmm.virtio_console ? console_write : NULL,
		.end = end_by_device,
		.driver_fault = driver_fault,
		.random = m->info->vmm.rng && random_available() ? random_fill : NULL,
		.ram = { { memory->base, 0, memory->low_bytes },
			 { memory->base + memory->low_bytes, HIGH_RAM_BASE, memory->high_bytes } },
		.ctx = m,
		.cpus = m->cpus,
		.epoch_s = (int64_t)(m->epoch_ns / RT_NS_PER_S),
		.tsc_khz = (uint32_t)m->khz,
		.physical_bits = cpuid_physical_bits(&m->cpuid),
		.debug_exit = m->info->vmm.debug_exit,
		.hpet = m->info->vmm.hpet,
	};

	if (m->balloon.page) {
		config.balloon =
			(struct balloon_memory){ balloon_inflate, balloon_deflate, balloon_report,
						 balloon_done,	  balloon_told,	   m };
		config.touch = balloon_touch;
		m->memory.touch = balloon_touch;
		m->memory.ctx = m;
	}
	nets_open(&m->nets, &m->info->vmm, config.net);
	config.nets = m->nets.count;
	disks_open(m, &config);
	if (!pc_init(&m->pc, &config))
		rt_fatal("two devices claim the same addresses");
	nets_attach(&m->nets, m->pc.virtio.net);
}

static void init_cpu(struct machine *m)
{
	const struct cpuid_config config = {
		.host = host_cpuid,
		.cpus = m->cpus,
		.tsc_khz = (uint32_t)m->khz,
		.apic_khz = PC_APIC_KHZ,
	};
	const struct emulate_io io = {
		.mmio_read = pc_mmio_read,
		.mmio_write = pc_mmio_write,
		.port_read = pc_port_read,
		.port_write = pc_port_write,
	};

	cpuid_build(&m->cpuid, &config);
	m->memory.address_bits = cpuid_physical_bits(&m->cpuid);
	emulator_init(&m->emulator, &m->memory, NULL, &io);
}

static struct boot_file boot_file(const struct rt_file *file)
{
	return (struct boot_file){
		.name = file->name,
		.args = file->args,
		.bytes = (const unsigned char *)(RT_FILES_VA + file->offset),
		.size = file->size,
	};
}

static void boot(struct machine *m)
{
	static bool (*const loaders[])(const struct boot_request *request, struct vela_state *state,
				       struct boot_error *error) = {
		[RT_BOOT_LINUX] = boot_linux,
		[RT_BOOT_PVH] = boot_pvh,
		[RT_BOOT_MULTIBOOT] = boot_multiboot,
	};
	const struct rt_vmm_info *vmm = &m->info->vmm;
	struct boot_request request = { .memory = &m->memory, .args = vmm->args };
	struct boot_error error = { "" };

	for (unsigned i = 0; i < vmm->files && i < RT_FILES_MAX; i++)
		if (vmm->file[i].role == RT_FILE_KERNEL)
			request.kernel = boot_file(&vmm->file[i]);
		else
			request.module[request.modules++] = boot_file(&vmm->file[i]);
	if (!request.kernel.name || vmm->protocol >= sizeof loaders / sizeof loaders[0])
		rt_fatal("no kernel to boot");
	if (!acpi_write(&m->memory, m->cpus, vmm->hpet, &request.rsdp))
		rt_fatal("the VM has too little memory: at least 1 MiB is needed");
	if (!loaders[vmm->protocol](&request, m->vcpu[0].state, &error))
		rt_fatal("%s", error.text);
}

void machine_init(struct machine *m, const struct rt_info *info)
{
	m->info = info;
	m->cpus = info->vmm.cpus;
	guest_memory_init(&m->memory, (void *)RT_RAM_VA, info->vmm.ram_bytes);
	init_time(m);
	console_open(m);
	if (!m->cpus || m->cpus > RT_VCPUS_MAX)
		rt_fatal("a machine with %u processors cannot be", m->cpus);
	balloon_open(m);
	init_cpu(m);
	init_devices(m);
	for (unsigned i = 0; i < m->cpus; i++) {
		vcpu_init(m, i);
		lapic_set_tsc(&m->pc.cpu[i].lapic, 0, 0);
	}
	boot(m);
	m->vcpu[0].state->tsc_offset = m->vcpu[0].tsc_offset;
}
