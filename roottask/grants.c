/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the capability list and what they stand for; see grants.h. */
#include "grants.h"

#include <rt/process.h>

#include <string.h>

#include "root.h"

/* Where the root task has the object: one of the process's own, one that all share, or the
 * semaphore that another process waits on. */
#define OWN(what)  (what)
#define SHARED	   0x80000000u
#define OF_VM	   0x40000000u
#define OF_SERVICE 0x20000000u

static const struct {
	const char *name;
	vela_sel_t selector;
	uint32_t source;
	const char *object;
} object[] = {
	{ "LOCK", RT_SEL_LOCK, OWN(PROCESS_LOCK), "semaphore" },
	{ "WAKE", RT_SEL_WAKE, OWN(PROCESS_WAKE), "semaphore" },
	{ "PARENT", RT_SEL_PARENT, SHARED | ROOT_SEL_PARENT, "semaphore" },
	{ "VC", RT_SEL_VC, OWN(PROCESS_VC), "virtual CPU" },
	{ GRANT_TIME, RT_SEL_SC, OWN(PROCESS_SC), "CPU time" },
	{ "EVENT", RT_SEL_EVENT, OWN(PROCESS_EVENT), "portal" },
	{ "CONSOLE", RT_SEL_CONSOLE, SHARED | ROOT_SEL_CONSOLE, "semaphore" },
	{ "CLIENT", RT_SEL_CLIENT, OF_VM | PROCESS_WAKE, "semaphore" },
	{ "DOORBELL", RT_SEL_DOORBELL, OF_SERVICE | PROCESS_WAKE, "semaphore" },
};

static const struct {
	const char *object;
	const char *word;
	unsigned right;
} right[] = {
	{ "semaphore", "up", VELA_SM_UP },     { "semaphore", "down", VELA_SM_DOWN },
	{ "virtual CPU", "run", VELA_VC_RUN }, { "virtual CPU", "ctrl", VELA_VC_CTRL },
	{ "portal", "call", VELA_PT_CALL },    { "CPU time", "read", VELA_SC_TIME },
};

static bool add_right(const char *of, const char *word, size_t length, unsigned *rights)
{
	for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++)
		if (strcmp(right[i].object, of) == 0 && strlen(right[i].word) == length &&
		    memcmp(right[i].word, word, length) == 0) {
			*rights |= right[i].right;
			return true;
		}
	return false;
}

static bool all_rights(const char *of, const char *words, unsigned *rights)
{
	*rights = 0;
	for (words += strspn(words, ", "); *words; words += strspn(words, ", ")) {
		size_t length = strcspn(words, ", ");

		if (!add_right(of, words, length, rights))
			return false;
		words += length;
	}
	return *rights != 0;
}

/* VM n is process n + 1; the services follow the VMs. */
static vela_sel_t source_of(uint32_t source, unsigned index, unsigned vms, unsigned peer)
{
	if (source & SHARED)
		return source & ~SHARED;
	if (source & OF_VM)
		index = peer + 1;
	if (source & OF_SERVICE)
		index = vms + 1 + peer;
	return ROOT_SEL_PROCESS + index * PROCESS_SELS + (source & ~(OF_VM | OF_SERVICE));
}

bool grant_from_cap(const struct config_cap *cap, unsigned index, unsigned vms, struct grant *grant)
{
	for (unsigned i = 0; i < sizeof object / sizeof object[0]; i++) {
		if (strcmp(object[i].name, cap->name) != 0)
			continue;
		if (strcmp(object[i].object, cap->object) != 0)
			return false;
		grant->selector = object[i].selector + cap->number;
		grant->count = cap->count;
		grant->source = source_of(object[i].source, index, vms, cap->peer);
		return all_rights(cap->object, cap->rights, &grant->rights);
	}
	return false;
}
