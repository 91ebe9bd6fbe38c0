/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of the paravirtual clock's pages. The TSC of Vela's guests is constant and the same on
 * every CPU, so a page is written once, when the guest asks for it, and says that it is stable.
 */
#include "kvmclock.h"

#define TSC_STABLE 1u

struct system_time {
	uint32_t version; /* odd while it is being written */
	uint32_t pad0;
	uint64_t tsc;
	uint64_t ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad1[2];
};
_Static_assert(sizeof(struct system_time) == 32, "pvclock_vcpu_time_info");

struct wall_time {
	uint32_t version;
	uint32_t seconds;
	uint32_t nanoseconds;
};

void kvmclock_scale(uint64_t khz, uint32_t *mul, int8_t *shift)
{
	uint64_t hz = khz * 1000, target = 1000000000u;
	int s = 0;

	/* Bring the factor target / hz into [1/2, 1). */
	while (hz > 2 * target) {
		hz >>= 1;
		s--;
	}
	while (hz <= target && hz) {
		hz <<= 1;
		s++;
	}
	*mul = hz ? (uint32_t)((target << 32) / hz) : 0;
	*shift = (int8_t)s;
}

void kvmclock_write_system(const struct guest_memory *memory, uint64_t gpa, uint64_t khz,
			   const struct kvmclock_time *now)
{
	struct system_time time = { 0 };

	if (!guest_read(memory, gpa, &time, sizeof time.version))
		return;
	time.version = (time.version | 1) + 1;
	time.tsc = now->tsc;
	time.ns = now->ns;
	time.flags = TSC_STABLE;
	kvmclock_scale(khz, &time.mul, &time.shift);
	guest_write(memory, gpa, &time, sizeof time);
}

void kvmclock_write_wall(const struct guest_memory *memory, uint64_t gpa,
			 const struct kvmclock_time *now)
{
	struct wall_time time;

	if (!guest_read(memory, gpa, &time, sizeof time.version))
		return;
	time.version = (time.version | 1) + 1;
	time.seconds = (uint32_t)(now->epoch_ns / 1000000000u);
	time.nanoseconds = (uint32_t)(now->epoch_ns % 1000000000u);
	guest_write(memory, gpa, &time, sizeof time);
}
