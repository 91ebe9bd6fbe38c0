/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the key table and the spelling of values. A new key is a new row here, a member in
 * config.h, and the code that obeys it; nothing else names keys one by one.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

#define HOST(member) offsetof(struct config_host, member)
#define VM(member)   offsetof(struct config_vm, member)
#define FLAG	     "off|on"
#define ACTIONS	     "stop|restart" /* in the order of enum config_action */
/* By code. A "-" is no word: terminals send these codes for Backspace, Tab, Enter and the like. */
#define CONTROL_KEYS                                                                              \
	"-|ctrl-a|ctrl-b|ctrl-c|ctrl-d|ctrl-e|ctrl-f|ctrl-g|-|-|-|ctrl-k|ctrl-l|-|ctrl-n|ctrl-o|" \
	"ctrl-p|ctrl-q|ctrl-r|ctrl-s|ctrl-t|ctrl-u|ctrl-v|ctrl-w|ctrl-x|ctrl-y|ctrl-z|-|-|ctrl-]"

enum : uint64_t {
	KIB = 1024,
	MIB = 1024 * KIB,
	GIB = 1024 * MIB,
	MS = 1000,
	CONTROL_PRESET = 29, /* ctrl-] */
};

#define KEY(place, key_name, value_type, ...) \
	{ .in = (place), .name = (key_name), .type = (value_type), .doc = __VA_ARGS__ }

const struct config_key config_keys[] = {
	KEY(IN_TOP, "include", KEY_INCLUDE, "reads another file as if it stood here",
	    .repeats = true),
	KEY(IN_TOP, "host", KEY_BLOCK, "settings of the machine Vela runs on"),
	KEY(IN_TOP, "vm", KEY_NAMED_BLOCK,
	    "one guest; the name is used on the console and in messages", .repeats = true,
	    .required = true),

	KEY(IN_HOST, "scrollback", KEY_SIZE,
	    "output kept for each console while another one is shown",
	    .offset = HOST(scrollback_bytes), .min = 4 * KIB, .max = MIB, .multiple = 4 * KIB,
	    .preset = 64 * KIB),
	KEY(IN_HOST, "escape", KEY_CHOICE, "key that starts every command to the console",
	    .offset = HOST(escape), .choices = CONTROL_KEYS, .preset = CONTROL_PRESET,
	    .note = "ctrl-] or ctrl-a to ctrl-z, without h, i, j and m"),

	KEY(IN_VM, "memory", KEY_SIZE, "memory of the guest", .offset = VM(memory_bytes),
	    .min = 16 * MIB, .max = 512 * GIB, .multiple = 2 * MIB, .required = true),
	KEY(IN_VM, "cpus", KEY_COUNT, "virtual CPUs", .offset = VM(cpus), .min = 1, .max = 1,
	    .preset = 1, .note = "1 (only 1 for now, see docs/SUPPORT.md)"),
	KEY(IN_VM, "host-cpu", KEY_CPU,
	    "host CPU that runs the guest; any spreads guests over all of them",
	    .offset = VM(host_cpu), .max = 63, .preset = CONFIG_CPU_ANY),
	KEY(IN_VM, "priority", KEY_COUNT,
	    "of two guests ready on one host CPU the one with the higher number runs",
	    .offset = VM(priority), .min = 1, .max = 100, .preset = 50),
	KEY(IN_VM, "slice", KEY_TIME,
	    "time a guest runs before another of the same priority gets its turn",
	    .offset = VM(slice_us), .min = 1 * MS, .max = 100 * MS, .preset = 10 * MS),
	KEY(IN_VM, "boot", KEY_BOOT_BLOCK, "what the guest starts and by which boot protocol",
	    .offset = VM(boot.protocol), .choices = "linux|pvh|multiboot", .required = true),
	KEY(IN_VM, "console", KEY_FLAG,
	    "the guest's serial port has a console; off: its output is dropped",
	    .offset = VM(console), .choices = FLAG, .preset = true),
	KEY(IN_VM, "autostart", KEY_FLAG, "start the guest when Vela starts",
	    .offset = VM(autostart), .choices = FLAG, .preset = true),
	KEY(IN_VM, "on-crash", KEY_CHOICE,
	    "what happens when the guest panics or triple-faults, or its VMM fails",
	    .offset = VM(on_crash), .choices = ACTIONS, .preset = CONFIG_STOP),
	KEY(IN_VM, "on-reset", KEY_CHOICE, "what happens when the guest resets its machine",
	    .offset = VM(on_reset), .choices = ACTIONS, .preset = CONFIG_RESTART),
	KEY(IN_VM, "on-poweroff", KEY_CHOICE, "what happens when the guest turns its machine off",
	    .offset = VM(on_poweroff), .choices = ACTIONS, .preset = CONFIG_STOP),
	KEY(IN_VM, "restart-limit", KEY_COUNT,
	    "restarts after crashes before the guest stays stopped", .offset = VM(restart_limit),
	    .max = 1000, .preset = 5),
	KEY(IN_VM, "debug-exit", KEY_FLAG,
	    "a port that ends the guest with an exit code, for test guests",
	    .offset = VM(debug_exit), .choices = FLAG, .preset = false),

	KEY(IN_BOOT, "kernel", KEY_FILE, "the kernel image", .offset = VM(boot.kernel),
	    .required = true),
	KEY(IN_LINUX | IN_PVH, "initrd", KEY_FILE, "the initial RAM disk",
	    .offset = VM(boot.initrd)),
	KEY(IN_BOOT, "args", KEY_TEXT, "the kernel's command line", .offset = VM(boot.args)),
	KEY(IN_MULTIBOOT, "module", KEY_MODULE, "a boot module and its arguments", .repeats = true),
};

const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];
static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MAX);
static_assert(sizeof(enum config_action) == sizeof(uint32_t));
static_assert(sizeof(enum config_protocol) == sizeof(uint32_t));

const struct config_key *config_key_find(unsigned in, const char *name, size_t length)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if ((key->in & in) && strlen(key->name) == length &&
		    memcmp(key->name, name, length) == 0)
			return key;
	}
	return NULL;
}

size_t config_key_row(const struct config_key *key)
{
	return (size_t)(key - config_keys);
}

const char *config_choice(const char *choices, size_t index, size_t *length)
{
	while (index-- > 0) {
		choices = strchr(choices, '|');
		if (!choices)
			return NULL;
		choices++;
	}
	*length = strcspn(choices, "|");
	return choices;
}

bool config_key_is_number(const struct config_key *key)
{
	return key->type >= KEY_SIZE && key->type <= KEY_CHOICE;
}

void config_value_store(const struct config_key *key, void *base, uint64_t value)
{
	void *member = (char *)base + key->offset;

	if (key->type == KEY_FLAG)
		*(bool *)member = value != 0;
	else if (key->choices)
		*(uint32_t *)member = (uint32_t)value;
	else
		*(uint64_t *)member = value;
}

uint64_t config_value_load(const struct config_key *key, const void *base)
{
	const void *member = (const char *)base + key->offset;

	if (key->type == KEY_FLAG)
		return *(const bool *)member;
	return key->choices ? *(const uint32_t *)member : *(const uint64_t *)member;
}

/* Units from large to small. The last one is never printed as "0G". */
static const struct unit {
	const char *name;
	uint64_t scale;
} sizes[] = { { "G", GIB }, { "M", MIB }, { "K", KIB }, {} },
  times[] = { { "s", 1000 * MS }, { "ms", MS }, { "us", 1 }, {} }, counts[] = { { "", 1 }, {} };

static const struct unit *units_of(const struct config_key *key)
{
	return key->type == KEY_SIZE ? sizes : key->type == KEY_TIME ? times : counts;
}

void config_value_text(const struct config_key *key, uint64_t value,
		       char text[CONFIG_VALUE_TEXT_MAX])
{
	const struct unit *unit = units_of(key);
	const char *word = "any";
	size_t length = 3;

	if (key->choices || (key->type == KEY_CPU && value == CONFIG_CPU_ANY)) {
		if (key->choices)
			word = config_choice(key->choices, (size_t)value, &length);
		snprintf(text, CONFIG_VALUE_TEXT_MAX, "%.*s", (int)length, word);
		return;
	}
	while (unit[1].name && value % unit->scale != 0)
		unit++;
	snprintf(text, CONFIG_VALUE_TEXT_MAX, "%llu%s", (unsigned long long)(value / unit->scale),
		 unit->name);
}

bool config_value_read(const struct config_key *key, const char *text, size_t length,
		       uint64_t *value)
{
	uint64_t number = 0;
	size_t used = 0;

	for (; used < length && text[used] >= '0' && text[used] <= '9'; used++) {
		const uint64_t digit = (uint64_t)(text[used] - '0');

		number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
	}
	for (const struct unit *unit = units_of(key); unit->name; unit++) {
		if (used == 0 || strlen(unit->name) != length - used ||
		    memcmp(unit->name, text + used, length - used) != 0)
			continue;
		*value = number > UINT64_MAX / unit->scale ? UINT64_MAX : number * unit->scale;
		return true;
	}
	return false;
}

void config_value_form(const struct config_key *key, char text[CONFIG_FORM_TEXT_MAX])
{
	static const char *const forms[] = {
		[KEY_BLOCK] = "a block { }",
		[KEY_NAMED_BLOCK] = "a name, then a block { }",
		[KEY_INCLUDE] = "a file name in quotes",
		[KEY_SIZE] = "a size from ",
		[KEY_TIME] = "a time from ",
		[KEY_COUNT] = "a number from ",
		[KEY_CPU] = "any or a number from ",
		[KEY_FILE] = "a file name in quotes",
		[KEY_TEXT] = "text in quotes",
		[KEY_MODULE] = "a file name in quotes",
	};
	char min[CONFIG_VALUE_TEXT_MAX], max[CONFIG_VALUE_TEXT_MAX], step[CONFIG_VALUE_TEXT_MAX];

	if (key->note || key->choices || key->max == 0) {
		snprintf(text, CONFIG_FORM_TEXT_MAX, "%s",
			 key->note	? key->note
			 : key->choices ? key->choices
					: forms[key->type]);
		return;
	}
	config_value_text(key, key->min, min);
	config_value_text(key, key->max, max);
	config_value_text(key, key->multiple, step);
	snprintf(text, CONFIG_FORM_TEXT_MAX, "%s%s to %s%s%s", forms[key->type], min, max,
		 key->multiple ? " in steps of " : "", key->multiple ? step : "");
}
