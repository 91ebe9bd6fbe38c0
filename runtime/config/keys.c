/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the key table. A new key is a new row here, a member in config.h, and the code that
 * obeys it; nothing else names keys one by one.
 */
#include "schema.h"

#define HOST(member)	offsetof(struct vela_config, host.member)
#define VM(member)	offsetof(struct config_vm, member)
#define SERVICE(member) offsetof(struct config_service, member)
#define DISK(member)	offsetof(struct config_disk, member)
#define NET(member)	offsetof(struct config_net, member)

static const char *const any[] = { "any", NULL };
static const char *const none[] = { "none", NULL };
static const char *const automatic[] = { "auto", NULL };
static const char *const unlimited[] = { "unlimited", NULL };
static const char *const never[] = { "off", NULL };
static const char *const mode[] = { "read-write", "read-only", "discard", NULL }; /* config_mode */
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
	{ "storage", IN_TOP, KEY_NAMED, .opens = IN_STORAGE, .repeats = true,
	  .doc = "a disk controller of the host and its driver" },
	{ "switch", IN_TOP, KEY_NAMED, .opens = IN_SWITCH, .repeats = true,
	  .doc = "a network that guests plug into" },
	{ "vm", IN_TOP, KEY_NAMED, .opens = IN_VM, .repeats = true, .required = true,
	  .doc = "one guest; the name is used on the console and in messages" },

	{ "scrollback", IN_HOST, KEY_SIZE, HOST(scrollback_bytes), .min = "4K", .max = "1M",
	  .step = "4K", .preset = "64K",
	  .doc = "output kept for each console while another one is shown" },
	{ "escape", IN_HOST, KEY_WORD, HOST(escape), control_key, .preset = "ctrl-]",
	  .note = "ctrl-] or ctrl-a to ctrl-z, without h, i, j and m",
	  .doc = "key that starts every command to the console" },

	{ "device", IN_STORAGE, KEY_PCI, SERVICE(device), .required = true,
	  .doc = "the controller: virtio-blk, NVMe or AHCI" },
	{ "uplink", IN_SWITCH, KEY_PCI, SERVICE(device), none, CONFIG_NO_DEVICE, .preset = "none",
	  .doc = "a network card that joins the switch to the world; none: guests only" },
	{ "host-cpu", IN_STORAGE | IN_SWITCH, KEY_COUNT, SERVICE(host_cpu), any, CONFIG_CPU_ANY,
	  .min = "0", .max = "63", .preset = "any",
	  .doc = "host CPU that runs the service; any: CPU 0" },
	{ "on-crash", IN_STORAGE | IN_SWITCH, KEY_WORD, SERVICE(on_crash), action,
	  .preset = "restart", .doc = "what happens when the service fails; its guests run on" },
	{ "restart-limit", IN_STORAGE | IN_SWITCH, KEY_COUNT, SERVICE(restart_limit), .min = "0",
	  .max = "1000", .preset = "5",
	  .doc = "restarts after crashes before the service stays stopped" },
	{ "watchdog", IN_STORAGE | IN_SWITCH, KEY_TIME, SERVICE(watchdog_us), never, 0, .min = "2s",
	  .max = "3600s", .preset = "30s",
	  .doc = "a service that has not answered the root task for so long has failed" },

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
	{ "disk", IN_VM, KEY_NAMED, .opens = IN_DISK, .repeats = true,
	  .doc = "a disk of the guest" },
	{ "net", IN_VM, KEY_NAMED, .opens = IN_NET, .repeats = true,
	  .doc = "a network card of the guest, plugged into the switch of this name" },
	{ "rng", IN_VM, KEY_WORD, VM(rng), flag, .preset = "off",
	  .doc = "a source of random numbers for the guest" },
	{ "balloon", IN_VM, KEY_WORD, VM(balloon), flag, .preset = "off",
	  .doc = "a device by which the guest gives memory back and gets it again" },
	{ "console", IN_VM, KEY_WORD, VM(console), flag, .preset = "on",
	  .doc = "the guest's serial port has a console; off: its output is dropped" },
	{ "virtio-console", IN_VM, KEY_WORD, VM(virtio_console), flag, .preset = "off",
	  .doc = "a second device for the same console, hvc0 in Linux" },
	{ "hpet", IN_VM, KEY_WORD, VM(hpet), flag, .preset = "off",
	  .doc = "an HPET, for guests that need one; it makes others boot slower" },
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

	{ "from", IN_DISK, KEY_REF, DISK(from), .doc = "the storage it is on" },
	{ "unit", IN_DISK, KEY_COUNT, DISK(unit), .min = "0", .max = "255", .preset = "0",
	  .doc = "which disk of the storage, from 0" },
	{ "partition", IN_DISK, KEY_PART, DISK(partition),
	  .doc = "a GPT partition by name or UUID; without it the whole disk" },
	{ "module", IN_DISK, KEY_FILE, DISK(module),
	  .doc = "instead of a storage, the disk image in a boot module" },
	{ "mode", IN_DISK, KEY_WORD, DISK(mode), mode, .preset = "read-write",
	  .doc = "discard: what the guest writes is forgotten when it stops" },
	{ "scratch", IN_DISK, KEY_SIZE, DISK(scratch_bytes), .min = "2M", .max = "64G",
	  .step = "2M", .doc = "memory for what is written in mode discard" },
	{ "bandwidth", IN_DISK, KEY_SIZE, DISK(bytes_per_s), unlimited, 0, .min = "64K",
	  .max = "64G", .preset = "unlimited", .doc = "bytes per second, both directions" },
	{ "operations", IN_DISK, KEY_COUNT, DISK(operations_per_s), unlimited, 0, .min = "10",
	  .max = "100000000", .preset = "unlimited", .doc = "requests per second" },

	{ "mac", IN_NET, KEY_MAC, NET(mac), automatic, 0, .preset = "auto",
	  .doc = "the only address it may send from; auto: made from the VM's name" },
	{ "bandwidth", IN_NET, KEY_SIZE, NET(bytes_per_s), unlimited, 0, .min = "64K", .max = "64G",
	  .preset = "unlimited", .doc = "bytes per second that the guest sends" },
	{ "packets", IN_NET, KEY_COUNT, NET(packets_per_s), unlimited, 0, .min = "10",
	  .max = "100000000", .preset = "unlimited",
	  .doc = "packets per second that the guest sends" },
	{},
};

static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MAX);
