/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the key table. A new key is a new row here, a member in config.h, and the code that
 * obeys it; nothing else names keys one by one.
 */
#include "schema.h"

#define HOST(member) offsetof(struct vela_config, host.member)
#define VM(member)   offsetof(struct config_vm, member)

static const char *const any[] = { "any", NULL };
static const char *const flag[] = { "off", "on", NULL };
static const char *const action[] = { "stop", "restart", NULL }; /* enum config_action */
static const char *const protocol[] = { "linux", "pvh", "multiboot", NULL }; /* config_protocol */
/* By code. A "-" is no word: terminals send these codes for Backspace, Tab, Enter and the like. */
static const char *const control_key[] = {
	"-",	  "ctrl-a", "ctrl-b", "ctrl-c", "ctrl-d", "ctrl-e", "ctrl-f", "ctrl-g",
	"-",	  "-",	    "-",      "ctrl-k", "ctrl-l", "-",	    "ctrl-n", "ctrl-o",
	"ctrl-p", "ctrl-q", "ctrl-r", "ctrl-s", "ctrl-t", "ctrl-u", "ctrl-v", "ctrl-w",
	"ctrl-x", "ctrl-y", "ctrl-z", "-",	"-",	  "ctrl-]", NULL,
};

const struct config_key config_keys[] = {
	{ "include", IN_TOP, KEY_INCLUDE, .repeats = true,
	  .doc = "reads another file as if it stood here" },
	{ "host", IN_TOP, KEY_HOST, .doc = "settings of the machine Vela runs on" },
	{ "vm", IN_TOP, KEY_VM, .repeats = true, .required = true,
	  .doc = "one guest; the name is used on the console and in messages" },

	{ "scrollback", IN_HOST, KEY_SIZE, HOST(scrollback_bytes), .min = "4K", .max = "1M",
	  .step = "4K", .preset = "64K",
	  .doc = "output kept for each console while another one is shown" },
	{ "escape", IN_HOST, KEY_WORD, HOST(escape), control_key, .preset = "ctrl-]",
	  .note = "ctrl-] or ctrl-a to ctrl-z, without h, i, j and m",
	  .doc = "key that starts every command to the console" },

	{ "memory", IN_VM, KEY_SIZE, VM(memory_bytes), .min = "16M", .max = "512G", .step = "2M",
	  .required = true, .doc = "memory of the guest" },
	{ "cpus", IN_VM, KEY_COUNT, VM(cpus), .min = "1", .max = "16", .preset = "1",
	  .doc = "virtual CPUs" },
	{ "host-cpu", IN_VM, KEY_CPUS, VM(host_cpu), any, CONFIG_CPU_ANY, .min = "0", .max = "63",
	  .preset = "any", .note = "any, or up to 16 numbers from 0 to 63",
	  .doc = "host CPUs for the virtual CPUs in turn; any spreads them, sparing CPU 0 of 3 or "
		 "more" },
	{ "priority", IN_VM, KEY_COUNT, VM(priority), .min = "1", .max = "100", .preset = "50",
	  .doc = "of two guests ready on one host CPU the one with the higher number runs" },
	{ "slice", IN_VM, KEY_TIME, VM(slice_us), .min = "1ms", .max = "100ms", .preset = "10ms",
	  .doc = "time a guest runs before another of the same priority gets its turn" },
	{ "boot", IN_VM, KEY_BOOT, VM(boot.protocol), protocol, .required = true,
	  .doc = "what the guest starts and by which boot protocol" },
	{ "console", IN_VM, KEY_WORD, VM(console), flag, .preset = "on",
	  .doc = "the guest's serial port has a console; off: its output is dropped" },
	{ "autostart", IN_VM, KEY_WORD, VM(autostart), flag, .preset = "on",
	  .doc = "start the guest when Vela starts" },
	{ "on-crash", IN_VM, KEY_WORD, VM(on_crash), action, .preset = "stop",
	  .doc = "what happens when the guest panics or triple-faults, or its VMM fails" },
	{ "on-reset", IN_VM, KEY_WORD, VM(on_reset), action, .preset = "restart",
	  .doc = "what happens when the guest resets its machine" },
	{ "on-poweroff", IN_VM, KEY_WORD, VM(on_poweroff), action, .preset = "stop",
	  .doc = "what happens when the guest turns its machine off" },
	{ "restart-limit", IN_VM, KEY_COUNT, VM(restart_limit), .min = "0", .max = "1000",
	  .preset = "5", .doc = "restarts after crashes before the guest stays stopped" },
	{ "debug-exit", IN_VM, KEY_WORD, VM(debug_exit), flag, .preset = "off",
	  .doc = "a port that ends the guest with an exit code, for test guests" },

	{ "kernel", IN_BOOT, KEY_FILE, VM(boot.kernel), .required = true,
	  .doc = "the kernel image" },
	{ "initrd", IN_LINUX | IN_PVH, KEY_FILE, VM(boot.initrd), .doc = "the initial RAM disk" },
	{ "args", IN_BOOT, KEY_TEXT, VM(boot.args), .doc = "the kernel's command line" },
	{ "module", IN_MULTIBOOT, KEY_FILE, VM(boot), .repeats = true,
	  .doc = "a boot module and its arguments" },
	{},
};

static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MAX);
