/* SPDX-License-Identifier: Apache-2.0 */
/* What VMs and services have in common when they end and start again; see member.h. */
#include "member.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "events.h"

#define ACK_NS	    1000000000ull /* how long a restart waits for the console's answer */
#define ACK_POLL_NS 5000000ull

void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void deadline_lower(uint64_t *deadline_ns, uint64_t ns)
{
	if (ns < *deadline_ns)
		*deadline_ns = ns;
}

/* What follows from an end, appended to text of length n. */
static void say_verdict(char *text, size_t size, size_t n, const struct member *member,
			enum policy_verdict verdict, uint64_t pause_ns)
{
	unsigned long long limit = member->rules.restart_limit;

	if (verdict == POLICY_STOP_LIMIT)
		snprintf(text + n, size - n,
			 "; stays stopped, its restart-limit of %llu is reached", limit);
	else if (verdict == POLICY_RESTART && pause_ns)
		snprintf(text + n, size - n, "; restarts in %llu ms (%u of %llu)",
			 (unsigned long long)pause_ns / 1000000, member->policy.crashes, limit);
	else if (verdict == POLICY_RESTART)
		snprintf(text + n, size - n, "; restarts");
}

void member_end(struct member *member, enum policy_end how, const char *detail)
{
	uint64_t now = rt_clock_ns();
	uint64_t pause;
	enum policy_verdict verdict =
		policy_decide(&member->policy, &member->rules, how, now, &pause);
	char text[200];
	int n = snprintf(text, sizeof text, "%s%s%.100s",
			 policy_text(how, member->rules.is_service), detail[0] ? ": " : "", detail);

	process_end(&member->process);
	make_printable(text);
	say_verdict(text, sizeof text, (size_t)n, member, verdict, pause);
	rt_log(RT_INFO, "%s: %s", member->process.name, text);
	client_close(member->process.index, text);
	member->state = MEMBER_CLEARING;
	member->restarts = verdict == POLICY_RESTART;
	member->cleared = 0;
	member->clear_ns = now;
	member->restart_ns = now + pause;
	member->ack_ns = now + ACK_NS;
}

void member_wait(struct member *member)
{
	member->state = MEMBER_WAITING;
	member->restart_ns = 0;
	member->ack_ns = 0;
}

void member_restart(struct member *member)
{
	rt_log(RT_INFO, "%s: restart asked for at the console", member->process.name);
	member->policy.crashes = 0;
	member->restarts = true;
	member->restart_ns = 0;
	if (member->state == MEMBER_RUNNING)
		member_end(member, POLICY_END_RESTART, "");
	else if (member->state == MEMBER_STOPPED)
		member_wait(member);
}

/* As much time passes before the next piece as this one took: others wait for the root task, and
 * guests may run on this CPU. */
void member_clear(struct member *member, uint64_t *deadline_ns)
{
	uint64_t start = rt_clock_ns();

	if (member->state != MEMBER_CLEARING)
		return;
	if (start >= member->clear_ns) {
		if (!process_reclaim(&member->process, &member->cleared)) {
			rt_log(RT_INFO,
			       "%s: %llu KiB of memory cleared and free again, %llu KiB in all; "
			       "the kernel had %llu KiB for it",
			       member->process.name, (unsigned long long)member->cleared >> 10,
			       (unsigned long long)root_memory.free_bytes >> 10,
			       (unsigned long long)member->process.quota_pages * VELA_PAGE_SIZE /
				       1024);
			member->state = member->restarts ? MEMBER_WAITING : MEMBER_STOPPED;
			return;
		}
		uint64_t now = rt_clock_ns();

		member->clear_ns = now + (now - start);
	}
	deadline_lower(deadline_ns, member->clear_ns);
}

bool member_due(const struct member *member, uint64_t *deadline_ns)
{
	uint64_t now = rt_clock_ns();

	if (member->state != MEMBER_WAITING)
		return false;
	bool acked = client_acked(member->process.index) || !console_process()->alive ||
		     now >= member->ack_ns;
	if (now >= member->restart_ns && acked)
		return true;
	deadline_lower(deadline_ns,
		       now >= member->restart_ns ? now + ACK_POLL_NS : member->restart_ns);
	return false;
}

static void log_fault(const char *name, const struct fault *fault)
{
	rt_log(RT_ERROR, "%s: %s (vector %llu, error %#llx) at instruction %#llx, address %#llx",
	       name, events_vector_text(fault->vector), (unsigned long long)fault->vector,
	       (unsigned long long)fault->error, (unsigned long long)fault->ip,
	       (unsigned long long)fault->address);
}

bool process_had_fault(struct process *process)
{
	struct fault fault;

	if (!events_take(process->index, process->incarnation, &fault))
		return false;
	log_fault(process->name, &fault);
	return true;
}

bool process_report(const struct process *process, struct rt_status *status)
{
	const struct rt_status *page = process->status;

	if (!page)
		return false;
	uint32_t code = __atomic_load_n(&page->code, __ATOMIC_ACQUIRE);
	if (code == RT_STATUS_RUNNING)
		return false;
	memcpy(status, page, sizeof *status);
	status->code = code;
	status->text[sizeof status->text - 1] = '\0';
	return true;
}

/* The VMM may have changed the count: that is between it and its guest. */
void process_ctrl_alt_del(struct process *process)
{
	__atomic_fetch_add(&process->status->ctrl_alt_dels, 1, __ATOMIC_RELAXED);
	rt_sm_up(process_sel(process, PROCESS_WAKE));
}

void process_answer(struct process *process)
{
	__atomic_store_n(&process->status->code, RT_STATUS_RUNNING, __ATOMIC_RELEASE);
}
