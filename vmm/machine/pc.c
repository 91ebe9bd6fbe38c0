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

static void isa_line(void *ctx, unsigned line, bool level)
{
	struct pc *pc = ctx;

	pc->attention |= ATTEND_IRQ;
	pic_set_line(&pc->pic, line, level);
	ioapic_set_line(&pc->ioapic, line == IRQ_PIT ? IOAPIC_PIT : line, level);
}

/* ExtINT is the processor's business; the other modes of LINT0 are the local APIC's. */
static void pic_output(void *ctx, unsigned line, bool level)
{
	struct pc *pc = ctx;

	pc->attention |= ATTEND_IRQ;
	if (level)
		lapic_lint(&pc->lapic, line);
}

static bool send_message(void *ctx, const struct apic_message *message)
{
	struct pc *pc = ctx;

	pc->attention |= ATTEND_IRQ;
	return apicbus_send(&pc->apicbus, message);
}

/* INIT and STARTUP concern other processors, of which there are none, and SMI has no handler. */
static void cpu_event(void *ctx, enum apic_delivery kind, uint8_t vector)
{
	struct pc *pc = ctx;

	(void)vector;
	if (kind == APIC_NMI) {
		pc->nmi = true;
		pc->attention |= ATTEND_IRQ;
	}
}

static void end_of_interrupt(void *ctx, uint8_t vector)
{
	struct pc *pc = ctx;

	ioapic_eoi(&pc->ioapic, vector);
}

static void end(struct pc *pc, enum pc_end how, uint32_t value)
{
	pc->attention |= ATTEND_END;
	pc->config.end(pc->config.ctx, how, value);
}

static void reset_requested(void *ctx, enum reset_source source)
{
	end(ctx, PC_RESET, (uint32_t)source);
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

static struct irq_line isa(struct pc *pc, unsigned line)
{
	return (struct irq_line){ isa_line, pc, line };
}

static void init_interrupts(struct pc *pc)
{
	const struct lapic_config config = {
		.is_bsp = true,
		.timer_hz = PC_APIC_KHZ * 1000ull,
		.tsc_khz = pc->config.tsc_khz,
		.address_bits = pc->config.physical_bits,
	};
	const struct lapic_wiring wiring = { pc, send_message, cpu_event, end_of_interrupt };

	apicbus_init(&pc->apicbus);
	lapic_init(&pc->lapic, &pc->clock, &config, &wiring);
	lapic_firmware_setup(&pc->lapic);
	ioapic_init(&pc->ioapic, (struct apic_sink){ send_message, pc });
	pic_init(&pc->pic, (struct irq_line){ pic_output, pc, 0 });
}

static void init_devices(struct pc *pc)
{
	const struct uart_line line = { console_put, console_drained, pc };
	const struct pci_wiring pci = { pc_pci_msi, pc_pci_intx, pc };

	pit_init(&pc->pit, &pc->clock, isa(pc, IRQ_PIT));
	rtc_init(&pc->rtc, &pc->clock, isa(pc, IRQ_RTC), pc->config.epoch_s);
	uart_init(&pc->com1, isa(pc, IRQ_COM1), line);
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

	return apicbus_add(&pc->apicbus, &pc->lapic) && pic_attach(&pc->pic, bus) == BUS_OK &&
	       pit_attach(&pc->pit, bus) == BUS_OK && rtc_attach(&pc->rtc, bus) == BUS_OK &&
	       uart_attach(&pc->com1, bus, UART_COM1_PORT) == BUS_OK &&
	       acpipm_attach(&pc->pm, bus, ACPI_PM_PORT) == BUS_OK &&
	       ioapic_attach(&pc->ioapic, bus, IOAPIC_DEFAULT_BASE) == BUS_OK &&
	       pcihost_attach(&pc->pci, bus, PCI_ECAM_BASE) == BUS_OK &&
	       reset_attach(&pc->reset, bus) == BUS_OK &&
	       pvpanic_attach(&pc->pvpanic, bus, PVPANIC_PORT) == BUS_OK &&
	       (!pc->config.debug_exit ||
		debugexit_attach(&pc->debugexit, bus, DEBUGEXIT_PORT) == BUS_OK);
}

bool pc_init(struct pc *pc, const struct pc_config *config)
{
	*pc = (struct pc){ .config = *config, .clock = { now_ns, pc } };
	bus_init(&pc->bus);
	init_interrupts(pc);
	init_devices(pc);
	pc->attention = ATTEND_TIMERS;
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
	struct pc *pc = ctx;

	return bus_pio_read(&pc->bus, port, width);
}

void pc_port_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	struct pc *pc = ctx;

	bus_pio_write(&pc->bus, port, width, value);
	if (port_has_timer(port))
		pc->attention |= ATTEND_TIMERS;
}

static bool is_lapic(const struct pc *pc, uint64_t gpa)
{
	return gpa - lapic_mmio_base(&pc->lapic) < LAPIC_PAGE_BYTES &&
	       lapic_mmio_enabled(&pc->lapic);
}

uint64_t pc_mmio_read(void *ctx, uint64_t gpa, unsigned width)
{
	struct pc *pc = ctx;
	uint64_t offset = gpa - lapic_mmio_base(&pc->lapic);

	if (!is_lapic(pc, gpa))
		return bus_mmio_read(&pc->bus, gpa, width);
	if (!reg_may_read(&lapic_mmio_ops.regs, offset, width))
		return bus_ones(width);
	return lapic_mmio_ops.read(&pc->lapic, offset, width);
}

void pc_mmio_write(void *ctx, uint64_t gpa, unsigned width, uint64_t value)
{
	struct pc *pc = ctx;
	uint64_t offset = gpa - lapic_mmio_base(&pc->lapic);

	if (!is_lapic(pc, gpa)) {
		bus_mmio_write(&pc->bus, gpa, width, value);
		return;
	}
	if (reg_may_write(&lapic_mmio_ops.regs, offset, width)) {
		pc->attention |= ATTEND_IRQ | ATTEND_LAPIC;
		lapic_mmio_ops.write(&pc->lapic, offset, width, value);
	}
}

bool pc_apic_msr_read(struct pc *pc, uint32_t msr, uint64_t *value)
{
	return lapic_read_msr(&pc->lapic, msr, value);
}

bool pc_apic_msr_write(struct pc *pc, uint32_t msr, uint64_t value)
{
	pc->attention |= ATTEND_IRQ | ATTEND_LAPIC;
	return lapic_write_msr(&pc->lapic, msr, value);
}

void pc_advance(struct pc *pc)
{
	uint64_t now = clock_now(&pc->clock);

	pc->attention |= ATTEND_IRQ | ATTEND_TIMERS | ATTEND_LAPIC;
	pit_advance(&pc->pit, now);
	rtc_advance(&pc->rtc, now);
	acpipm_advance(&pc->pm, now);
	lapic_advance(&pc->lapic, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t pc_device_deadline(const struct pc *pc)
{
	return earlier(pit_deadline(&pc->pit),
		       earlier(rtc_deadline(&pc->rtc), acpipm_deadline(&pc->pm)));
}

uint64_t pc_lapic_deadline(const struct pc *pc)
{
	return lapic_deadline(&pc->lapic);
}

static bool extint_waits(const struct pc *pc)
{
	return pic_intr(&pc->pic) && lapic_accepts_extint(&pc->lapic);
}

bool pc_interrupt_waits(const struct pc *pc)
{
	return lapic_pending_vector(&pc->lapic) >= 0 || extint_waits(pc);
}

bool pc_interrupt_held(const struct pc *pc)
{
	return lapic_waiting_vector(&pc->lapic) >= 0;
}

unsigned pc_interrupt_take(struct pc *pc)
{
	int vector = lapic_pending_vector(&pc->lapic);

	if (vector < 0)
		return (unsigned)pic_ack(&pc->pic) & 0xff;
	lapic_ack(&pc->lapic, (uint8_t)vector);
	return (unsigned)vector;
}
