/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt routing, and what else a kernel looks for on a PC: ACPI tables and PCI. */
#include "../lib/irq.h"
#include "../lib/test.h"

#define VECTOR	 0x60u
#define PIN_PIT	 2
#define PIN_COM1 4
#define UART_IER (COM1 + 1)
#define UART_IIR (COM1 + 2)
#define IER_THRE 2

GUEST_TEST(ioapic_registers, "the IOAPIC has 24 pins, all masked, and keeps what is written")
{
	irq_setup();
	expect((ioapic_read(1) & 0xff00ff) == 0x170020, "version %x", ioapic_read(1));
	for (unsigned pin = 0; pin < 24; pin++)
		expect(ioapic_read(0x10 + 2 * pin) & IOAPIC_MASKED, "pin %u is open", pin);
	ioapic_route(5, IOAPIC_MASKED | IOAPIC_LEVEL | 0x77);
	expect(ioapic_read(0x1a) == (IOAPIC_MASKED | IOAPIC_LEVEL | 0x77), "%x", ioapic_read(0x1a));
	ioapic_route(5, IOAPIC_MASKED);
}

GUEST_TEST(ioapic_edge, "the 8254 reaches pin 2, an edge each period")
{
	irq_setup();
	irq_watch(VECTOR);
	ioapic_route(PIN_PIT, VECTOR);
	pit_start(2, PIT_HZ / 1000);
	expect(irq_await(&irq_count[VECTOR], 5, 2000), "%u in 2 s", irq_count[VECTOR]);
	ioapic_route(PIN_PIT, IOAPIC_MASKED | VECTOR);
	irq_count[VECTOR] = 0;
	expect(!irq_await(&irq_count[VECTOR], 1, 10), "one although masked");
	pit_start(0, 0);
}

GUEST_TEST(ioapic_one_shot, "mode 0 of the 8254 gives one edge")
{
	irq_setup();
	irq_watch(VECTOR);
	pit_start(0, 59659); /* 50 ms: not before the route is there */
	ioapic_route(PIN_PIT, VECTOR);
	expect(irq_await(&irq_count[VECTOR], 1, 2000), "none");
	expect(!irq_await(&irq_count[VECTOR], 2, 10), "a second one");
	ioapic_route(PIN_PIT, IOAPIC_MASKED);
}

static volatile unsigned levels;

static void end_level(struct frame *frame)
{
	(void)frame;
	if (++levels == 3) {
		outb(UART_IER, 0);
		inb(UART_IIR);
	}
	lapic_write(LAPIC_EOI, 0);
}

GUEST_TEST(ioapic_level, "a level interrupt comes again until its cause is gone")
{
	irq_setup();
	trap_set_handler(VECTOR, end_level);
	levels = 0;
	ioapic_route(PIN_COM1, IOAPIC_LEVEL | VECTOR);
	outb(UART_IER, IER_THRE); /* the transmitter is always empty */
	expect(irq_await(&levels, 3, 2000), "%u in 2 s", levels);
	expect(!irq_await(&levels, 4, 10), "one without a cause");
	ioapic_route(PIN_COM1, IOAPIC_MASKED);
}

GUEST_TEST(uart_edge, "the serial port interrupts once for its empty transmitter")
{
	irq_setup();
	irq_watch(VECTOR);
	ioapic_route(PIN_COM1, VECTOR);
	outb(UART_IER, IER_THRE);
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "none");
	expect((inb(UART_IIR) & 0xf) == 2, "cause");
	expect(!irq_await(&irq_count[VECTOR], 2, 5), "a second one");
	outb(UART_IER, 0);
	ioapic_route(PIN_COM1, IOAPIC_MASKED);
}

GUEST_TEST(pic_com1, "the same by the PIC, acknowledged by its EOI only")
{
	irq_setup();
	trap_strays = 0;
	trap_set_handler(PIC_BASE + 4, NULL);
	lapic_write(LAPIC_LVT_LINT0, 0x700);
	pic_mask(0xffef);
	outb(UART_IER, IER_THRE);
	expect(irq_await(&trap_strays, 1, 1000), "none");
	outb(0x20, 0x0b); /* read ISR */
	expect(inb(0x20) == 0x10, "in service %x", inb(0x20));
	outb(0x20, 0x20);
	expect(inb(0x20) == 0, "in service after EOI %x", inb(0x20));
	outb(UART_IER, 0);
	inb(UART_IIR);
	pic_mask(0xffff);
}

GUEST_TEST(x2apic_ipi, "self-IPIs in x2APIC mode, by ICR and by the register made for them")
{
	irq_setup();
	lapic_set_x2apic(true);
	irq_watch(VECTOR);
	wrmsr(MSR_X2APIC + LAPIC_ICR, ICR_SELF | VECTOR);
	expect(irq_await(&irq_count[VECTOR], 1, 1000), "none by ICR");
	wrmsr(MSR_X2APIC + LAPIC_SELF_IPI, VECTOR);
	expect(irq_await(&irq_count[VECTOR], 2, 1000), "none by SELF IPI");
	wrmsr(MSR_X2APIC + LAPIC_ICR, VECTOR); /* physical destination 0: this one */
	expect(irq_await(&irq_count[VECTOR], 3, 1000), "none by destination");
	lapic_set_x2apic(false);
}

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

static uint8_t sum_of(const void *at, uint64_t bytes)
{
	const uint8_t *p = at;
	uint8_t sum = 0;

	while (bytes--)
		sum = (uint8_t)(sum + *p++);
	return sum;
}

/* As a kernel without a pointer from its loader does it. */
static const struct rsdp *find_rsdp(void)
{
	for (uint64_t at = 0xe0000; at < 0x100000; at += 16)
		if (!memcmp((const void *)at, "RSD PTR ", 8) && !sum_of((const void *)at, 20))
			return (const void *)at;
	return NULL;
}

static const struct header *find_table(const char *signature)
{
	const struct rsdp *rsdp = find_rsdp();
	const struct header *xsdt = rsdp ? (const void *)rsdp->xsdt : NULL;

	for (uint32_t i = sizeof *xsdt; xsdt && i < xsdt->length; i += 8) {
		uint64_t at;

		memcpy(&at, (const uint8_t *)xsdt + i, sizeof at);
		if (!memcmp((const void *)at, signature, 4))
			return (const void *)at;
	}
	return NULL;
}

static void check_table(const struct header *table, const char *signature)
{
	expect(table && !memcmp(table->signature, signature, 4), "no %s", signature);
	if (table)
		expect(!sum_of(table, table->length), "%s: checksum %x", signature,
		       sum_of(table, table->length));
}

GUEST_TEST(acpi_tables, "RSDP, XSDT, FADT, MADT and DSDT are found with right checksums")
{
	const struct rsdp *rsdp = find_rsdp();
	const struct header *fadt = find_table("FACP");
	uint64_t dsdt = 0;

	expect(rsdp && boot_info.rsdp == (uint64_t)rsdp, "RSDP at %lx, PVH says %lx",
	       (uint64_t)rsdp, boot_info.rsdp);
	if (!rsdp)
		return;
	expect(!sum_of(rsdp, rsdp->length), "RSDP: extended checksum");
	check_table((const void *)rsdp->xsdt, "XSDT");
	check_table(fadt, "FACP");
	check_table(find_table("APIC"), "APIC");
	if (fadt)
		memcpy(&dsdt, (const uint8_t *)fadt + 140, sizeof dsdt);
	check_table((const void *)dsdt, "DSDT");
}

GUEST_TEST(acpi_values,
	   "the FADT names the ports that are there, the MADT this processor and the IOAPIC")
{
	const uint8_t *fadt = (const void *)find_table("FACP"),
		      *madt = (const void *)find_table("APIC");
	uint32_t timer, lapic, ioapic = 0, length;
	unsigned processors = 0, overrides = 0;

	if (!fadt || !madt)
		return expect(false, "no tables");
	memcpy(&timer, fadt + 76, sizeof timer);
	expect(timer == 0x608, "PM timer at %x", timer);
	memcpy(&lapic, madt + 36, sizeof lapic);
	expect(lapic == LAPIC_GPA, "local APIC at %x", lapic);
	memcpy(&length, madt + 4, sizeof length);
	for (uint32_t i = 44; i < length && madt[i + 1]; i += madt[i + 1]) {
		processors += madt[i] == 0;
		overrides += madt[i] == 2 && madt[i + 3] == 0 && madt[i + 4] == PIN_PIT;
		if (madt[i] == 1)
			memcpy(&ioapic, madt + i + 4, sizeof ioapic);
	}
	expect(processors == 1 && overrides == 1 && ioapic == IOAPIC_GPA, "%u, %u, %x", processors,
	       overrides, ioapic);
}

static uint32_t pci_read(unsigned devfn, unsigned offset)
{
	outl(0xcf8, 0x80000000u | devfn << 8 | offset);
	return inl(0xcfc);
}

GUEST_TEST(pci_bridge, "bus 0 has a host bridge and nothing else")
{
	expect(pci_read(0, 0) == 0x00081b36u, "00.0 is %x", pci_read(0, 0));
	expect(pci_read(0, 8) >> 16 == 0x0600, "class %x", pci_read(0, 8));
	expect(inb(0xcff) == 6 && inw(0xcfe) == 0x0600, "narrow reads: %x %x", inb(0xcff),
	       inw(0xcfe));
	for (unsigned devfn = 1; devfn < 256; devfn++)
		expect(pci_read(devfn, 0) == ~0u, "%x is %x", devfn, pci_read(devfn, 0));
	outl(0xcf8, 0);
	expect(inl(0xcfc) == ~0u, "data without the enable bit: %x", inl(0xcfc));
}
