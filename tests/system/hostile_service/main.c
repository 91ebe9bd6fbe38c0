/* SPDX-License-Identifier: Apache-2.0 */
/* Which of its ways a hostile service goes; and those that begin as the real block service. */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/start.h>
#include <string.h>

#include "hostile.h"
#include "service_log.h"
#include "setup.h"

RT_HEAP(4096);

#define HONEST_TURNS 300u /* with requests in flight, before it shows what it is */
#define HONEST_NS    1000000000ull
#define LYING_NS     500000ull

static struct service service;

uint32_t hostile_random(void)
{
	static uint32_t state = 1;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

unsigned char *hostile_window(unsigned n)
{
	return (unsigned char *)RT_CLIENT_VA + n * RT_LINK_BYTES;
}

static void log_line(const char *line)
{
	rt_log(RT_INFO, "%s", line);
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		rt_sm_down_all(RT_SEL_WAKE, VELA_NO_DEADLINE);
}

/* How often it has been started. Windows outlive a service, and of the text of a refusal, of which
 * there is none, nobody reads the end. */
static unsigned life(void)
{
	struct rt_link_words *words = (void *)(hostile_window(0) + RT_LINK_WORDS);

	return (unsigned char)++words->text[sizeof words->text - 2];
}

/* One turn of the real service, which waits for the next for so long at most. */
static void serve(uint64_t most_ns)
{
	const uint64_t now_ns = rt_clock_ns();
	uint64_t again_ns = service_turn(&service, now_ns);

	rt_alive();
	for (unsigned n = 0; n < service.clients; n++)
		if (service.kicks >> n & 1)
			rt_sm_up(RT_SEL_CLIENT + n);
	service.kicks = 0;
	if (service.fatal)
		rt_fatal("%s", service.fatal);
	if (again_ns > now_ns + most_ns)
		again_ns = now_ns + most_ns;
	if (again_ns > now_ns)
		rt_sm_down_all(RT_SEL_WAKE, rt_clock_deadline(again_ns - now_ns));
}

static void start_service(const struct rt_service_info *info)
{
	const struct service_setup setup = { info, hostile_window(0), (unsigned char *)RT_DMA_VA,
					     log_line };

	service_init(&service, &setup);
}

/* Its first life ends in sleep, the second in a loop, both with requests under way; the third is
 * that of a good service. */
static _Noreturn void hang(const struct rt_service_info *info)
{
	const unsigned lives = life();

	start_service(info);
	for (unsigned turns = 0; lives > 2 || turns < HONEST_TURNS || !service.flying;) {
		serve(HONEST_NS);
		turns += service.flying != 0;
	}
	rt_log(RT_INFO, "hangs now, in life %u", lives);
	if (lives == 1)
		sleep_for_ever();
	for (;;)
		__asm__ volatile("pause");
}

/* Serves its clients, and lies to them. */
static _Noreturn void lie(const struct rt_service_info *info)
{
	start_service(info);
	for (unsigned turns = 0;; turns++) {
		serve(turns > HONEST_TURNS ? LYING_NS : HONEST_NS);
		if (turns > HONEST_TURNS && turns % 8 == 0)
			for (unsigned n = 0; n < info->clients; n++) {
				spoil_link(info, n);
				rt_sm_up(RT_SEL_CLIENT + n);
			}
	}
}

int rt_main(void)
{
	const struct rt_service_info *info = &rt_info()->service;
	const char *name = rt_info()->name;

	service_log_open();
	if (!strcmp(name, "device"))
		attack_by_device(info);
	if (!strcmp(name, "calls"))
		attack_by_calls();
	if (!strcmp(name, "network"))
		attack_by_network(info);
	if (!strcmp(name, "hangs"))
		hang(info);
	if (!strcmp(name, "lies"))
		lie(info);
	sleep_for_ever();
}
