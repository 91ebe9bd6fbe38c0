/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers of network cards, each with a simulated one. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "card_virtio.h"
#include "e1000e.h"
#include "virtio_net.h"

#define ALL_FEATURES (0x79983ull | 1ull << 29 | 1ull << 32)

static union {
	struct nic nic;
	struct virtio_net virtio;
	struct e1000e e1000e;
} state;
static struct nic *nic = &state.nic;
static unsigned char bytes[WIRE_BYTES];

static void open_card(const struct card_model *model, uint64_t features)
{
	memset(&state, 0, sizeof state);
	device.offered = features;
	assert_null(card_open(model, nic));
	assert_true(uplink->up);
	assert_true(nic->link_up);
}

static int open_82574(void **unused)
{
	(void)unused;
	open_card(&card_82574, 0);
	return 0;
}

static int open_virtio(void **unused)
{
	(void)unused;
	open_card(&card_virtio, ALL_FEATURES);
	return 0;
}

static int close_card(void **unused)
{
	(void)unused;
	card_close();
	return 0;
}

static void fill(uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)(i * 13 + length);
	memcpy(bytes, "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5", 14);
}

/* The switch gives the card a frame. */
static bool send(uint32_t length)
{
	struct vq_segment segment = { bytes, length };
	struct rt_net_header header = { 0 };
	struct frame frame;

	fill(length);
	assert_int_equal(frame_init(&frame, &header, &segment, 1, 0, length, NIC_MTU), FRAME_GOOD);
	return gso_deliver(&frame, &uplink->outlet) == 1;
}

static enum port_next receive(struct frame *frame)
{
	return uplink->ops->next(uplink->outlet.ctx, frame);
}

static void frames_are_sent(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t length = 60 + i % 1455;

		assert_true(send(length));
		nic->ops->flush(nic);
		card.model->work();
		assert_int_equal(card.sent, i + 1);
		assert_int_equal(card.out.bytes, length);
		assert_memory_equal(card.out.data, bytes, length);
	}
	nic->ops->reclaim(nic);
	assert_false(nic->ops->busy(nic));
}

static void a_full_ring_has_no_room(void **unused)
{
	unsigned sent = 0;

	(void)unused;
	while (send(1000))
		assert_true(++sent <= NIC_ENTRIES);
	assert_true(sent >= 63);
	assert_true(uplink->ops->full(uplink->outlet.ctx, 1, 1000));
	nic->ops->flush(nic);
	unsigned before = card.interrupts;
	assert_false(nic->ops->watch(nic, true));
	card.model->work();
	assert_true(card.interrupts > before);
	assert_false(uplink->ops->full(uplink->outlet.ctx, 1, 1000));
	/* What would never fit does not wait for ever. */
	nic->ops->reclaim(nic);
	assert_false(uplink->ops->full(uplink->outlet.ctx, 1000, 1000000));
	assert_true(send(1000));
}

static void frames_are_received(void **unused)
{
	struct rt_net_header header = { 0 };
	struct frame frame;

	(void)unused;
	assert_int_equal(receive(&frame), PORT_EMPTY);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t length = 60 + i % 1455;

		fill(length);
		card_arrive(&header, bytes, length);
		assert_false(nic->ops->watch(nic, false));
		unsigned before = card.interrupts;
		card.model->work();
		assert_true(card.interrupts > before);
		assert_int_equal(receive(&frame), PORT_FRAME);
		assert_int_equal(frame.bytes, length);
		assert_memory_equal(frame.start, bytes, frame.start_bytes);
		uplink->ops->hold(uplink->outlet.ctx);
		assert_int_equal(receive(&frame), PORT_FRAME);
		uplink->ops->done(uplink->outlet.ctx);
		assert_int_equal(receive(&frame), PORT_EMPTY);
		nic->ops->flush(nic);
	}
}

static void wrong_frames_are_dropped(void **unused)
{
	struct rt_net_header header = { 0 };
	struct frame frame;

	(void)unused;
	fill(60);
	card_arrive(&header, bytes, 13);
	card_arrive(&header, bytes, 1523);
	card_arrive(&header, bytes, 60);
	card.model->work();
	assert_int_equal(receive(&frame), PORT_MALFORMED);
	assert_int_equal(receive(&frame), PORT_MALFORMED);
	assert_int_equal(receive(&frame), PORT_FRAME);
	uplink->ops->done(uplink->outlet.ctx);
}

static void a_card_that_hangs_is_reset(void **unused)
{
	unsigned resets = card.resets;

	(void)unused;
	card.dead = true;
	assert_true(send(100));
	nic->ops->flush(nic);
	for (unsigned s = 0; s < 10; s++, card.now_ns += NIC_TICK_NS)
		nic_poll(nic, card.now_ns);
	assert_int_equal(card.resets, resets + 1);
	assert_int_equal(nic->restarts, 1);
	assert_true(uplink->up);
	card.dead = false;
	assert_true(send(100));
	nic->ops->flush(nic);
	card.model->work();
	assert_int_equal(card.out.bytes, 100);
	for (unsigned s = 0; s < 10; s++, card.now_ns += NIC_TICK_NS)
		nic_poll(nic, card.now_ns);
	assert_int_equal(nic->restarts, 1);
}

static void a_card_that_is_gone_is_given_up(void **unused)
{
	(void)unused;
	card.gone = true;
	for (unsigned s = 0; s < 10; s++, card.now_ns += NIC_TICK_NS)
		nic_poll(nic, card.now_ns);
	assert_non_null(nic->dead);
	assert_false(uplink->up);
}

static void virtio_receives_all_addresses(void **unused)
{
	(void)unused;
	assert_true(device.promiscuous);
	assert_true(device.driver_features >> 32 & 1);
	assert_int_equal(nic->takes, RT_NET_CSUM | RT_NET_TSO4 | RT_NET_TSO6);
}

static void virtio_works_without_features(void **unused)
{
	(void)unused;
	close_card(NULL);
	open_card(&card_virtio, 1ull << 32);
	assert_int_equal(nic->takes, 0);
	frames_are_sent(NULL);
	frames_are_received(NULL);
}

static void virtio_frames_fill_many_buffers(void **unused)
{
	struct rt_net_header header = { 1, RT_NET_GSO_TCPV4, 54, 1448, 34, 16, 0 };
	struct frame frame;

	(void)unused;
	fill(60000);
	memcpy(bytes + 12, "\x08\x00\x45", 3);
	bytes[20] = bytes[21] = 0;
	bytes[23] = 6;
	bytes[46] = 0x50;
	for (unsigned i = 0; i < 20; i++) {
		card_arrive(&header, bytes, 60000);
		card.model->work();
		assert_int_equal(receive(&frame), PORT_FRAME);
		assert_int_equal(frame.bytes, 60000);
		uplink->ops->done(uplink->outlet.ctx);
		nic->ops->flush(nic);
	}
}

static void virtio_frames_wait_for_all_their_buffers(void **unused)
{
	struct rt_net_header header = { 0 };
	struct frame frame;

	(void)unused;
	fill(100);
	device.lie_buffers = 1;
	card_arrive(&header, bytes, 100);
	card.model->work();
	assert_int_equal(receive(&frame), PORT_EMPTY);
	card_arrive(&header, bytes, 100);
	card.model->work();
	assert_int_equal(receive(&frame), PORT_FRAME);
	assert_int_equal(frame.bytes, 100 + 112);
	uplink->ops->done(uplink->outlet.ctx);
	static const int lies[] = { -1, 64, 256, 65534 };
	for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		device.lie_buffers = lies[i];
		card_arrive(&header, bytes, 100);
		card.model->work();
		assert_int_equal(receive(&frame), PORT_MALFORMED);
	}
}

static void virtio_broken_rings_reset_the_card(void **unused)
{
	struct frame frame;

	(void)unused;
	state.virtio.rx.ring.used->idx += 1000;
	assert_int_equal(receive(&frame), PORT_EMPTY);
	assert_true(nic->broken);
	assert_false(uplink->up);
	card.now_ns += 2 * NIC_TICK_NS;
	nic_poll(nic, card.now_ns);
	assert_false(nic->broken);
	assert_true(uplink->up);
	frames_are_received(NULL);
}

static void only_cards_with_a_driver_are_found(void **unused)
{
	struct rt_device other = { .vendor = 0x8086, .device = 0x100e };

	(void)unused;
	assert_null(nic_find(&other));
	other.vendor = 0x1af4;
	other.device = 0x1000;
	assert_non_null(nic_find(&other));
}

#define EACH(test)                                                     \
	cmocka_unit_test_setup_teardown(test, open_82574, close_card), \
		cmocka_unit_test_setup_teardown(test, open_virtio, close_card)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		EACH(frames_are_sent),
		EACH(a_full_ring_has_no_room),
		EACH(frames_are_received),
		EACH(wrong_frames_are_dropped),
		EACH(a_card_that_hangs_is_reset),
		EACH(a_card_that_is_gone_is_given_up),
		cmocka_unit_test_setup_teardown(virtio_receives_all_addresses, open_virtio,
						close_card),
		cmocka_unit_test_setup_teardown(virtio_works_without_features, open_virtio,
						close_card),
		cmocka_unit_test_setup_teardown(virtio_frames_fill_many_buffers, open_virtio,
						close_card),
		cmocka_unit_test_setup_teardown(virtio_frames_wait_for_all_their_buffers,
						open_virtio, close_card),
		cmocka_unit_test_setup_teardown(virtio_broken_rings_reset_the_card, open_virtio,
						close_card),
		cmocka_unit_test(only_cards_with_a_driver_are_found),
	};

	return cmocka_run_group_tests_name("nic", tests, NULL, NULL);
}
