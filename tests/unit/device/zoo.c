/* SPDX-License-Identifier: Apache-2.0 */
/* Construction of each device class with recording surroundings. */
#include "zoo.h"

#include <string.h>

#include "device/lapic_regs.h"
#include "zoo_apic.h"
#include "zoo_virtio.h"

static uint64_t read_clock(void *ctx)
{
	const struct zoo *zoo = ctx;

	return zoo->now;
}

static void set_line(void *ctx, unsigned line, bool level)
{
	struct zoo *zoo = ctx;

	(void)line;
	zoo->line.rises += level && !zoo->line.level;
	zoo->line.falls += !level && zoo->line.level;
	zoo->line.level = level;
}

static void record(struct zoo *zoo, uint32_t what)
{
	zoo->log[zoo->logged++ % ZOO_LOG] = what;
}

uint32_t zoo_last(const struct zoo *zoo)
{
	return zoo->logged ? zoo->log[(zoo->logged - 1) % ZOO_LOG] : UINT32_MAX;
}

static void put_byte(void *ctx, uint8_t byte)
{
	record(ctx, byte);
}

static void put_value(void *ctx, uint32_t value)
{
	record(ctx, value);
}

static void put_sleep(void *ctx, unsigned type)
{
	record(ctx, type);
}

static void put_reset(void *ctx, enum reset_source source)
{
	record(ctx, source);
}

static void put_pulse(void *ctx)
{
	record(ctx, ZOO_RESET);
}

static void put_drained(void *ctx)
{
	record(ctx, ZOO_DRAINED);
}

bool zoo_send(void *ctx, const struct apic_message *message)
{
	struct zoo *zoo = ctx;

	zoo->message[zoo->messages++ % ZOO_LOG] = *message;
	return !zoo->deaf;
}

void zoo_event(void *ctx, enum apic_delivery kind, uint8_t vector)
{
	record(ctx, ZOO_EVENT | (uint32_t)kind << 8 | vector);
}

void zoo_eoi(void *ctx, uint8_t vector)
{
	record(ctx, ZOO_EOI | vector);
}

static void build_pic(struct zoo *zoo)
{
	pic_init(&zoo->dev.pic, zoo->irq);
	pic_attach(&zoo->dev.pic, &zoo->bus);
}

static void poke_pic(struct zoo *zoo, uint8_t what, uint8_t value)
{
	if (what & 0x80)
		pic_ack(&zoo->dev.pic);
	else
		pic_set_line(&zoo->dev.pic, what & 31, value & 1);
}

static void build_pit(struct zoo *zoo)
{
	pit_init(&zoo->dev.pit, &zoo->clock, zoo->irq);
	pit_attach(&zoo->dev.pit, &zoo->bus);
}

static uint64_t deadline_pit(const struct zoo *zoo)
{
	return pit_deadline(&zoo->dev.pit);
}

static void advance_pit(struct zoo *zoo, uint64_t now_ns)
{
	pit_advance(&zoo->dev.pit, now_ns);
}

static void build_rtc(struct zoo *zoo)
{
	rtc_init(&zoo->dev.rtc, &zoo->clock, zoo->irq, ZOO_EPOCH);
	rtc_attach(&zoo->dev.rtc, &zoo->bus);
}

static uint64_t deadline_rtc(const struct zoo *zoo)
{
	return rtc_deadline(&zoo->dev.rtc);
}

static void advance_rtc(struct zoo *zoo, uint64_t now_ns)
{
	rtc_advance(&zoo->dev.rtc, now_ns);
}

static void build_uart(struct zoo *zoo)
{
	struct uart_line line = { .put = put_byte, .drained = put_drained, .ctx = zoo };

	uart_init(&zoo->dev.uart, zoo->irq, line);
	uart_attach(&zoo->dev.uart, &zoo->bus, UART_COM1_PORT);
}

static void poke_uart(struct zoo *zoo, uint8_t what, uint8_t value)
{
	uint8_t bytes[20];

	memset(bytes, value, sizeof bytes);
	uart_push(&zoo->dev.uart, bytes, what % sizeof bytes);
}

static void build_hpet(struct zoo *zoo)
{
	hpet_init(&zoo->dev.hpet, &zoo->clock, zoo->irq);
	hpet_attach(&zoo->dev.hpet, &zoo->bus, HPET_BASE);
}

static uint64_t deadline_hpet(const struct zoo *zoo)
{
	return hpet_deadline(&zoo->dev.hpet);
}

static void advance_hpet(struct zoo *zoo, uint64_t now_ns)
{
	hpet_advance(&zoo->dev.hpet, now_ns);
}

static void build_acpipm(struct zoo *zoo)
{
	acpipm_init(&zoo->dev.acpipm, &zoo->clock, zoo->irq, 24, put_sleep, zoo);
	acpipm_attach(&zoo->dev.acpipm, &zoo->bus, ZOO_PM_PORT);
}

static uint64_t deadline_acpipm(const struct zoo *zoo)
{
	return acpipm_deadline(&zoo->dev.acpipm);
}

static void advance_acpipm(struct zoo *zoo, uint64_t now_ns)
{
	acpipm_advance(&zoo->dev.acpipm, now_ns);
}

static void put_msi(void *ctx, uint64_t address, uint32_t data)
{
	record(ctx, ZOO_MSI | ((uint32_t)address & 0xf000) | (data & 0xff));
}

static void put_intx(void *ctx, unsigned input, bool level)
{
	(void)input;
	set_line(ctx, 0, level);
}

static void build_pcihost(struct zoo *zoo)
{
	const struct pci_wiring wiring = { put_msi, put_intx, zoo };

	pcihost_init(&zoo->dev.pcihost, &wiring);
	pcihost_attach(&zoo->dev.pcihost, &zoo->bus, ZOO_ECAM);
}

void zoo_build_pci(struct zoo *zoo)
{
	const struct pci_wiring wiring = { put_msi, put_intx, zoo };

	pcihost_init(&zoo->pci, &wiring);
	pcihost_attach(&zoo->pci, &zoo->bus, ZOO_ECAM);
}

static void build_i8042(struct zoo *zoo)
{
	i8042_init(&zoo->dev.i8042, zoo->irq, put_pulse, zoo);
	i8042_attach(&zoo->dev.i8042, &zoo->bus);
}

static void poke_i8042(struct zoo *zoo, uint8_t what, uint8_t value)
{
	i8042_key(&zoo->dev.i8042, (what & 1 ? 0xe000 : 0) | value, what & 2);
}

static void build_reset(struct zoo *zoo)
{
	reset_init(&zoo->dev.reset, put_reset, zoo);
	reset_attach(&zoo->dev.reset, &zoo->bus);
}

static void build_debugexit(struct zoo *zoo)
{
	debugexit_init(&zoo->dev.debugexit, put_value, zoo);
	debugexit_attach(&zoo->dev.debugexit, &zoo->bus, DEBUGEXIT_PORT);
}

const struct zoo_class zoo_classes[] = {
	{ .ops = &pic_device_ops,
	  .build = build_pic,
	  .poke = poke_pic,
	  .ports = { { PIC_MASTER_PORT, 2 }, { PIC_SLAVE_PORT, 2 }, { PIC_ELCR_PORT, 2 } } },
	{ .ops = &pit_device_ops,
	  .build = build_pit,
	  .deadline = deadline_pit,
	  .advance = advance_pit,
	  .ports = { { PIT_PORT, 4 }, { PIT_SPEAKER_PORT, 1 } } },
	{ .ops = &rtc_device_ops,
	  .build = build_rtc,
	  .deadline = deadline_rtc,
	  .advance = advance_rtc,
	  .ports = { { RTC_PORT, 2 } } },
	{ .ops = &uart_device_ops,
	  .build = build_uart,
	  .poke = poke_uart,
	  .ports = { { UART_COM1_PORT, UART_PORT_COUNT } } },
	{ .ops = &lapic_device_ops,
	  .build = zoo_build_lapic,
	  .deadline = zoo_deadline_lapic,
	  .advance = zoo_advance_lapic,
	  .poke = zoo_poke_lapic,
	  .mmio = LAPIC_DEFAULT_BASE,
	  .msr = LAPIC_MSR_X2APIC_FIRST },
	{ .ops = &ioapic_device_ops,
	  .build = zoo_build_ioapic,
	  .poke = zoo_poke_ioapic,
	  .mmio = IOAPIC_DEFAULT_BASE },
	{ .ops = &acpipm_device_ops,
	  .build = build_acpipm,
	  .deadline = deadline_acpipm,
	  .advance = advance_acpipm,
	  .ports = { { ZOO_PM_PORT, ACPIPM_PORT_COUNT } } },
	{ .ops = &pcihost_device_ops,
	  .build = build_pcihost,
	  .ports = { { PCI_ADDRESS_PORT, 8 } } },
	{ .ops = &reset_device_ops,
	  .build = build_reset,
	  .ports = { { RESET_CF9_PORT, 1 }, { RESET_PORT92, 1 } } },
	{ .ops = &hpet_device_ops,
	  .build = build_hpet,
	  .deadline = deadline_hpet,
	  .advance = advance_hpet,
	  .mmio = HPET_BASE },
	{ .ops = &i8042_device_ops,
	  .build = build_i8042,
	  .poke = poke_i8042,
	  .ports = { { I8042_DATA_PORT, 1 }, { I8042_COMMAND_PORT, 1 } } },
	{ .ops = &debugexit_device_ops,
	  .build = build_debugexit,
	  .ports = { { DEBUGEXIT_PORT, 1 } } },
	{ .ops = &virtio_net_device_ops,
	  .build = zoo_build_net,
	  .poke = zoo_poke_net,
	  .mmio = ZOO_COMMON,
	  .ports = { { PCI_ADDRESS_PORT, 8 }, { ZOO_IO, 20 } } },
	{ .ops = &virtio_blk_device_ops,
	  .build = zoo_build_blk,
	  .poke = zoo_poke_blk,
	  .serve = zoo_serve_blk,
	  .mmio = ZOO_COMMON,
	  .ports = { { PCI_ADDRESS_PORT, 8 }, { ZOO_IO, 16 } } },
	{ .ops = &virtio_rng_device_ops,
	  .build = zoo_build_rng,
	  .poke = zoo_poke_virtio,
	  .mmio = ZOO_COMMON,
	  .ports = { { PCI_ADDRESS_PORT, 8 }, { ZOO_IO, 16 } } },
	{ .ops = &virtio_console_device_ops,
	  .build = zoo_build_console,
	  .poke = zoo_poke_console,
	  .mmio = ZOO_COMMON,
	  .ports = { { PCI_ADDRESS_PORT, 8 }, { ZOO_IO, 16 } } },
	{ .ops = &virtio_balloon_device_ops,
	  .build = zoo_build_balloon,
	  .poke = zoo_poke_balloon,
	  .mmio = ZOO_COMMON,
	  .ports = { { PCI_ADDRESS_PORT, 8 }, { ZOO_IO, 16 } } },
};

const unsigned zoo_class_count = sizeof zoo_classes / sizeof zoo_classes[0];

const struct zoo_class *zoo_find(const char *name)
{
	for (unsigned i = 0; i < zoo_class_count; i++)
		if (!strcmp(zoo_classes[i].ops->name, name))
			return &zoo_classes[i];
	return NULL;
}

void zoo_open(struct zoo *zoo, const struct zoo_class *class, uint64_t start_ns)
{
	memset(zoo, 0, sizeof *zoo);
	bus_init(&zoo->bus);
	zoo->now = start_ns;
	zoo->clock = (struct clock){ .now_ns = read_clock, .ctx = zoo };
	zoo->irq = (struct irq_line){ .set = set_line, .ctx = zoo };
	class->build(zoo);
	memset(&zoo->line, 0, sizeof zoo->line);
	zoo->line.level = false;
	class->ops->resume(&zoo->dev);
	zoo->line.rises = zoo->line.falls = 0;
	zoo->logged = 0;
}

void zoo_open_named(struct zoo *zoo, const char *name)
{
	zoo_open(zoo, zoo_find(name), ZOO_START_NS);
}

void zoo_advance(struct zoo *zoo, const struct zoo_class *class, uint64_t now_ns)
{
	zoo->now = now_ns;
	if (class->advance)
		class->advance(zoo, now_ns);
}

unsigned zoo_drain(struct zoo *zoo, const struct zoo_class *class)
{
	unsigned served = 0;

	while (!device_idle(class->ops, &zoo->dev) && class->serve(zoo))
		served++;
	return served;
}
