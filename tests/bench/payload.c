/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the phase benchmark's guest does: kinds of work that a Linux guest spends its time on, each
 * measured by the time stamp counter, which the emulator advances by one per instruction. The same
 * bytes run with and without Vela. Linked with musl, statically, by
 * tools/velatool/bench_payload.py.
 *
 *     payload mark NAME            print the counter
 *     payload phases               all phases that need no other program
 *     payload run NAME PROGRAM...  a program as a phase
 *     payload nothing              end at once
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	SPINS = 10000000,
	CALLS = 50000,
	FORKS = 200,
	EXECS = 100,
	FAULT_ROUNDS = 4,
	PROTECTIONS = 5000,
	ROUND_TRIPS = 3000,
	COPIES = 10,
	READS = 1000000,
	TIMED_SPINS = 20000000,
	SLEEPS = 200,
	TICK_US = 1000,
	SLEEP_NS = 500000,
	PAGE = 4096,
	NS_PER_S = 1000000000,
};

#define FAULT_BYTES ((size_t)16 << 20)
#define COPY_BYTES  ((size_t)8 << 20)
#define READ_BYTES  ((size_t)64 << 20)
#define SEED	    0x9e3779b97f4a7c15u

static const char *self;
static volatile uint64_t sink;
static volatile sig_atomic_t ticks;

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Waits until the serial line has sent it all, so that no interrupt of it falls into a phase. */
static void print(const char *key, uint64_t value)
{
	printf("@@ %s %llu\n", key, (unsigned long long)value);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

[[noreturn]] static void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static uint64_t next_random(uint64_t value)
{
	value ^= value << 13;
	value ^= value >> 7;
	return value ^ value << 17;
}

static void spin(unsigned rounds)
{
	uint64_t value = SEED;

	while (rounds--)
		value = next_random(value);
	sink = value;
}

static char *take_pages(size_t bytes, int flags)
{
	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			   -1, 0);

	if (pages == MAP_FAILED)
		give_up("mmap");
	if (madvise(pages, bytes, MADV_NOHUGEPAGE) != 0)
		give_up("madvise");
	return pages;
}

static void touch_pages(volatile char *pages, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		pages[at] = 1;
}

static void await(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		give_up("fork");
	if (status != 0) {
		fprintf(stderr, "payload: a child ended with %#x\n", (unsigned)status);
		exit(EXIT_FAILURE);
	}
}

static void phase_cpu(void)
{
	spin(SPINS);
}

static void phase_syscall(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static void phase_fork(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(EXIT_SUCCESS);
		await(child);
	}
}

static void phase_forkexec(void)
{
	for (int i = 0; i < EXECS; i++) {
		pid_t child = fork();

		if (child == 0) {
			execl(self, self, "nothing", (char *)NULL);
			_exit(EXIT_FAILURE);
		}
		await(child);
	}
}

static void phase_pagefault(void)
{
	for (int i = 0; i < FAULT_ROUNDS; i++) {
		char *pages = take_pages(FAULT_BYTES, 0);

		touch_pages(pages, FAULT_BYTES);
		munmap(pages, FAULT_BYTES);
	}
}

static void phase_mprotect(void)
{
	char *page = take_pages(PAGE, 0);

	for (int i = 0; i < PROTECTIONS; i++) {
		if (mprotect(page, PAGE, PROT_READ) != 0 ||
		    mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
			give_up("mprotect");
		touch_pages(page, PAGE);
	}
	munmap(page, PAGE);
}

/* Sends a byte and waits for one, or the other way round. */
static void exchange(int from, int to, bool first)
{
	char byte = 0;

	for (int i = 0; i < ROUND_TRIPS; i++) {
		if (first && write(to, &byte, 1) != 1)
			give_up("write");
		if (read(from, &byte, 1) != 1)
			give_up("read");
		if (!first && write(to, &byte, 1) != 1)
			give_up("write");
	}
}

static void phase_pipe_rtt(void)
{
	int there[2], back[2];

	if (pipe(there) != 0 || pipe(back) != 0)
		give_up("pipe");
	pid_t child = fork();

	if (child == 0) {
		exchange(there[0], back[1], false);
		_exit(EXIT_SUCCESS);
	}
	exchange(back[0], there[1], true);
	await(child);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

static char *pages;

static void phase_memcpy(void)
{
	for (int i = 0; i < COPIES; i++) {
		memcpy(pages, pages + COPY_BYTES, COPY_BYTES);
		__asm__ volatile("" : : : "memory"); /* one copy is not as good as all */
	}
}

static void phase_randread(void)
{
	uint64_t value = SEED, sum = 0;

	for (int i = 0; i < READS; i++) {
		value = next_random(value);
		sum += (unsigned char)pages[value & (READ_BYTES - 1)];
	}
	sink = sum;
}

static void phase_work(void)
{
	spin(TIMED_SPINS);
}

static void on_alarm(int signal)
{
	(void)signal;
	ticks++;
}

static void set_timer(int us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };

	if (setitimer(ITIMER_REAL, &timer, NULL) != 0)
		give_up("setitimer");
}

/* The same work while a timer of 1 ms sends signals. */
static void phase_work_timer(void)
{
	set_timer(TICK_US);
	spin(TIMED_SPINS);
	set_timer(0);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t overslept_ns;

static void phase_sleep(void)
{
	struct timespec span = { .tv_nsec = SLEEP_NS };

	for (int i = 0; i < SLEEPS; i++) {
		uint64_t start = now_ns();

		clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
		overslept_ns += now_ns() - start - SLEEP_NS;
	}
}

static uint64_t measure(const char *key, void (*phase)(void))
{
	uint64_t start = read_tsc();

	phase();
	uint64_t spent = read_tsc() - start;

	print(key, spent);
	return spent;
}

static void measure_memory(void)
{
	pages = take_pages(2 * COPY_BYTES, MAP_POPULATE);
	measure("phase_memcpy", phase_memcpy);
	munmap(pages, 2 * COPY_BYTES);
	pages = take_pages(READ_BYTES, 0);
	touch_pages(pages, READ_BYTES);
	measure("phase_randread", phase_randread);
	munmap(pages, READ_BYTES);
}

static void measure_timers(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	uint64_t without = measure("phase_work", phase_work);
	uint64_t with = measure("phase_work_timer", phase_work_timer);

	if (ticks == 0) {
		fputs("payload: the timer never expired\n", stderr);
		exit(EXIT_FAILURE);
	}
	print("timer_tick", (with - without) / (uint64_t)ticks);
	measure("phase_sleep", phase_sleep);
	print("sleep_overshoot", overslept_ns / SLEEPS);
}

static void measure_all(void)
{
	measure("phase_cpu", phase_cpu);
	measure("phase_syscall", phase_syscall);
	measure("phase_fork", phase_fork);
	measure("phase_forkexec", phase_forkexec);
	measure("phase_pagefault", phase_pagefault);
	measure("phase_mprotect", phase_mprotect);
	measure("phase_pipe_rtt", phase_pipe_rtt);
	measure_memory();
	measure_timers();
}

static void run(const char *name, char *const words[])
{
	char key[64];
	uint64_t start = read_tsc();
	pid_t child = fork();

	if (child == 0) {
		int nowhere = open("/dev/null", O_WRONLY);

		dup2(nowhere, STDOUT_FILENO);
		execvp(words[0], words);
		_exit(EXIT_FAILURE);
	}
	await(child);
	uint64_t spent = read_tsc() - start;

	snprintf(key, sizeof key, "phase_%s", name);
	print(key, spent);
}

int main(int argc, char *argv[])
{
	uint64_t tsc = read_tsc();
	const char *verb = argc > 1 ? argv[1] : "";

	self = argv[0];
	if (strcmp(verb, "nothing") == 0)
		return EXIT_SUCCESS;
	if (strcmp(verb, "mark") == 0 && argc == 3)
		print(argv[2], tsc);
	else if (strcmp(verb, "phases") == 0)
		measure_all();
	else if (strcmp(verb, "run") == 0 && argc > 3)
		run(argv[2], argv + 3);
	else
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
