/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A against its data sheet, and the sequence by which stock Linux tells the chip's kind.
 */
#include "test.h"

#include "device/uart_regs.h"

static struct zoo zoo;
static struct uart *const uart = &zoo.dev.uart;

static uint8_t in(unsigned reg)
{
	return zoo_in(&zoo, (uint16_t)(UART_COM1_PORT + reg));
}

static void out(unsigned reg, uint8_t value)
{
	zoo_out(&zoo, (uint16_t)(UART_COM1_PORT + reg), value);
}

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "uart16550");
	return 0;
}

static void push(unsigned count)
{
	static const uint8_t bytes[32] = "abcdefghijklmnopqrstuvwxyz";

	assert_int_equal(uart_push(uart, bytes, count), count);
}

/* The only line that sends a break is the loopback: a zero byte with break and framing error. */
static void push_break(void)
{
	out(REG_MCR, MCR_LOOP);
	out(REG_LCR, LCR_BREAK);
	out(REG_LCR, 0);
	out(REG_MCR, 0);
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(in(REG_IER), 0);
	assert_int_equal(in(REG_IIR_FCR), 0x01);
	assert_int_equal(in(REG_LCR), 0);
	assert_int_equal(in(REG_MCR), 0);
	assert_int_equal(in(REG_LSR), 0x60);
	assert_int_equal(in(REG_MSR), 0xb0);
}

static void output_leaves_at_once(void **state)
{
	(void)state;
	out(REG_DATA, 'x');
	assert_int_equal(zoo_last(&zoo), 'x');
	assert_int_equal(in(REG_LSR), 0x60);
}

static void divisor_latch_hides_data_and_ier(void **state)
{
	(void)state;
	out(REG_LCR, 0x83);
	out(REG_DATA, 0x0c);
	out(REG_IER, 0x34);
	assert_int_equal(in(REG_DATA), 0x0c);
	assert_int_equal(in(REG_IER), 0x34);
	out(REG_LCR, 0x03);
	assert_int_equal(in(REG_IER), 0);
	assert_int_equal(zoo.logged, 0);
}

static void scratch_holds_anything(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 256; value++) {
		out(REG_SCR, (uint8_t)value);
		assert_int_equal(in(REG_SCR), value);
	}
}

static void reserved_bits_read_as_zero(void **state)
{
	(void)state;
	out(REG_IER, 0xff);
	assert_int_equal(in(REG_IER), 0x0f);
	out(REG_MCR, 0xff);
	assert_int_equal(in(REG_MCR), 0x1f);
	out(REG_LSR, 0xff);
	out(REG_MSR, 0xff);
	assert_int_equal(in(REG_LSR) & 0x1e, 0);
}

static void line_status_ready_follows_the_fifo(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0x01);
	push(3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(in(REG_LSR), 0x61);
		assert_int_equal(in(REG_DATA), 'a' + i);
	}
	assert_int_equal(in(REG_LSR), 0x60);
	assert_int_equal(zoo_last(&zoo), ZOO_DRAINED);
	assert_int_equal(zoo.logged, 2); /* once when the FIFO was switched, once now */
}

static void input_waits_for_room(void **state)
{
	static const uint8_t bytes[20] = "0123456789abcdefghi";

	(void)state;
	assert_int_equal(uart_room(uart), 1);
	assert_int_equal(uart_push(uart, bytes, 20), 1);
	assert_int_equal(uart_push(uart, bytes, 20), 0);
	assert_int_equal(in(REG_LSR), 0x61); /* no overrun */
	out(REG_IIR_FCR, 0x01);		     /* enabling the FIFO empties it */
	assert_int_equal(in(REG_LSR), 0x60);
	assert_int_equal(uart_room(uart), 16);
	assert_int_equal(uart_push(uart, bytes, 20), 16);
	assert_int_equal(in(REG_DATA), '0');
	assert_int_equal(uart_room(uart), 1);
	out(REG_IIR_FCR, 0x03); /* clear */
	assert_int_equal(uart_room(uart), 16);
	assert_int_equal(in(REG_LSR), 0x60);
}

static void the_fifo_wraps(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0x01);
	for (unsigned round = 0; round < 10; round++) {
		push(13);
		for (unsigned i = 0; i < 13; i++)
			assert_int_equal(in(REG_DATA), 'a' + i);
	}
}

static void receive_interrupts_by_trigger_level(void **state)
{
	static const uint8_t fcr[4] = { 0x01, 0x41, 0x81, 0xc1 };
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		setup(NULL);
		out(REG_MCR, MCR_OUT2);
		out(REG_IIR_FCR, fcr[i]);
		out(REG_IER, IER_RX);
		if (level[i] > 1) {
			push(level[i] - 1u);
			assert_int_equal(in(REG_IIR_FCR), 0xcc); /* time-out */
			assert_true(zoo.line.level);
			push(1);
		} else {
			push(1);
		}
		assert_int_equal(in(REG_IIR_FCR), 0xc4);
		while (in(REG_LSR) & 1)
			in(REG_DATA);
		assert_int_equal(in(REG_IIR_FCR), 0xc1);
		assert_false(zoo.line.level);
	}
}

static void transmit_interrupt(void **state)
{
	(void)state;
	out(REG_MCR, MCR_OUT2);
	out(REG_IER, IER_THRE);
	assert_true(zoo.line.level);
	assert_int_equal(in(REG_IIR_FCR), 0x02);
	assert_false(zoo.line.level); /* reading IIR took it */
	assert_int_equal(in(REG_IIR_FCR), 0x01);
	out(REG_IER, IER_THRE); /* was on already: no new event */
	assert_false(zoo.line.level);
	out(REG_DATA, 'x');
	assert_true(zoo.line.level);
	assert_int_equal(in(REG_IIR_FCR), 0x02);
	out(REG_IER, 0);
	out(REG_IER, IER_THRE);
	assert_int_equal(in(REG_IIR_FCR), 0x02);
}

static void iir_reports_the_highest_priority_and_only_thre_is_cleared_by_it(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0x01);
	push(1);
	push_break(); /* modem inputs move there and back */
	out(REG_IER, IER_ALL);
	in(REG_DATA); /* the break comes to the front */
	assert_int_equal(in(REG_IIR_FCR), 0xc6);
	assert_int_equal(in(REG_IIR_FCR), 0xc6);
	assert_int_equal(in(REG_LSR), 0xf9); /* break, framing, error in FIFO, ready */
	assert_int_equal(in(REG_IIR_FCR), 0xc4);
	assert_int_equal(in(REG_DATA), 0);
	assert_int_equal(in(REG_IIR_FCR), 0xc2);
	assert_int_equal(in(REG_IIR_FCR), 0xc0);
	assert_int_equal(in(REG_MSR) & 0x0f, 0x0b); /* CTS, DSR, DCD changed */
	assert_int_equal(in(REG_IIR_FCR), 0xc1);
}

static void errors_show_with_their_byte(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0x01);
	push(2);
	push_break();
	assert_int_equal(in(REG_LSR), 0xe1); /* somewhere behind */
	in(REG_DATA);
	assert_int_equal(in(REG_LSR), 0xe1);
	in(REG_DATA);
	assert_int_equal(in(REG_LSR), 0xf9);
	assert_int_equal(in(REG_LSR), 0x61); /* reading cleared it */
}

static void out2_gates_the_line(void **state)
{
	(void)state;
	out(REG_IER, IER_RX);
	push(1);
	assert_false(zoo.line.level);
	assert_int_equal(in(REG_IIR_FCR), 0x04);
	out(REG_MCR, MCR_OUT2);
	assert_true(zoo.line.level);
	out(REG_MCR, 0);
	assert_false(zoo.line.level);
}

static void loopback_returns_data_and_modem_lines(void **state)
{
	(void)state;
	out(REG_MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
	assert_int_equal(in(REG_MSR) & 0xf0, 0x90);
	out(REG_MCR, MCR_LOOP | MCR_DTR | MCR_OUT1);
	assert_int_equal(in(REG_MSR) & 0xf0, 0x60);
	out(REG_DATA, 0x5a);
	assert_int_equal(zoo.logged, 0);
	assert_int_equal(in(REG_LSR), 0x61);
	assert_int_equal(uart_room(uart), 0);
	out(REG_DATA, 0xa5); /* overruns the one-byte receiver, which keeps the new byte */
	assert_int_equal(in(REG_LSR), 0x63);
	assert_int_equal(in(REG_LSR), 0x61);
	assert_int_equal(in(REG_DATA), 0xa5);
	assert_int_equal(in(REG_LSR), 0x60);
	out(REG_MCR, 0);
	assert_int_equal(in(REG_MSR) & 0xf0, 0xb0);
	assert_int_equal(uart_room(uart), 1);
}

static void loopback_fifo_overrun_keeps_the_old(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0x01);
	out(REG_MCR, MCR_LOOP);
	for (unsigned i = 0; i < 17; i++)
		out(REG_DATA, (uint8_t)i);
	assert_int_equal(in(REG_LSR), 0x63);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(REG_DATA), i);
	assert_int_equal(in(REG_LSR), 0x60);
	out(REG_LCR, LCR_BREAK);
	assert_int_equal(in(REG_LSR), 0xf9);
	assert_int_equal(in(REG_DATA), 0);
}

static void ring_reports_its_falling_edge(void **state)
{
	(void)state;
	out(REG_MCR, MCR_LOOP);
	in(REG_MSR);
	out(REG_MCR, MCR_LOOP | MCR_OUT1);
	assert_int_equal(in(REG_MSR), 0x40);
	out(REG_MCR, MCR_LOOP);
	assert_int_equal(in(REG_MSR), 0x04);
	assert_int_equal(in(REG_MSR), 0x00);
}

static void fcr_bits_need_the_enable_bit(void **state)
{
	(void)state;
	out(REG_IIR_FCR, 0xc8);
	assert_int_equal(in(REG_IIR_FCR), 0x01);
	out(REG_IIR_FCR, 0x01);
	assert_int_equal(in(REG_IIR_FCR), 0xc1);
	push(5);
	out(REG_IIR_FCR, 0x00); /* leaving FIFO mode empties it */
	assert_int_equal(in(REG_LSR), 0x60);
	assert_int_equal(uart_room(uart), 1);
}

/* What drivers/tty/serial/8250 looks at, in its order. */
static void linux_recognises_a_16550a(void **state)
{
	(void)state;
	out(REG_IER, 0);
	assert_int_equal(in(REG_IER) & 0x0f, 0);
	out(REG_IER, 0x0f);
	assert_int_equal(in(REG_IER) & 0x0f, 0x0f);
	out(REG_IER, 0);
	out(REG_MCR, MCR_LOOP | 0x0a);
	assert_int_equal(in(REG_MSR) & 0xf0, 0x90);
	out(REG_MCR, 0);
	out(REG_LCR, 0xbf);
	out(REG_IIR_FCR, 0);
	out(REG_LCR, 0);
	out(REG_IIR_FCR, 0x01);
	assert_int_equal(in(REG_IIR_FCR) >> 6, 3);
	out(REG_LCR, 0x80);
	assert_int_not_equal(in(REG_IIR_FCR), 0); /* no EFR of a 16650 */
	out(REG_LCR, 0xbf);
	assert_int_not_equal(in(REG_IIR_FCR), 0);
	out(REG_LCR, 0xe0);
	assert_int_equal(in(REG_IIR_FCR)&MCR_LOOP, 0); /* no second bank of a National chip */
	out(REG_LCR, 0);
	out(REG_IER, 0x40);
	assert_int_equal(in(REG_IER) & 0x40, 0); /* no UUE of an XScale */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, setup),
		cmocka_unit_test_setup(output_leaves_at_once, setup),
		cmocka_unit_test_setup(divisor_latch_hides_data_and_ier, setup),
		cmocka_unit_test_setup(scratch_holds_anything, setup),
		cmocka_unit_test_setup(reserved_bits_read_as_zero, setup),
		cmocka_unit_test_setup(line_status_ready_follows_the_fifo, setup),
		cmocka_unit_test_setup(input_waits_for_room, setup),
		cmocka_unit_test_setup(the_fifo_wraps, setup),
		cmocka_unit_test_setup(receive_interrupts_by_trigger_level, setup),
		cmocka_unit_test_setup(transmit_interrupt, setup),
		cmocka_unit_test_setup(
			iir_reports_the_highest_priority_and_only_thre_is_cleared_by_it, setup),
		cmocka_unit_test_setup(errors_show_with_their_byte, setup),
		cmocka_unit_test_setup(out2_gates_the_line, setup),
		cmocka_unit_test_setup(loopback_returns_data_and_modem_lines, setup),
		cmocka_unit_test_setup(loopback_fifo_overrun_keeps_the_old, setup),
		cmocka_unit_test_setup(ring_reports_its_falling_edge, setup),
		cmocka_unit_test_setup(fcr_bits_need_the_enable_bit, setup),
		cmocka_unit_test_setup(linux_recognises_a_16550a, setup),
	};

	return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}
