/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the key table. A new key is a new row here, a member in config.h, and the code that
 * obeys it; nothing else names keys one by one.
 */
#include "schema.h"

#define HOST(member) offsetof(struct config_host, member)
#define VM(member)   offsetof(struct config_vm, member)
#define FLAG	     "off|on"
#define ACTIONS	     "stop|restart" /* in the order of enum config_action */
/* By code. A "-" is no word: terminals send these codes for Backspace, Tab, Enter and the like. */
#define CONTROL_KEYS                                                                              \
	"-|ctrl-a|ctrl-b|ctrl-c|ctrl-d|ctrl-e|ctrl-f|ctrl-g|-|-|-|ctrl-k|ctrl-l|-|ctrl-n|ctrl-o|" \
	"ctrl-p|ctrl-q|ctrl-r|ctrl-s|ctrl-t|ctrl-u|ctrl-v|ctrl-w|ctrl-x|ctrl-y|ctrl-z|-|-|ctrl-]"

enum : uint64_t {
	KIB = 1ull << 10,
	MIB = 1ull << 20,
	GIB = 1ull << 30,
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
