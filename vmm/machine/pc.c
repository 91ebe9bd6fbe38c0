/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wiring of the PC. Interrupt line n of the ISA bus goes to the PIC's input n and to the IOAPIC's
 * pin n, but line 0, the PIT's, to pin 2; the PIC's output goes to LINT0 of the local APIC.
 */
#include "pc.h"

static uint64_t now_ns(void *ctx)
{
	const struct pc *pc = ctx;

	return pc->config.now_ns(pc->config.ctx);
}

void pc_attend(struct pc_cpu *cpu, uint32_t attention)
{
	struct pc *pc = cpu->pc;

	if ((cpu->attention & attention) == attention)
		return; /* it has been kicked already, or will see them itself */
	cpu->attention |= attention;
	if (cpu->index != pc->current)
		pc->kicks |= 1u << cpu->index;
}

static void isa_line(void *ctx, unsigned line, bool level)
{
	struct pc *pc = ctx;

	pic_set_line(&pc->pic, line, level);
	ioapic_set_line(&pc->ioapic, line == IRQ_PIT ? IOAPIC_PIT : line, level);
}

/* ExtINT is the processor's business; the other modes of LINT0 are the local APIC's. The line goes
 * to the bootstrap processor alone. */
static void pic_output(void *ctx, unsigned line, bool level)
{
	struct pc *pc = ctx;

	if (!level)
		return;
	pc_attend(&pc->cpu[0], ATTEND_IRQ);
	lapic_lint(&pc->cpu[0].lapic, line);
}

bool pc_send(struct pc *pc, const struct apic_message *message)
{
	return apicbus_send(&pc->apicbus, message);
}

void pc_unhalt(struct pc *pc, uint32_t apic_id)
{
	if (apic_id >= pc->config.cpus)
		return;
	pc->cpu[apic_id].unhalt = true;
	pc_attend(&pc->cpu[apic_id], ATTEND_CPU);
}

static bool send_message(void *ctx, const struct apic_message *message)
{
	return pc_send(ctx, message);
}

static bool send_from_cpu(void *ctx, const struct apic_message *message)
{
	struct pc_cpu *cpu = ctx;

	return pc_send(cpu->pc, message);
}

/* What an interrupt in service holds back is looked at when that one ends, if one hears of it. */
static void vector_raised(void *ctx)
{
	struct pc_cpu *cpu = ctx;

	if (cpu->ends_silently || lapic_waiting_vector(&cpu->lapic) >= 0)
		pc_attend(cpu, ATTEND_IRQ);
}

/* Every processor stops. */
static void end(struct pc *pc, enum pc_end how, uint32_t value)
{
	for (unsigned i = 0; i < pc->config.cpus; i++)
		pc_attend(&pc->cpu[i], ATTEND_END);
	pc->config.end(pc->config.ctx, how, value);
}

/* The bootstrap processor would begin in a firmware that is not there: for it INIT is a reset of
 * the machine. An INIT while the last one's STARTUP is awaited changes nothing. */
static void init_signal(struct pc_cpu *cpu)
{
	if (!cpu->index) {
		end(cpu->pc, PC_RESET, PC_RESET_BY_INIT);
		return;
	}
	lapic_init_signal(&cpu->lapic);
	cpu->nmi = cpu->unhalt = cpu->ends_silently = false;
	cpu->init = true;
	cpu->waits = true;
	cpu->startup = -1;
	pc_attend(cpu, ATTEND_CPU);
}

/* SMI has no handler. */
static void cpu_event(void *ctx, enum apic_delivery kind, uint8_t vector)
{
	struct pc_cpu *cpu = ctx;

	if (kind == APIC_NMI && !cpu->waits) {
		cpu->nmi = true;
		pc_attend(cpu, ATTEND_IRQ);
	} else if (kind == APIC_INIT) {
		init_signal(cpu);
	} else if (kind == APIC_STARTUP && cpu->waits) {
		cpu->waits = false;
		cpu->startup = vector;
		pc_attend(cpu, ATTEND_CPU);
	}
}

static void end_of_interrupt(void *ctx, uint8_t vector)
{
	struct pc_cpu *cpu = ctx;

	ioapic_eoi(&cpu->pc->ioapic, vector);
}

static void reset_requested(void *ctx, enum reset_source source)
{
	end(ctx, PC_RESET, (uint32_t)source);
}

static void keyboard_reset_requested(void *ctx)
{
	end(ctx, PC_RESET, RESET_BY_KEYBOARD);
}

static void sleep_requested(void *ctx, unsigned type)
{
	if (type == ACPI_S5_TYP)
		end(ctx, PC_POWEROFF, 0);
}

static void panic_reported(void *ctx, uint8_t events)
{
	if (events & PVPANIC_PANICKED)
		end(ctx, PC_PANIC, events);
}

static void debug_exit_written(void *ctx, uint32_t value)
{
	end(ctx, PC_DEBUG_EXIT, value);
}

static void console_put(void *ctx, uint8_t byte)
{
	struct pc *pc = ctx;

	pc->config.console_put(pc->config.ctx, byte);
}

static void console_drained(void *ctx)
{
	struct pc *pc = ctx;

	pc->config.console_drained(pc->config.ctx);
}

/* The lines of PIT and RTC, which the HPET may take over. */
static void legacy_line(void *ctx, unsigned line, bool level)
{
	const struct pc *pc = ctx;

	if (!hpet_replaces_legacy(&pc->hpet))
		isa_line(ctx, line, level);
}

static struct irq_line isa(struct pc *pc, unsigned line)
{
	return (struct irq_line){ isa_line, pc, line };
}

static void init_cpu(struct pc *pc, unsigned index)
{
	struct pc_cpu *cpu = &pc->cpu[index];
	const struct lapic_config config = {
		.id = index,
		.is_bsp = index == 0,
		.timer_hz = PC_APIC_KHZ * 1000ull,
		.tsc_khz = pc->config.tsc_khz,
		.address_bits = pc->config.physical_bits,
	};
	const struct lapic_wiring wiring = { cpu, vector_raised, send_from_cpu, cpu_event,
					     end_of_interrupt };

	*cpu = (struct pc_cpu){ .pc = pc, .index = index, .waits = index > 0, .startup = -1 };
	lapic_init(&cpu->lapic, &pc->clock, &config, &wiring);
	if (!index)
		lapic_firmware_setup(&cpu->lapic);
	cpu->attention = ATTEND_TIMERS;
}

static void init_interrupts(struct pc *pc)
{
	apicbus_init(&pc->apicbus);
	for (unsigned i = 0; i < pc->config.cpus; i++) {
		init_cpu(pc, i);
		apicbus_add(&pc->apicbus, &pc->cpu[i].lapic);
	}
	ioapic_init(&pc->ioapic, (struct apic_sink){ send_message, pc });
	pic_init(&pc->pic, (struct irq_line){ pic_output, pc, 0 });
}

static void init_devices(struct pc *pc)
{
	const struct uart_line line = { console_put, console_drained, pc };
	const struct pci_wiring pci = { pc_pci_msi, pc_pci_intx, pc };

	hpet_init(&pc->hpet, &pc->clock, isa(pc, IRQ_PIT));
	pit_init(&pc->pit, &pc->clock, (struct irq_line){ legacy_line, pc, IRQ_PIT });
	rtc_init(&pc->rtc, &pc->clock, (struct irq_line){ legacy_line, pc, IRQ_RTC },
		 pc->config.epoch_s);
	uart_init(&pc->com1, isa(pc, IRQ_COM1), line);
	i8042_init(&pc->keyboard, isa(pc, IRQ_KEYBOARD), keyboard_reset_requested, pc);
	acpipm_init(&pc->pm, &pc->clock, isa(pc, IRQ_SCI), 32, sleep_requested, pc);
	pcihost_init(&pc->pci, &pci);
	reset_init(&pc->reset, reset_requested, pc);
	pvpanic_init(&pc->pvpanic, panic_reported, pc);
	debugexit_init(&pc->debugexit, debug_exit_written, pc);
}

/* The local APIC is not on the bus: its page moves and vanishes with APICBASE. */
static bool attach(struct pc *pc)
{
	struct bus *bus = &pc->bus;

	return pic_attach(&pc->pic, bus) == BUS_OK && pit_attach(&pc->pit, bus) == BUS_OK &&
	       rtc_attach(&pc->rtc, bus) == BUS_OK &&
	       uart_attach(&pc->com1, bus, UART_COM1_PORT) == BUS_OK &&
	       i8042_attach(&pc->keyboard, bus) == BUS_OK &&
	       acpipm_attach(&pc->pm, bus, ACPI_PM_PORT) == BUS_OK &&
	       ioapic_attach(&pc->ioapic, bus, IOAPIC_DEFAULT_BASE) == BUS_OK &&
	       pcihost_attach(&pc->pci, bus, PCI_ECAM_BASE) == BUS_OK &&
	       reset_attach(&pc->reset, bus) == BUS_OK &&
	       pvpanic_attach(&pc->pvpanic, bus, PVPANIC_PORT) == BUS_OK &&
	       (!pc->config.hpet || hpet_attach(&pc->hpet, bus, HPET_BASE) == BUS_OK) &&
	       (!pc->config.debug_exit ||
		debugexit_attach(&pc->debugexit, bus, DEBUGEXIT_PORT) == BUS_OK);
}

bool pc_init(struct pc *pc, const struct pc_config *config)
{
	if (!config->cpus || config->cpus > PC_CPUS_MAX)
		return false;
	*pc = (struct pc){ .config = *config, .clock = { now_ns, pc } };
	bus_init(&pc->bus);
	init_interrupts(pc);
	init_devices(pc);
	return attach(pc) && pc_virtio_init(pc);
}

/* Ports of devices that have deadlines: PIT with its gate, RTC, ACPI. */
static bool port_has_timer(unsigned port)
{
	return port - PIT_PORT < 4 || port == PIT_SPEAKER_PORT || port - RTC_PORT < 2 ||
	       port - ACPI_PM_PORT < ACPIPM_PORT_COUNT;
}

uint32_t pc_port_read(void *ctx, uint16_t port, unsigned width)
{
	struct pc_cpu *cpu = ctx;

	return bus_pio_read(&cpu->pc->bus, port, width);
}

void pc_port_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	struct pc_cpu *cpu = ctx;

	bus_pio_write(&cpu->pc->bus, port, width, value);
	if (port_has_timer(port))
		pc_attend(&cpu->pc->cpu[0], ATTEND_TIMERS);
}

static bool is_lapic(const struct pc_cpu *cpu, uint64_t gpa)
{
	return gpa - lapic_mmio_base(&cpu->lapic) < LAPIC_PAGE_BYTES &&
	       lapic_mmio_enabled(&cpu->lapic);
}

uint64_t pc_mmio_read(void *ctx, uint64_t gpa, unsigned width)
{
	struct pc_cpu *cpu = ctx;
	uint64_t offset = gpa - lapic_mmio_base(&cpu->lapic);

	if (!is_lapic(cpu, gpa))
		return bus_mmio_read(&cpu->pc->bus, gpa, width);
	if (!reg_may_read(&lapic_mmio_ops.regs, offset, width))
		return bus_ones(width);
	return lapic_mmio_ops.read(&cpu->lapic, offset, width);
}

void pc_mmio_write(void *ctx, uint64_t gpa, unsigned width, uint64_t value)
{
	struct pc_cpu *cpu = ctx;
	uint64_t offset = gpa - lapic_mmio_base(&cpu->lapic);

	if (!is_lapic(cpu, gpa)) {
		bus_mmio_write(&cpu->pc->bus, gpa, width, value);
		if (gpa - HPET_BASE < HPET_BYTES)
			pc_attend(&cpu->pc->cpu[0], ATTEND_TIMERS);
		return;
	}
	if (reg_may_write(&lapic_mmio_ops.regs, offset, width)) {
		pc_attend(cpu, ATTEND_IRQ | ATTEND_LAPIC);
		lapic_mmio_ops.write(&cpu->lapic, offset, width, value);
	}
}

/* Devices whose time has not come change nothing by it: they compute what a guest reads from the
 * clock. */
void pc_advance(struct pc_cpu *cpu)
{
	struct pc *pc = cpu->pc;
	uint64_t now = clock_now(&pc->clock);

	pc_attend(cpu, ATTEND_IRQ | ATTEND_LAPIC);
	lapic_advance(&cpu->lapic, now);
	if (cpu->index || now < pc->device_deadline_ns)
		return;
	pc_attend(cpu, ATTEND_TIMERS);
	pit_advance(&pc->pit, now);
	rtc_advance(&pc->rtc, now);
	acpipm_advance(&pc->pm, now);
	hpet_advance(&pc->hpet, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t pc_device_deadline(struct pc *pc)
{
	pc->device_deadline_ns =
		earlier(earlier(pit_deadline(&pc->pit), rtc_deadline(&pc->rtc)),
			earlier(acpipm_deadline(&pc->pm), hpet_deadline(&pc->hpet)));
	return pc->device_deadline_ns;
}
