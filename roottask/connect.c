/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of links; see connect.h. */
#include "connect.h"

#include <rt/clock.h>
#include <rt/hypercall.h>

#include <string.h>

#include "links.h"

#define ANSWER_NS 10000000000ull /* for a service's first words about a client */
#define POLL_NS	  2000000ull

static bool runs(const struct member *member)
{
	return member->state == MEMBER_RUNNING;
}

static struct service *service_of(struct lifecycle *life, const struct plan_link *link)
{
	return &life->service[link->service->index];
}

static bool is_gone(const struct service *service)
{
	return service->member.state == MEMBER_STOPPED ||
	       (service->member.state == MEMBER_CLEARING && !service->member.restarts);
}

static void wake(const struct member *member)
{
	if (member->process.alive)
		rt_sm_up(process_sel(&member->process, PROCESS_WAKE));
}

/* A new sequence, with the state that follows from both ends. */
static void begin(const struct service *service, const struct vm *vm, unsigned client)
{
	if (!service->prepared)
		return;
	link_begin(service->config, client,
		   is_gone(service)    ? RT_LINK_FAILED
		   : runs(&vm->member) ? RT_LINK_OPEN
				       : RT_LINK_CLOSED);
	wake(&vm->member);
	wake(&service->member);
}

/* Gives a running service the means to wake a running VM. */
static void introduce(const struct lifecycle *life, const struct service *service,
		      const struct vm *vm, unsigned client)
{
	struct config_cap caps[CONFIG_CAPS_MAX];
	size_t count = config_service_caps(service->config, caps);

	if (runs(&service->member) && runs(&vm->member))
		process_grant(&service->member.process,
			      &caps[count - service->config->client_count + client], life->count);
}

void connect_vm(struct lifecycle *life, struct vm *vm)
{
	struct plan_link link;

	for (unsigned n = 0; plan_link(vm->config, n, &link); n++) {
		introduce(life, service_of(life, &link), vm, link.client);
		begin(service_of(life, &link), vm, link.client);
	}
}

void disconnect_vm(struct lifecycle *life, struct vm *vm)
{
	struct plan_link link;

	for (unsigned n = 0; plan_link(vm->config, n, &link); n++)
		begin(service_of(life, &link), vm, link.client);
}

void connect_service(struct lifecycle *life, struct service *service)
{
	for (unsigned i = 0; i < service->config->client_count; i++) {
		struct vm *vm = &life->vm[service->config->clients[i].vm->index];

		introduce(life, service, vm, i);
		begin(service, vm, i);
	}
}

void disconnect_service(struct lifecycle *life, struct service *service)
{
	for (unsigned i = 0; i < service->config->client_count; i++)
		begin(service, &life->vm[service->config->clients[i].vm->index], i);
}

static const char *kind_name(const struct config_service *service)
{
	return service->kind == CONFIG_STORAGE ? "storage" : "switch";
}

static enum readiness link_ready(struct lifecycle *life, const struct plan_link *link)
{
	const struct service *service = service_of(life, link);
	const struct config_service *config = service->config;
	char text[RT_LINK_TEXT_BYTES];

	if (is_gone(service)) {
		config_fail(&life->diag, link->where, "%s: %s \"%s\" does not run", link->what,
			    kind_name(config), config->name);
		return LINKS_REFUSED;
	}
	if (!runs(&service->member))
		return LINKS_WAIT;
	switch (link_status(config, link->client, text)) {
	case RT_LINK_READY:
		return LINKS_READY;
	case RT_LINK_REFUSED:
		config_fail(&life->diag, link->where, "%s: %s", link->what, text);
		return LINKS_REFUSED;
	default:
		break;
	}
	if (rt_clock_ns() - service->member.policy.started_ns < ANSWER_NS)
		return LINKS_WAIT;
	config_fail(&life->diag, link->where, "%s: %s \"%s\" has not answered in %llu s",
		    link->what, kind_name(config), config->name, ANSWER_NS / 1000000000);
	return LINKS_REFUSED;
}

enum readiness links_ready(struct lifecycle *life, const struct vm *vm, uint64_t *deadline_ns)
{
	enum readiness worst = LINKS_READY;
	struct plan_link link;

	for (unsigned n = 0; plan_link(vm->config, n, &link); n++) {
		enum readiness ready = link_ready(life, &link);

		if (ready > worst)
			worst = ready;
	}
	if (worst == LINKS_WAIT)
		deadline_lower(deadline_ns, rt_clock_ns() + POLL_NS);
	return worst;
}
