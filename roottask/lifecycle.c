/* SPDX-License-Identifier: Apache-2.0 */
/* The life of all VMs; see lifecycle.h. */
#include "lifecycle.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "events.h"

#define ACK_NS	    1000000000ull /* how long a restart waits for the console's answer */
#define ACK_POLL_NS 5000000ull

/* The console service is restarted like a guest that crashed. */
static const struct config_vm console_policy = { .on_crash = CONFIG_RESTART, .restart_limit = 5 };

static void say_started(const struct vm *vm)
{
	char cpus[8 * CONFIG_VCPUS_MAX] = "";
	size_t n = 0;

	for (unsigned i = 0; i < vm->config->cpus; i++)
		n += (size_t)snprintf(cpus + n, sizeof cpus - n, "%s%u", i ? ", " : "", vm->cpu[i]);
	rt_log(RT_INFO, "%s: started on CPU%s %s with %llu MiB", vm->config->name,
	       vm->config->cpus > 1 ? "s" : "", cpus,
	       (unsigned long long)vm->config->memory_bytes >> 20);
}

static void start(struct lifecycle *life, struct vm *vm)
{
	policy_started(&vm->policy, rt_clock_ns());
	if (vm_start(vm, life->info, &life->facts, &life->placement, &life->diag)) {
		vm->state = VM_RUNNING;
		say_started(vm);
		return;
	}
	vm->state = VM_STOPPED;
	rt_log(RT_ERROR, "%s: not started; the other VMs are not affected", vm->config->name);
	client_close(vm->process.index, "not started; the system log says why");
}

/* What follows from an end, appended to text of length n. */
static void say_verdict(char *text, size_t size, size_t n, const struct vm *vm,
			enum policy_verdict verdict, uint64_t pause_ns)
{
	unsigned long long limit = vm->config->restart_limit;

	if (verdict == POLICY_STOP_LIMIT)
		snprintf(text + n, size - n,
			 "; stays stopped, its restart-limit of %llu is reached", limit);
	else if (verdict == POLICY_RESTART && pause_ns)
		snprintf(text + n, size - n, "; restarts in %llu ms (%u of %llu)",
			 (unsigned long long)pause_ns / 1000000, vm->policy.crashes, limit);
	else if (verdict == POLICY_RESTART)
		snprintf(text + n, size - n, "; restarts");
}

/* Text of a process for the user's eyes: a terminal must not act on it. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* Ends a VM in whatever state its process is. detail is said after how it ended. */
static void end(struct vm *vm, enum policy_end how, const char *detail)
{
	uint64_t now = rt_clock_ns();
	uint64_t pause;
	enum policy_verdict verdict = policy_decide(&vm->policy, vm->config, how, now, &pause);
	char text[200];
	int n = snprintf(text, sizeof text, "%s%s%.100s", policy_text(how), detail[0] ? ": " : "",
			 detail);

	process_end(&vm->process);
	make_printable(text);
	say_verdict(text, sizeof text, (size_t)n, vm, verdict, pause);
	rt_log(RT_INFO, "%s: %s", vm->config->name, text);
	client_close(vm->process.index, text);
	vm->state = VM_CLEARING;
	vm->restarts = verdict == POLICY_RESTART;
	vm->cleared = 0;
	vm->clear_ns = now;
	vm->restart_ns = now + pause;
	vm->ack_ns = now + ACK_NS;
}

static void lower(uint64_t *deadline_ns, uint64_t ns)
{
	if (ns < *deadline_ns)
		*deadline_ns = ns;
}

/* Clears a piece of an ended VM's memory, and lets as much time pass before the next: others wait
 * for the root task, and guests may run on this CPU. */
static void check_clearing(struct vm *vm, uint64_t *deadline_ns)
{
	uint64_t start = rt_clock_ns();

	if (vm->state != VM_CLEARING)
		return;
	if (start >= vm->clear_ns) {
		if (!process_reclaim(&vm->process, &vm->cleared)) {
			rt_log(RT_INFO,
			       "%s: %llu KiB of memory cleared and free again, %llu KiB in all",
			       vm->config->name, (unsigned long long)vm->cleared >> 10,
			       (unsigned long long)root_memory.free_bytes >> 10);
			vm->state = vm->restarts ? VM_WAITING : VM_STOPPED;
			return;
		}
		uint64_t now = rt_clock_ns();

		vm->clear_ns = now + (now - start);
	}
	lower(deadline_ns, vm->clear_ns);
}

static void log_fault(const char *name, const struct fault *fault)
{
	rt_log(RT_ERROR, "%s: %s (vector %llu, error %#llx) at instruction %#llx, address %#llx",
	       name, events_vector_text(fault->vector), (unsigned long long)fault->vector,
	       (unsigned long long)fault->error, (unsigned long long)fault->ip,
	       (unsigned long long)fault->address);
}

static bool had_fault(struct process *process)
{
	struct fault fault;

	if (!events_take(process->index, process->incarnation, &fault))
		return false;
	log_fault(process->name, &fault);
	return true;
}

/*
 * Reads a report from a status page, once. False: there is none. The page is ready for the next
 * report afterwards.
 */
static bool take_status(struct process *process, struct rt_status *status)
{
	struct rt_status *page = process->status;

	if (!page)
		return false;
	uint32_t code = __atomic_load_n(&page->code, __ATOMIC_ACQUIRE);
	if (code == RT_STATUS_RUNNING)
		return false;
	memcpy(status, page, sizeof *status);
	status->code = code;
	status->text[sizeof status->text - 1] = '\0';
	__atomic_store_n(&page->code, RT_STATUS_RUNNING, __ATOMIC_RELEASE);
	return true;
}

static void guest_exit(struct lifecycle *life, struct vm *vm, uint32_t value)
{
	char detail[32];

	snprintf(detail, sizeof detail, "exit code %u", value);
	end(vm, POLICY_END_EXIT, detail);
	if (life->options.exit_on_guest_exit)
		machine_end(&life->options, value ? MACHINE_GUEST_ERROR : MACHINE_CLEAN);
}

static void vm_status(struct lifecycle *life, struct vm *vm, const struct rt_status *status)
{
	char detail[64];

	switch (status->code) {
	case RT_STATUS_GUEST_POWEROFF:
		return end(vm, POLICY_END_POWEROFF, "");
	case RT_STATUS_GUEST_RESET:
		return end(vm, POLICY_END_RESET, "");
	case RT_STATUS_GUEST_PANIC:
		return end(vm, POLICY_END_PANIC, status->text);
	case RT_STATUS_GUEST_CRASH:
		return end(vm, POLICY_END_CRASH, status->text);
	case RT_STATUS_GUEST_EXIT:
		return guest_exit(life, vm, status->value);
	case RT_STATUS_FATAL:
		return end(vm, POLICY_END_VMM_FAILED, status->text);
	case RT_STATUS_EXIT:
		snprintf(detail, sizeof detail, "it ended with code %u", status->value);
		return end(vm, POLICY_END_VMM_FAILED, detail);
	default:
		snprintf(detail, sizeof detail, "it reported the unknown code %u", status->code);
		return end(vm, POLICY_END_VMM_FAILED, detail);
	}
}

static void check_vm(struct lifecycle *life, struct vm *vm)
{
	struct rt_status status;

	if (vm->state != VM_RUNNING)
		return;
	if (had_fault(&vm->process))
		end(vm, POLICY_END_VMM_FAULT, "");
	else if (take_status(&vm->process, &status))
		vm_status(life, vm, &status);
}

static void user_restart(struct lifecycle *life, struct vm *vm)
{
	rt_log(RT_INFO, "%s: restart asked for at the console", vm->config->name);
	vm->policy.crashes = 0;
	vm->restarts = true;
	vm->restart_ns = 0;
	if (vm->state == VM_RUNNING)
		end(vm, POLICY_END_RESTART, "");
	else if (vm->state != VM_CLEARING)
		start(life, vm);
}

static void user_request(struct lifecycle *life, const struct rt_status *status)
{
	if (status->code == RT_STATUS_QUIT) {
		rt_log(RT_INFO, "the user ends Vela");
		machine_end(&life->options, MACHINE_CLEAN);
	}
	if (status->value == 0 || status->value > life->count)
		return;
	struct vm *vm = &life->vm[status->value - 1];
	if (status->code == RT_STATUS_RESTART) {
		user_restart(life, vm);
	} else if (status->code == RT_STATUS_KILL && vm->state == VM_RUNNING) {
		rt_log(RT_INFO, "%s: the user kills its VMM", vm->config->name);
		end(vm, POLICY_END_KILLED, "");
	}
}

static void start_console(struct lifecycle *life)
{
	policy_started(&life->console_policy, rt_clock_ns());
	if (!console_start(life->info, &life->facts))
		return;
	for (unsigned i = 0; i < life->count; i++)
		if (life->vm[i].process.alive)
			client_rejoin(i + 1, process_sel(&life->vm[i].process, PROCESS_WAKE));
}

static void console_failed(struct lifecycle *life, const char *why)
{
	uint64_t pause;

	process_destroy(console_process());
	console_ended();
	rt_log(RT_ERROR, "the console service failed: %s", why);
	if (policy_decide(&life->console_policy, &console_policy, POLICY_END_VMM_FAILED,
			  rt_clock_ns(), &pause) == POLICY_RESTART)
		start_console(life);
	else
		rt_log(RT_ERROR, "it fails again and again and is not restarted");
}

static void check_console(struct lifecycle *life)
{
	struct process *process = console_process();
	struct rt_status status;

	if (!process->alive)
		return;
	if (had_fault(process))
		return console_failed(life, "it crashed");
	if (!take_status(process, &status))
		return;
	if (status.code == RT_STATUS_FATAL || status.code == RT_STATUS_EXIT)
		return console_failed(life, status.text);
	user_request(life, &status);
}

/* Restarts the VM when its pause is over; otherwise lowers *deadline to when to look again. */
static void check_waiting(struct lifecycle *life, struct vm *vm, uint64_t *deadline_ns)
{
	uint64_t now = rt_clock_ns();

	if (vm->state != VM_WAITING)
		return;
	bool acked =
		client_acked(vm->process.index) || !console_process()->alive || now >= vm->ack_ns;
	if (now >= vm->restart_ns && acked)
		return start(life, vm);
	lower(deadline_ns, now >= vm->restart_ns ? now + ACK_POLL_NS : vm->restart_ns);
}

static bool idle(const struct lifecycle *life)
{
	for (unsigned i = 0; i < life->count; i++)
		if (life->vm[i].state != VM_STOPPED)
			return false;
	return true;
}

static void start_all(struct lifecycle *life)
{
	for (unsigned i = 0; i < life->count; i++)
		client_name(i + 1, life->vm[i].config->name, life->vm[i].config->console);
	for (unsigned i = 0; i < life->count; i++)
		client_close(i + 1, "");
	start_console(life);
	for (unsigned i = 0; i < life->count; i++) {
		if (life->vm[i].config->autostart)
			start(life, &life->vm[i]);
		else
			client_close(i + 1, "not started; the restart key starts it");
	}
}

_Noreturn void lifecycle_run(struct lifecycle *life)
{
	start_all(life);
	for (;;) {
		uint64_t deadline_ns = UINT64_MAX;

		check_console(life);
		for (unsigned i = 0; i < life->count; i++) {
			check_vm(life, &life->vm[i]);
			check_clearing(&life->vm[i], &deadline_ns);
			check_waiting(life, &life->vm[i], &deadline_ns);
		}
		if (life->options.exit_when_idle && idle(life)) {
			rt_log(RT_INFO, "no VM runs any more: ending, as exit-when-idle says");
			machine_end(&life->options, MACHINE_CLEAN);
		}
		uint64_t now = rt_clock_ns();
		uint64_t wait = deadline_ns > now ? deadline_ns - now : 0;
		rt_sm_down_all(ROOT_SEL_PARENT, deadline_ns == UINT64_MAX
							? VELA_NO_DEADLINE
							: rt_clock_deadline(wait));
	}
}
