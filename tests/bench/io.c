/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disk and network work of a guest, in instructions that were really executed. A second process
 * that runs only when nobody else wants the processor counts what would be idle time, and that is
 * taken off. With and without Vela the guest does the same, so the difference is Vela's part.
 *
 *     io read DEVICE        4 KiB at random places, always 32 under way, past the page cache
 *     io send ADDRESS PORT  bytes by TCP, until the other side has them all
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	DEPTH = 32,
	REQUESTS = 8192,
	BLOCK = 4096,
	WARM_UP = 512,
	SEND_BYTES = 16 << 20,
	CHUNK = 64 << 10,
	SPIN_INSTRUCTIONS = 2,
};

static volatile uint64_t *spins;

[[noreturn]] static void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Starts the process that counts; a turn of its loop is SPIN_INSTRUCTIONS. */
static pid_t start_spinning(void)
{
	spins = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (spins == MAP_FAILED)
		give_up("mmap");
	pid_t child = fork();

	if (child == 0) {
		struct sched_param none = { 0 };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* musl's wrapper of this call is a stub. */
		if (syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none) != 0)
			_exit(EXIT_FAILURE);
		for (;;)
			__asm__ volatile("1: addq $1, %0; jmp 1b" : "+m"(*spins));
	}
	return child;
}

struct span {
	uint64_t tsc, spins;
};

static struct span now(void)
{
	return (struct span){ read_tsc(), *spins };
}

static void report(const char *key, struct span from, struct span to)
{
	uint64_t idle = (to.spins - from.spins) * SPIN_INSTRUCTIONS;

	printf("@@ %s %llu\n", key, (unsigned long long)(to.tsc - from.tsc - idle));
	fflush(stdout);
}

static uint64_t next_random(uint64_t value)
{
	value ^= value << 13;
	value ^= value >> 7;
	return value ^ value << 17;
}

static uint64_t blocks_of(int device)
{
	uint64_t bytes;

	if (ioctl(device, BLKGETSIZE64, &bytes) != 0)
		give_up("BLKGETSIZE64");
	return bytes / BLOCK;
}

static void submit(aio_context_t context, struct iocb *request, uint64_t block)
{
	request->aio_offset = (int64_t)(block * BLOCK);
	if (syscall(SYS_io_submit, context, 1L, &request) != 1)
		give_up("io_submit");
}

/* Keeps DEPTH requests under way until count are done. */
static void read_blocks(int device, aio_context_t context, struct iocb *requests, unsigned count)
{
	uint64_t blocks = blocks_of(device), place = 0x9e3779b97f4a7c15u;
	unsigned begun = 0, done = 0;

	for (; begun < DEPTH; begun++) {
		place = next_random(place);
		submit(context, &requests[begun], place % blocks);
	}
	while (done < count) {
		struct io_event events[DEPTH];
		long n = syscall(SYS_io_getevents, context, 1L, (long)DEPTH, events, NULL);

		if (n < 1)
			give_up("io_getevents");
		for (long i = 0; i < n; i++, done++) {
			if (events[i].res != BLOCK)
				give_up("a read is short");
			if (begun >= count)
				continue;
			begun++;
			place = next_random(place);
			submit(context, (struct iocb *)(uintptr_t)events[i].obj, place % blocks);
		}
	}
}

static void run_read(const char *name)
{
	static struct iocb requests[DEPTH];
	aio_context_t context = 0;
	int device = open(name, O_RDONLY | O_DIRECT);
	unsigned char *memory = mmap(NULL, DEPTH * BLOCK, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (device < 0 || memory == MAP_FAILED || syscall(SYS_io_setup, (long)DEPTH, &context) != 0)
		give_up(name);
	for (unsigned i = 0; i < DEPTH; i++)
		requests[i] = (struct iocb){
			.aio_fildes = (uint32_t)device,
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)(memory + (size_t)i * BLOCK),
			.aio_nbytes = BLOCK,
		};
	read_blocks(device, context, requests, WARM_UP);
	struct span start = now();

	read_blocks(device, context, requests, REQUESTS);
	report("io_read", start, now());
	printf("@@ io_requests %d\n", REQUESTS);
}

static void send_all(int to, const unsigned char *bytes, size_t count)
{
	while (count) {
		ssize_t n = send(to, bytes, count, 0);

		if (n < 1)
			give_up("send");
		bytes += n;
		count -= (size_t)n;
	}
}

static void run_send(const char *address, const char *port)
{
	static unsigned char bytes[CHUNK];
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(port)) };
	int to = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 ||
	    connect(to, (struct sockaddr *)&peer, sizeof peer) != 0)
		give_up(address);
	send_all(to, bytes, sizeof bytes);
	struct span start = now();

	for (unsigned sent = 0; sent < SEND_BYTES; sent += CHUNK)
		send_all(to, bytes, sizeof bytes);
	shutdown(to, SHUT_WR);
	/* The other side closes when it has all. */
	if (recv(to, bytes, 1, 0) != 0)
		give_up("recv");
	report("io_send", start, now());
	printf("@@ io_sent_bytes %d\n", SEND_BYTES);
}

int main(int argc, char *argv[])
{
	pid_t child = start_spinning();

	if (child < 0)
		give_up("fork");
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		run_read(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "send") == 0)
		run_send(argv[2], argv[3]);
	else
		return EXIT_FAILURE;
	fflush(stdout);
	kill(child, SIGKILL);
	return EXIT_SUCCESS;
}
