/* SPDX-License-Identifier: Apache-2.0 */
/* The life of all VMs and services; see lifecycle.h. */
#include "lifecycle.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "connect.h"

/* The console service is restarted like a guest that crashed. */
static const struct policy_rules console_rules = {
	.is_service = true,
	.on_crash = CONFIG_RESTART,
	.restart_limit = 5,
};

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

static void refuse_vm(struct vm *vm)
{
	vm->member.state = MEMBER_STOPPED;
	rt_log(RT_ERROR, "%s: not started; the other VMs are not affected", vm->config->name);
	client_close(vm->member.process.index, "not started; the system log says why");
}

static void start_vm(struct lifecycle *life, struct vm *vm)
{
	policy_started(&vm->member.policy, rt_clock_ns());
	if (!vm_start(vm, life->info, &life->facts, &life->placement, life->count, &life->diag))
		return refuse_vm(vm);
	vm->member.state = MEMBER_RUNNING;
	say_started(vm);
	connect_vm(life, vm);
}

static void end_vm(struct lifecycle *life, struct vm *vm, enum policy_end how, const char *detail)
{
	member_end(&vm->member, how, detail);
	disconnect_vm(life, vm);
}

static void guest_exit(struct lifecycle *life, struct vm *vm, uint32_t value)
{
	char detail[32];

	snprintf(detail, sizeof detail, "exit code %u", value);
	end_vm(life, vm, POLICY_END_EXIT, detail);
	if (life->options.exit_on_guest_exit)
		machine_end(&life->options, value ? MACHINE_GUEST_ERROR : MACHINE_CLEAN);
}

/* What a process says when it ends that no guest has to do with. */
static void failure_text(const struct rt_status *status, char *text, size_t size)
{
	if (status->code == RT_STATUS_FATAL)
		snprintf(text, size, "%s", status->text);
	else if (status->code == RT_STATUS_EXIT)
		snprintf(text, size, "it ended with code %u", status->value);
	else
		snprintf(text, size, "it reported the unknown code %u", status->code);
}

static void vm_status(struct lifecycle *life, struct vm *vm, const struct rt_status *status)
{
	char text[sizeof status->text];

	switch (status->code) {
	case RT_STATUS_GUEST_POWEROFF:
		return end_vm(life, vm, POLICY_END_POWEROFF, "");
	case RT_STATUS_GUEST_RESET:
		return end_vm(life, vm, POLICY_END_RESET, "");
	case RT_STATUS_GUEST_PANIC:
		return end_vm(life, vm, POLICY_END_PANIC, status->text);
	case RT_STATUS_GUEST_CRASH:
		return end_vm(life, vm, POLICY_END_CRASH, status->text);
	case RT_STATUS_GUEST_EXIT:
		return guest_exit(life, vm, status->value);
	default:
		failure_text(status, text, sizeof text);
		return end_vm(life, vm, POLICY_END_FAILED, text);
	}
}

static bool will_start(const struct member *member)
{
	return member->state == MEMBER_WAITING ||
	       (member->state == MEMBER_CLEARING && member->restarts);
}

/* Memory goes to VMs in the order of the file: whether one that stands before this one and still
 * waits for something else could miss what this one takes. */
static bool must_wait(const struct lifecycle *life, const struct vm *vm)
{
	const uint64_t free = root_memory.free_bytes;
	uint64_t needed = plan_memory(vm->config);

	if (needed > free)
		return false;
	for (const struct vm *other = life->vm; other < vm; other++) {
		uint64_t others = plan_memory(other->config);

		if (will_start(&other->member) && others <= free)
			needed += others;
	}
	return needed > free;
}

/* Starts a VM when it is time and its services are ready for it. */
static void attend_vm(struct lifecycle *life, struct vm *vm, uint64_t *deadline_ns)
{
	struct process *process = &vm->member.process;
	struct rt_status status;

	if (vm->member.state == MEMBER_RUNNING) {
		if (process_had_fault(process))
			end_vm(life, vm, POLICY_END_FAULT, "");
		else if (process_report(process, &status))
			vm_status(life, vm, &status);
	}
	if (vm->member.state == MEMBER_RUNNING)
		ram_attend(&vm->ram, process, deadline_ns);
	member_clear(&vm->member, deadline_ns);
	if (!member_due(&vm->member, deadline_ns))
		return;
	if (vm->config->refused) {
		config_vm_check(life->config, vm->config, &life->diag);
		return refuse_vm(vm);
	}
	switch (links_ready(life, vm, deadline_ns)) {
	case LINKS_READY:
		if (!must_wait(life, vm))
			start_vm(life, vm);
		return;
	case LINKS_REFUSED:
		return refuse_vm(vm);
	case LINKS_WAIT:
		return;
	}
}

static void start_service(struct lifecycle *life, struct service *service)
{
	struct member *member = &service->member;

	policy_started(&member->policy, rt_clock_ns());
	if (config_service_check(life->config, service->config, &life->diag) &&
	    service_start(service, life->info, &life->facts, life->count, &life->diag)) {
		member->state = MEMBER_RUNNING;
		rt_log(RT_INFO, "%s: service started on CPU %u with %zu clients",
		       service->config->name, member->process.cpu, service->config->client_count);
		return connect_service(life, service);
	}
	member->state = MEMBER_STOPPED;
	rt_log(RT_ERROR, "%s: not started; only VMs that use it are affected",
	       service->config->name);
	client_close(member->process.index, "not started; the system log says why");
	disconnect_service(life, service);
}

/* Its clients run on: their requests wait for its restart, or fail if there is to be none. */
static void end_service(struct lifecycle *life, struct service *service, enum policy_end how,
			const char *detail)
{
	service_quiet(service);
	member_end(&service->member, how, detail);
	if (!service->member.restarts)
		disconnect_service(life, service);
}

static void attend_service(struct lifecycle *life, struct service *service, uint64_t *deadline_ns)
{
	struct member *member = &service->member;
	struct rt_status status;
	char text[sizeof status.text];

	if (member->state == MEMBER_RUNNING) {
		if (process_had_fault(&member->process)) {
			end_service(life, service, POLICY_END_FAULT, "");
		} else if (process_report(&member->process, &status) &&
			   !service_request(service, &status)) {
			failure_text(&status, text, sizeof text);
			end_service(life, service, POLICY_END_FAILED, text);
		} else if (!service_look(service, rt_clock_ns(), deadline_ns)) {
			snprintf(text, sizeof text, "it has not answered for %llu s",
				 (unsigned long long)service->config->watchdog_us / 1000000);
			end_service(life, service, POLICY_END_FAILED, text);
		}
	}
	member_clear(member, deadline_ns);
	if (member_due(member, deadline_ns))
		start_service(life, service);
}

static void user_kill(struct lifecycle *life, unsigned slot, struct member *member)
{
	const bool is_service = member->rules.is_service;

	if (member->state != MEMBER_RUNNING)
		return;
	rt_log(RT_INFO, "%s: the user kills %s", member->process.name,
	       is_service ? "the service" : "its VMM");
	if (is_service)
		end_service(life, &life->service[slot - 1 - life->count], POLICY_END_KILLED, "");
	else
		end_vm(life, &life->vm[slot - 1], POLICY_END_KILLED, "");
}

static void user_restart(struct lifecycle *life, unsigned slot, struct member *member)
{
	const bool ran = member->state == MEMBER_RUNNING;

	if (ran && member->rules.is_service)
		service_quiet(&life->service[slot - 1 - life->count]);
	member_restart(member);
	if (ran && !member->rules.is_service)
		disconnect_vm(life, &life->vm[slot - 1]);
}

static void user_resize(struct lifecycle *life, unsigned slot, const struct member *member,
			int64_t bytes)
{
	if (member->rules.is_service || member->state != MEMBER_RUNNING ||
	    !ram_ask(&life->vm[slot - 1].ram, &member->process, bytes))
		rt_log(RT_INFO, "%s: has no balloon", member->process.name);
}

static void user_ctrl_alt_del(struct member *member)
{
	if (member->rules.is_service || member->state != MEMBER_RUNNING)
		rt_log(RT_INFO, "%s: has no keyboard", member->process.name);
	else
		process_ctrl_alt_del(&member->process);
}

static struct member *member_of_slot(struct lifecycle *life, uint32_t slot)
{
	if (slot == 0 || slot > life->count + life->services)
		return NULL;
	return slot <= life->count ? &life->vm[slot - 1].member
				   : &life->service[slot - 1 - life->count].member;
}

static void user_request(struct lifecycle *life, const struct rt_status *status)
{
	struct member *member = member_of_slot(life, status->value);

	if (status->code == RT_STATUS_QUIT) {
		rt_log(RT_INFO, "the user ends Vela");
		machine_end(&life->options, MACHINE_CLEAN);
	}
	if (member && status->code == RT_STATUS_RESTART)
		user_restart(life, status->value, member);
	else if (member && status->code == RT_STATUS_KILL)
		user_kill(life, status->value, member);
	else if (member && status->code == RT_STATUS_SHRINK)
		user_resize(life, status->value, member, RT_BALLOON_STEP);
	else if (member && status->code == RT_STATUS_GROW)
		user_resize(life, status->value, member, -RT_BALLOON_STEP);
	else if (member && status->code == RT_STATUS_CTRL_ALT_DEL)
		user_ctrl_alt_del(member);
}

static void start_console(struct lifecycle *life)
{
	struct member *member;

	policy_started(&life->console_policy, rt_clock_ns());
	if (!console_start(life->info, &life->facts))
		return;
	for (unsigned slot = 1; (member = member_of_slot(life, slot)); slot++)
		if (member->process.alive)
			client_rejoin(slot, process_sel(&member->process, PROCESS_WAKE));
}

static void console_failed(struct lifecycle *life, const char *why)
{
	uint64_t pause;

	process_destroy(console_process());
	console_ended();
	rt_log(RT_ERROR, "the console service failed: %s", why);
	if (policy_decide(&life->console_policy, &console_rules, POLICY_END_FAILED, rt_clock_ns(),
			  &pause) == POLICY_RESTART)
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
	if (process_had_fault(process))
		return console_failed(life, "it crashed");
	if (!process_report(process, &status))
		return;
	if (status.code == RT_STATUS_FATAL || status.code == RT_STATUS_EXIT)
		return console_failed(life, status.text);
	user_request(life, &status);
	process_answer(process);
	rt_sm_up(ROOT_SEL_CONSOLE);
}

static bool idle(const struct lifecycle *life)
{
	for (unsigned i = 0; i < life->count; i++)
		if (life->vm[i].member.state != MEMBER_STOPPED)
			return false;
	return true;
}

/* Introduces everybody to the console; who is to start waits for the loop. */
static void prepare_all(struct lifecycle *life)
{
	struct member *member;

	for (unsigned slot = 1; (member = member_of_slot(life, slot)); slot++) {
		const struct vm *vm = slot <= life->count ? &life->vm[slot - 1] : NULL;

		client_name(slot, member->process.name,
			    !vm			  ? RT_SLOT_SERVICE
			    : vm->config->console ? RT_SLOT_CONSOLE
						  : 0);
		client_close(slot, vm && !vm->config->autostart
					   ? "not started; the restart key starts it"
					   : "");
		if (!vm || vm->config->autostart)
			member_wait(member);
	}
}

_Noreturn void lifecycle_run(struct lifecycle *life)
{
	prepare_all(life);
	start_console(life);
	for (;;) {
		uint64_t deadline_ns = UINT64_MAX;

		check_console(life);
		for (unsigned i = 0; i < life->services; i++)
			attend_service(life, &life->service[i], &deadline_ns);
		for (unsigned i = 0; i < life->count; i++)
			attend_vm(life, &life->vm[i], &deadline_ns);
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
