/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lower bound of what disk and network cost under KVM with a monitor that is built like kvmtool:
 * a thread that waits for all doorbells, a thread for the device, one system call for each request.
 * A guest of a few instructions rings a doorbell and spins until the batch is done; there are no
 * rings, no requests to look at and no copies, only the system calls that such a monitor cannot do
 * without.
 *
 *     floor read DEVICE BATCH     requests of 4 KiB, submitted one by one, taken by a third thread
 *     floor sync DEVICE BATCH     the same by preadv, one after the other
 *     floor send BRIDGE BATCH     packets of 64 KB to a tap on a bridge; nothing comes back
 *     floor note BRIDGE BATCH     packets of 60 bytes
 *     floor ask BRIDGE BATCH      the same, and an answer to each from the user network
 */
#define _GNU_SOURCE
#include "floor_machine.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST = 32,
	BLOCK = 4096,
	BATCHES = 400,
	BURSTS = 50,
	BURST = MOST,
	PAUSE_US = 20000,
	WARM_UP = 40,
	ETHERNET = 14,
	HEADERS = ETHERNET + 20 + 20,
	SEGMENT = 1460,
	PAYLOAD = 44 * SEGMENT,
	SHORT_FRAME = 60,
};

static unsigned batch;
static int doorbell, device, device_bell, completion_bell;
static aio_context_t context;
static struct iocb requests[MOST];
static unsigned char *blocks;
static uint64_t device_blocks, place = 0x9e3779b97f4a7c15u;
static _Atomic uint32_t rings;
static bool answered;

static uint64_t take(int bell)
{
	uint64_t count;

	if (read(bell, &count, sizeof count) != sizeof count)
		give_up("read of a bell");
	return count;
}

static void ring_device(void)
{
	uint64_t one = 1;

	if (write(device_bell, &one, sizeof one) != sizeof one)
		give_up("write of a bell");
}

/* As a condition variable does without its lock. */
static void ring_sender(void)
{
	atomic_fetch_add(&rings, 1);
	syscall(SYS_futex, &rings, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* The thread that waits for the doorbells of all devices. */
static void *run_doorbells(void *ring)
{
	int set = checked(epoll_create1(0), "epoll_create1");
	struct epoll_event event = { .events = EPOLLIN, .data.fd = doorbell };

	checked(epoll_ctl(set, EPOLL_CTL_ADD, doorbell, &event), "epoll_ctl");
	for (;;) {
		if (epoll_wait(set, &event, 1, -1) != 1)
			continue;
		take(event.data.fd);
		((void (*)(void))ring)();
	}
}

static int64_t next_place(void)
{
	place ^= place << 13;
	place ^= place >> 7;
	place ^= place << 17;
	return (int64_t)(place % device_blocks * BLOCK);
}

static void *run_submit(void *nothing)
{
	for (;;) {
		take(device_bell);
		for (unsigned i = 0; i < batch; i++) {
			struct iocb *request = &requests[i];

			request->aio_offset = next_place();
			if (syscall(SYS_io_submit, context, 1L, &request) != 1)
				give_up("io_submit");
		}
	}
	return nothing;
}

static void *run_complete(void *nothing)
{
	for (unsigned done = 0;;) {
		struct io_event events[MOST];
		struct timespec now = { 0 };

		take(completion_bell);
		long n = syscall(SYS_io_getevents, context, 1L, (long)MOST, events, &now);

		for (long i = 0; i < n; i++)
			if (events[i].res != BLOCK)
				give_up("a read is short");
		done += n > 0 ? (unsigned)n : 0;
		if (done == batch) {
			done = 0;
			machine_interrupt();
		}
	}
	return nothing;
}

static void *run_sync(void *nothing)
{
	struct iovec piece = { blocks, BLOCK };

	for (;;) {
		take(device_bell);
		for (unsigned i = 0; i < batch; i++)
			if (preadv(device, &piece, 1, next_place()) != BLOCK)
				give_up("a read is short");
		machine_interrupt();
	}
	return nothing;
}

static struct iovec frame[2];

/* TCP from the guest's address to nobody, 44 segments. */
static void make_large_frame(void)
{
	static unsigned char bytes[HEADERS + PAYLOAD] =
		"\x52\x55\x0a\0\2\2"
		"\x52\x54\0\x12\x34\x57"
		"\x08\0"
		"\x45\0\xfb\x18\0\0\x40\0\x40\x06\0\0"
		"\x0a\0\2\x4d"
		"\xc0\0\2\1"
		"\x80\0\x80\1\0\0\0\1\0\0\0\1\x50\x10\xff\xff";
	static struct virtio_net_hdr_mrg_rxbuf
		header = { .hdr = {
				   .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				   .hdr_len = HEADERS,
				   .gso_size = SEGMENT,
				   .csum_start = ETHERNET + 20,
				   .csum_offset = 16,
			   } };

	static_assert(HEADERS - ETHERNET + PAYLOAD == 0xfb18);
	frame[0] = (struct iovec){ &header, sizeof header };
	frame[1] = (struct iovec){ bytes, sizeof bytes };
}

/* An ARP request for the user network's gateway. */
static void make_question(void)
{
	static unsigned char bytes[SHORT_FRAME] = "\x52\x55\x0a\0\2\2"
						  "\x52\x54\0\x12\x34\x57"
						  "\x08\x06"
						  "\0\1\x08\0\6\4\0\1"
						  "\x52\x54\0\x12\x34\x57"
						  "\x0a\0\2\x4d"
						  "\0\0\0\0\0\0"
						  "\x0a\0\2\2";
	static struct virtio_net_hdr_mrg_rxbuf header;

	frame[0] = (struct iovec){ &header, sizeof header };
	frame[1] = (struct iovec){ bytes, sizeof bytes };
}

static void *run_send(void *nothing)
{
	size_t length = frame[0].iov_len + frame[1].iov_len;

	for (uint32_t seen = 0;; seen++) {
		while (atomic_load(&rings) == seen)
			syscall(SYS_futex, &rings, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
		for (unsigned i = 0; i < batch; i++)
			if (writev(device, frame, 2) != (ssize_t)length)
				give_up("writev to the tap");
		/* A sent packet needs no interrupt; the guest goes on when the answers have come.
		 */
		if (!answered)
			machine_note();
	}
	return nothing;
}

static void *run_receive(void *nothing)
{
	static unsigned char bytes[BLOCK];
	struct iovec piece = { bytes, sizeof bytes };

	for (unsigned taken = 0;;) {
		if (readv(device, &piece, 1) < 1)
			give_up("readv of the tap");
		if (++taken < batch)
			continue;
		taken = 0;
		machine_interrupt();
	}
	return nothing;
}

static void open_disk(const char *name)
{
	uint64_t bytes;

	device = checked(open(name, O_RDONLY | O_DIRECT), name);
	bytes = (uint64_t)lseek(device, 0, SEEK_END);
	device_blocks = bytes / BLOCK;
	blocks = mmap(NULL, MOST * BLOCK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (blocks == MAP_FAILED || syscall(SYS_io_setup, (long)MOST, &context) != 0)
		give_up("io_setup");
	device_bell = checked(eventfd(0, 0), "eventfd");
	completion_bell = checked(eventfd(0, 0), "eventfd");
	for (unsigned i = 0; i < MOST; i++)
		requests[i] = (struct iocb){
			.aio_fildes = (uint32_t)device,
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)(blocks + (size_t)i * BLOCK),
			.aio_nbytes = BLOCK,
			.aio_flags = IOCB_FLAG_RESFD,
			.aio_resfd = (uint32_t)completion_bell,
		};
}

/* A tap with the offloads that a guest is offered, as a port of the bridge. */
static void open_tap(const char *bridge)
{
	struct ifreq tap = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int size = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	char command[128];

	device = checked(open("/dev/net/tun", O_RDWR), "/dev/net/tun");
	strcpy(tap.ifr_name, "tap1");
	checked(ioctl(device, TUNSETIFF, &tap), "TUNSETIFF");
	checked(ioctl(device, TUNSETVNETHDRSZ, &size), "TUNSETVNETHDRSZ");
	checked(ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), "TUNSETOFFLOAD");
	snprintf(command, sizeof command, "ip link set tap1 up && brctl addif %s tap1", bridge);
	if (system(command) != 0)
		give_up(command);
	/* Until the bridge forwards, and what the port's arrival makes has ended. */
	sleep(60);
}

static void start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, argument) != 0)
		give_up("pthread_create");
}

/* Instructions for a request. */
static uint64_t measure_disk(void)
{
	machine_run(WARM_UP);
	return machine_run(BATCHES) / (BATCHES * batch);
}

/* Instructions for a packet. Bursts that every queue takes as a whole: nothing may be dropped. */
static uint64_t measure_send(void)
{
	uint64_t spent = 0;

	for (unsigned i = 0; i < BURSTS; i++) {
		spent += machine_run(BURST / batch);
		usleep(PAUSE_US);
	}
	return spent / (BURSTS * BURST);
}

int main(int argc, char *argv[])
{
	if (argc != 4)
		return EXIT_FAILURE;
	const char *verb = argv[1];
	bool disk = strcmp(verb, "read") == 0, sync = strcmp(verb, "sync") == 0;

	batch = (unsigned)atoi(argv[3]);
	if (batch < 1 || batch > MOST)
		return EXIT_FAILURE;
	doorbell = machine_make();
	if (disk || sync) {
		open_disk(argv[2]);
		start(sync ? run_sync : run_submit, NULL);
		if (disk)
			start(run_complete, NULL);
		start(run_doorbells, (void *)ring_device);
	} else {
		answered = strcmp(verb, "ask") == 0;
		if (strcmp(verb, "send") == 0)
			make_large_frame();
		else
			make_question();
		open_tap(argv[2]);
		start(run_send, NULL);
		if (answered)
			start(run_receive, NULL);
		start(run_doorbells, (void *)ring_sender);
	}
	uint64_t spent = disk || sync ? measure_disk() : measure_send();

	printf("@@ floor_%s_%u %llu\n", verb, batch, (unsigned long long)spent);
	return EXIT_SUCCESS;
}
