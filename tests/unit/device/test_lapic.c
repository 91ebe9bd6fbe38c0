/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC: reset values, priorities, in-service handling, LVTs, ICR in both modes, errors,
 * APICBASE transitions, and which accesses each mode allows.
 */
#include "test.h"

#include "device/lapic_regs.h"

static struct zoo zoo;
static struct lapic *const lapic = &zoo.dev.lapic;

static uint32_t get(unsigned reg)
{
	return (uint32_t)bus_mmio_read(&zoo.bus, LAPIC_DEFAULT_BASE + reg * 16, 4);
}

static void set(unsigned reg, uint32_t value)
{
	bus_mmio_write(&zoo.bus, LAPIC_DEFAULT_BASE + reg * 16, 4, value);
}

static bool wrmsr(unsigned reg, uint64_t value)
{
	return lapic_write_msr(lapic, 0x800 + reg, value);
}

static uint64_t rdmsr(unsigned reg)
{
	uint64_t value = 0;
	assert_true(lapic_read_msr(lapic, 0x800 + reg, &value));
	return value;
}

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "lapic");
	set(LAPIC_SVR, 0x1ff);
	return 0;
}

static void enter_x2apic(void)
{
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00d00));
}

static void reset_values(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "lapic");
	assert_int_equal(get(LAPIC_ID), ZOO_LAPIC_ID << 24);
	assert_int_equal(get(LAPIC_VERSION), 0x01050014);
	assert_int_equal(get(LAPIC_TPR), 0);
	assert_int_equal(get(LAPIC_LDR), 0);
	assert_int_equal(get(LAPIC_DFR), 0xffffffff);
	assert_int_equal(get(LAPIC_SVR), 0xff);
	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		assert_int_equal(get(LAPIC_LVT + i), 0x10000);
	for (unsigned i = LAPIC_ISR; i < LAPIC_ESR; i++)
		assert_int_equal(get(i), 0);
	assert_int_equal(get(LAPIC_TIMER_INITIAL), 0);
	assert_int_equal(get(LAPIC_TIMER_CURRENT), 0);
	assert_int_equal(lapic->s.base, 0xfee00900);
}

static void requests_wait_in_priority_order(void **state)
{
	(void)state;
	assert_int_equal(lapic_pending_vector(lapic), -1);
	assert_true(lapic_set_irr(lapic, 0x31, false));
	assert_true(lapic_set_irr(lapic, 0xef, false));
	assert_true(lapic_set_irr(lapic, 0x10, false));
	assert_int_equal(get(LAPIC_IRR), 1 << 16);
	assert_int_equal(get(LAPIC_IRR + 7), 1 << 15);
	assert_int_equal(lapic_pending_vector(lapic), 0xef);
	lapic_ack(lapic, 0xef);
	assert_int_equal(get(LAPIC_ISR + 7), 1 << 15);
	assert_int_equal(get(LAPIC_IRR + 7), 0);
	assert_int_equal(get(LAPIC_PPR), 0xe0);
	assert_int_equal(lapic_pending_vector(lapic), -1);
	lapic_set_irr(lapic, 0xe0, false); /* same class: waits */
	assert_int_equal(lapic_pending_vector(lapic), -1);
	lapic_set_irr(lapic, 0xf1, false);
	assert_int_equal(lapic_pending_vector(lapic), 0xf1);
	lapic_ack(lapic, 0xf1);
	set(LAPIC_EOI, 0);
	assert_int_equal(get(LAPIC_ISR + 7), 1 << 15);
	set(LAPIC_EOI, 0);
	assert_int_equal(lapic_pending_vector(lapic), 0xe0);
	set(LAPIC_EOI, 0); /* with nothing in service it does nothing */
	assert_int_equal(zoo.logged, 0);
}

static void task_priority_holds_back(void **state)
{
	(void)state;
	lapic_set_irr(lapic, 0x51, false);
	set(LAPIC_TPR, 0x5f);
	assert_int_equal(get(LAPIC_PPR), 0x5f);
	assert_int_equal(lapic_pending_vector(lapic), -1);
	assert_int_equal(lapic_waiting_vector(lapic), 0x51);
	assert_int_equal(lapic_cr8(lapic), 5);
	lapic_set_cr8(lapic, 4);
	assert_int_equal(get(LAPIC_TPR), 0x40);
	assert_int_equal(lapic_pending_vector(lapic), 0x51);
	lapic_ack(lapic, 0x51);
	set(LAPIC_TPR, 0x38);
	assert_int_equal(get(LAPIC_PPR), 0x50);
	lapic_set_irr(lapic, 0x41, false);
	assert_int_equal(lapic_waiting_vector(lapic), -1);
	set(LAPIC_TPR, 0x58);
	assert_int_equal(get(LAPIC_PPR), 0x58); /* equal classes: TPR with its low bits */
}

static void level_interrupts_report_their_end(void **state)
{
	(void)state;
	lapic_set_irr(lapic, 0x41, true);
	assert_int_equal(get(LAPIC_TMR + 2), 2);
	lapic_ack(lapic, 0x41);
	set(LAPIC_EOI, 0);
	assert_int_equal(zoo_last(&zoo), ZOO_EOI | 0x41);
	lapic_set_irr(lapic, 0x41, false);
	assert_int_equal(get(LAPIC_TMR + 2), 0);
	lapic_ack(lapic, 0x41);
	set(LAPIC_EOI, 0);
	assert_int_equal(zoo.logged, 1);
	set(LAPIC_SVR, 0x11ff); /* directed EOI: the guest tells the IOAPIC itself */
	lapic_set_irr(lapic, 0x41, true);
	lapic_ack(lapic, 0x41);
	set(LAPIC_EOI, 0);
	assert_int_equal(zoo.logged, 1);
}

static void software_disable_refuses_and_masks(void **state)
{
	(void)state;
	set(LAPIC_LVT + LVT_LINT0, 0x700);
	lapic_set_irr(lapic, 0x41, false);
	set(LAPIC_SVR, 0xff);
	assert_false(lapic_set_irr(lapic, 0x42, false));
	assert_int_equal(lapic->errors, 1);
	assert_int_equal(get(LAPIC_LVT + LVT_LINT0), 0x10700);
	set(LAPIC_LVT + LVT_LINT0, 0x700);
	assert_int_equal(get(LAPIC_LVT + LVT_LINT0), 0x10700);
	assert_int_equal(lapic_pending_vector(lapic), 0x41); /* what stood stays */
	set(LAPIC_SVR, 0x1ff);
	assert_int_equal(get(LAPIC_LVT + LVT_LINT0), 0x10700); /* enabling unmasks nothing */
}

static void lint_pins(void **state)
{
	(void)state;
	assert_false(lapic_accepts_extint(lapic));
	lapic_firmware_setup(lapic);
	assert_true(lapic_accepts_extint(lapic));
	lapic_lint(lapic, 0); /* ExtINT: asked for by the CPU, no request here */
	assert_int_equal(lapic_pending_vector(lapic), -1);
	lapic_lint(lapic, 1);
	assert_int_equal(zoo_last(&zoo), ZOO_EVENT | APIC_NMI << 8);
	set(LAPIC_LVT + LVT_LINT1, 0x8045);
	lapic_lint(lapic, 1);
	assert_int_equal(lapic_pending_vector(lapic), 0x45);
	assert_int_equal(get(LAPIC_TMR + 2), 1 << 5);
	set(LAPIC_LVT + LVT_LINT0, 0x10700);
	assert_false(lapic_accepts_extint(lapic));
}

static void lvt_bits_that_do_not_exist_stay_zero(void **state)
{
	static const uint32_t want[LAPIC_LVTS] = { 0x700ff, 0x107ff, 0x107ff,
						   0x1a7ff, 0x1a7ff, 0x100ff };

	(void)state;
	for (unsigned i = 0; i < LAPIC_LVTS; i++) {
		set(LAPIC_LVT + i, 0xffffffff);
		assert_int_equal(get(LAPIC_LVT + i), want[i]);
	}
	set(LAPIC_TPR, 0xffffffff);
	assert_int_equal(get(LAPIC_TPR), 0xff);
	set(LAPIC_LDR, 0xffffffff);
	assert_int_equal(get(LAPIC_LDR), 0xff000000);
	set(LAPIC_DFR, 0);
	assert_int_equal(get(LAPIC_DFR), 0x0fffffff);
	set(LAPIC_DCR, 0xffffffff);
	assert_int_equal(get(LAPIC_DCR), 0x0b);
	set(LAPIC_ID, 0xffffffff);
	assert_int_equal(get(LAPIC_ID), ZOO_LAPIC_ID << 24);
}

static void xapic_icr(void **state)
{
	(void)state;
	set(LAPIC_ICR_HIGH, 0x05000000);
	set(LAPIC_ICR_LOW, 0x4045);
	assert_int_equal(zoo.messages, 1);
	assert_int_equal(zoo.message[0].dest, 5);
	assert_int_equal(zoo.message[0].vector, 0x45);
	assert_int_equal(zoo.message[0].source, ZOO_LAPIC_ID);
	assert_false(zoo.message[0].logical);
	assert_int_equal(get(LAPIC_ICR_LOW), 0x4045); /* never busy */
	set(LAPIC_ICR_HIGH, 0xff000000);
	set(LAPIC_ICR_LOW, 0x4500); /* INIT to all */
	assert_int_equal(zoo.message[1].dest, APIC_BROADCAST);
	assert_int_equal(zoo.message[1].delivery, APIC_INIT);
	assert_false(zoo.message[1].deassert);
	set(LAPIC_ICR_LOW, 0x8500);
	assert_true(zoo.message[2].deassert);
	set(LAPIC_ICR_LOW, 0x4e08 | 3 << 18); /* STARTUP, logical, all others */
	assert_int_equal(zoo.message[3].delivery, APIC_STARTUP);
	assert_int_equal(zoo.message[3].shorthand, APIC_OTHERS);
	assert_int_equal(zoo.message[3].vector, 8);
	assert_true(zoo.message[3].logical);
	assert_int_equal(zoo.message[3].dest, 0xff);
	set(LAPIC_ICR_LOW, 0x4045 | 1 << 18); /* self */
	assert_int_equal(zoo.messages, 4);
	assert_int_equal(lapic_pending_vector(lapic), 0x45);
	set(LAPIC_ICR_LOW, 0x4400 | 1 << 18); /* NMI to self is not defined */
	assert_int_equal(lapic->errors, 1);
	zoo.deaf = true;
	set(LAPIC_ICR_LOW, 0x4045);
	assert_int_equal(lapic->errors, 2);
}

static void errors_are_latched_by_a_write(void **state)
{
	(void)state;
	set(LAPIC_LVT + LVT_ERROR, 0xfe);
	set(LAPIC_ICR_LOW, 0x400f);
	assert_int_equal(zoo.messages, 0);
	assert_int_equal(get(LAPIC_ESR), 0);
	assert_int_equal(lapic_pending_vector(lapic), 0xfe);
	set(LAPIC_ESR, 0);
	assert_int_equal(get(LAPIC_ESR), 0x20);
	set(LAPIC_ESR, 0);
	assert_int_equal(get(LAPIC_ESR), 0);
	assert_false(lapic_set_irr(lapic, 15, false));
	set(LAPIC_ESR, 0);
	assert_int_equal(get(LAPIC_ESR), 0x40);
	/* An illegal vector for the error itself is one more error, and no more. */
	set(LAPIC_LVT + LVT_ERROR, 0x05);
	set(LAPIC_ICR_LOW, 0x400f);
	set(LAPIC_ESR, 0);
	assert_int_equal(get(LAPIC_ESR), 0x60);
}

static void xapic_page_allows_aligned_words_only(void **state)
{
	(void)state;
	assert_int_equal(bus_mmio_read(&zoo.bus, LAPIC_DEFAULT_BASE + 0x20, 8), UINT64_MAX);
	assert_int_equal(bus_mmio_read(&zoo.bus, LAPIC_DEFAULT_BASE + 0x22, 2), 0xffff);
	assert_int_equal(get(0), 0xffffffff);
	assert_int_equal(get(LAPIC_SELF_IPI), 0xffffffff);
	assert_int_equal(zoo.bus.counters.mmio_refused, 4);
	assert_int_equal(get(LAPIC_EOI), 0);
}

static void base_transitions(void **state)
{
	uint64_t value;
	(void)state;
	assert_true(lapic_mmio_enabled(lapic));
	assert_true(lapic_mmio_base(lapic) == LAPIC_DEFAULT_BASE);
	assert_false(lapic_read_msr(lapic, 0x802, &value)); /* no x2APIC MSRs yet */
	assert_false(lapic_write_msr(lapic, 0x808, 0));
	assert_false(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00400)); /* EXTD without EN */
	assert_false(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00901)); /* reserved */
	assert_false(
		lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00900 | UINT64_C(1) << ZOO_ADDR_BITS));
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xabc000900));
	assert_true(lapic_mmio_base(lapic) == 0xabc000000);
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00d00));
	assert_false(lapic_mmio_enabled(lapic));
	assert_false(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00900)); /* back to xAPIC */
	set(LAPIC_TPR, 0x30);
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00100)); /* off */
	assert_int_equal(lapic->s.tpr, 0);
	assert_true(lapic_accepts_extint(lapic));
	assert_int_equal(lapic_pending_vector(lapic), -1);
	assert_false(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00d00)); /* off to x2APIC */
	assert_true(lapic_write_msr(lapic, LAPIC_MSR_BASE, 0xfee00900));
	assert_true(lapic_read_msr(lapic, LAPIC_MSR_BASE, &value));
	assert_true(value == 0xfee00900);
}

static void x2apic_registers(void **state)
{
	uint64_t value;
	(void)state;
	enter_x2apic();
	assert_int_equal(rdmsr(LAPIC_ID), ZOO_LAPIC_ID);
	assert_int_equal(rdmsr(LAPIC_LDR), 1 << ZOO_LAPIC_ID);
	assert_int_equal(rdmsr(LAPIC_SVR), 0x1ff);
	for (unsigned reg = 0; reg < 0x100; reg++) {
		bool readable = lapic_read_msr(lapic, 0x800 + reg, &value);
		bool expected = reg == 2 || reg == 3 || reg == 8 || reg == 0xa || reg == 0xd ||
				reg == 0xf || (reg >= 0x10 && reg <= 0x28) || reg == 0x30 ||
				(reg >= 0x32 && reg <= 0x39) || reg == 0x3e;

		assert_int_equal(readable, expected);
	}
	assert_false(wrmsr(LAPIC_ID, 0));
	assert_false(wrmsr(LAPIC_LDR, 0));
	assert_false(wrmsr(LAPIC_DFR, 0));
	assert_false(wrmsr(LAPIC_ICR_HIGH, 0));
	assert_false(wrmsr(LAPIC_TIMER_CURRENT, 0));
	assert_false(wrmsr(LAPIC_EOI, 1));
	assert_false(wrmsr(LAPIC_ESR, 1));
	assert_false(wrmsr(LAPIC_TPR, 0x100));
	assert_false(wrmsr(LAPIC_SVR, 0x2000));
	assert_false(wrmsr(LAPIC_LVT, 0x80000));
	/* Read-only bits are ignored: Linux writes them when it powers off. */
	assert_true(wrmsr(LAPIC_LVT + LVT_LINT0, 0x5700));
	assert_int_equal(rdmsr(LAPIC_LVT + LVT_LINT0), 0x700);
	assert_false(wrmsr(LAPIC_DCR, 4));
	assert_false(wrmsr(LAPIC_TIMER_INITIAL, UINT64_C(1) << 32));
	assert_true(wrmsr(LAPIC_TPR, 0x20));
	assert_int_equal(rdmsr(LAPIC_PPR), 0x20);
	assert_true(wrmsr(LAPIC_EOI, 0));
}

static void x2apic_icr_is_one_register(void **state)
{
	(void)state;
	enter_x2apic();
	assert_true(wrmsr(LAPIC_ICR_LOW, UINT64_C(0x12345) << 32 | 0x4045));
	assert_int_equal(zoo.message[0].dest, 0x12345);
	assert_int_equal(zoo.message[0].vector, 0x45);
	assert_true(rdmsr(LAPIC_ICR_LOW) == (UINT64_C(0x12345) << 32 | 0x4045));
	assert_true(wrmsr(LAPIC_ICR_LOW, UINT64_C(0xffffffff) << 32 | 0x400));
	assert_int_equal(zoo.message[1].dest, APIC_BROADCAST);
	assert_false(wrmsr(LAPIC_ICR_LOW, 0x2000));
	assert_int_equal(zoo.messages, 2);
	assert_true(wrmsr(LAPIC_SELF_IPI, 0x61));
	assert_int_equal(lapic_pending_vector(lapic), 0x61);
	assert_true(wrmsr(LAPIC_SELF_IPI, 0x01));
	assert_true(wrmsr(LAPIC_ESR, 0));
	assert_int_equal(rdmsr(LAPIC_ESR), 0x20);
	assert_int_equal(zoo.messages, 2);
}

static void messages_are_accepted_by_kind(void **state)
{
	struct apic_message message = { .vector = 0x55, .level = true };
	(void)state;
	assert_true(lapic_accept(lapic, &message));
	assert_int_equal(lapic_pending_vector(lapic), 0x55);
	assert_int_equal(get(LAPIC_TMR + 2), 1 << 21);
	message.delivery = APIC_NMI;
	assert_true(lapic_accept(lapic, &message));
	assert_int_equal(zoo_last(&zoo), ZOO_EVENT | APIC_NMI << 8 | 0x55);
	message.delivery = APIC_STARTUP;
	assert_true(lapic_accept(lapic, &message));
	assert_int_equal(zoo_last(&zoo), ZOO_EVENT | APIC_STARTUP << 8 | 0x55);
	message.delivery = APIC_INIT;
	message.deassert = true;
	assert_true(lapic_accept(lapic, &message));
	assert_int_equal(zoo.logged, 2);
	message.delivery = 3; /* reserved */
	assert_false(lapic_accept(lapic, &message));
	assert_int_equal(lapic->errors, 1);
}

static void init_keeps_identity_and_mode(void **state)
{
	(void)state;
	enter_x2apic();
	lapic_set_irr(lapic, 0x55, false);
	lapic_init_signal(lapic);
	assert_int_equal(lapic_pending_vector(lapic), -1);
	assert_int_equal(rdmsr(LAPIC_ID), ZOO_LAPIC_ID);
	assert_int_equal(rdmsr(LAPIC_LDR), 1 << ZOO_LAPIC_ID);
	assert_int_equal(rdmsr(LAPIC_SVR), 0xff);
	assert_int_equal(lapic->s.base, 0xfee00d00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, setup),
		cmocka_unit_test_setup(requests_wait_in_priority_order, setup),
		cmocka_unit_test_setup(task_priority_holds_back, setup),
		cmocka_unit_test_setup(level_interrupts_report_their_end, setup),
		cmocka_unit_test_setup(software_disable_refuses_and_masks, setup),
		cmocka_unit_test_setup(lint_pins, setup),
		cmocka_unit_test_setup(lvt_bits_that_do_not_exist_stay_zero, setup),
		cmocka_unit_test_setup(xapic_icr, setup),
		cmocka_unit_test_setup(errors_are_latched_by_a_write, setup),
		cmocka_unit_test_setup(xapic_page_allows_aligned_words_only, setup),
		cmocka_unit_test_setup(base_transitions, setup),
		cmocka_unit_test_setup(x2apic_registers, setup),
		cmocka_unit_test_setup(x2apic_icr_is_one_register, setup),
		cmocka_unit_test_setup(messages_are_accepted_by_kind, setup),
		cmocka_unit_test_setup(init_keeps_identity_and_mode, setup),
	};

	return cmocka_run_group_tests_name("lapic", tests, NULL, NULL);
}
