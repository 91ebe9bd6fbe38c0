/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vela.conf: what a parsed configuration is, and how to get one. One parser serves the root task,
 * the host command and the fuzzer: it does no I/O, keeps no global state and takes every byte of
 * memory from the caller's arena. docs/vela.conf.md describes the language.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONFIG_VMS_MAX = 32,		 /* vm blocks in one configuration */
	CONFIG_SERVICES_MAX = 16,	 /* storage and switch blocks in one configuration */
	CONFIG_DISKS_MAX = 8,		 /* disk blocks in one VM */
	CONFIG_NETS_MAX = 8,		 /* net blocks in one VM */
	CONFIG_CLIENTS_MAX = 32,	 /* disks of one storage, ports of one switch */
	CONFIG_MODULES_MAX = 15,	 /* module lines in one boot block */
	CONFIG_INCLUDE_DEPTH = 8,	 /* files open inside one another, the main one included */
	CONFIG_ERRORS_MAX = 20,		 /* mistakes reported before the parser gives up */
	CONFIG_NAME_MAX = 31,		 /* bytes in the name of a VM, service or disk */
	CONFIG_PATH_MAX = 255,		 /* bytes in a file name, directory included */
	CONFIG_ARGS_MAX = 2047,		 /* bytes in a command line */
	CONFIG_MODULE_ARGS_MAX = 127,	 /* bytes in the arguments of a module */
	CONFIG_PARTITION_MAX = 72,	 /* bytes in the name of a partition */
	CONFIG_KEYS_MAX = 64,		 /* upper bound of the key table, asserted there */
	CONFIG_SOURCE_MAX = 1024 * 1024, /* bytes in one source file */
	CONFIG_VCPUS_MAX = 16,		 /* virtual CPUs of one VM */
};

/* Host CPUs of the root task's choice, for host_cpu; or the end of a list of them. */
#define CONFIG_CPU_ANY UINT64_MAX

/* For config_service.device: a switch without uplink. */
#define CONFIG_NO_DEVICE UINT64_MAX

struct config_source;

/* A place in a source. source == NULL: nowhere, the value is the default. */
struct config_pos {
	const struct config_source *source;
	uint32_t line;	 /* from 1 */
	uint32_t column; /* from 1, in bytes */
	uint32_t length; /* bytes underlined, at least 1 */
};

/*
 * One file of configuration text. For the main file the caller fills name, text and size. Name and
 * text must stay as they are for as long as the parsed configuration is used.
 */
struct config_source {
	const char *name; /* as messages show it */
	const char *path; /* relative to the main file's directory; set by the parser */
	const char *text; /* not NUL-terminated; never NULL */
	size_t size;
	struct config_pos included_at;	  /* source == NULL for the main file */
	const struct config_source *next; /* next included file of the configuration */
};

/*
 * Finds an included file: sets text and size of *source, and name if messages should show another
 * one than path. Returns false when there is no such file. In the root task it looks up a boot
 * module, in the host command a file beside the main one.
 */
struct config_loader {
	bool (*load)(void *context, const char *path, struct config_source *source);
	void *context;
};

/* Memory for the result; nothing is freed singly. base must be aligned for a uint64_t. */
struct config_arena {
	unsigned char *base;
	size_t size;
	size_t used;
};

struct config_error {
	struct config_pos where;
	char message[384]; /* one line, printable ASCII */
};

/* Receives each mistake; errors counts them and starts at 0. */
struct config_diag {
	void (*report)(void *context, const struct config_error *error);
	void *context;
	unsigned errors;
};

/* Every number and every word of a configuration is 64 bits wide: the parser stores all alike. */
enum config_protocol : uint64_t { CONFIG_BOOT_LINUX, CONFIG_BOOT_PVH, CONFIG_BOOT_MULTIBOOT };
enum config_action : uint64_t { CONFIG_STOP, CONFIG_RESTART };
enum config_mode : uint64_t { CONFIG_READ_WRITE, CONFIG_READ_ONLY, CONFIG_DISCARD };
typedef uint64_t config_flag; /* 0 or 1 */

/* A boot module the configuration names; path == NULL: none. */
struct config_file {
	const char *path;
	const char *args; /* of a multiboot module, else "" */
	struct config_pos where;
};

struct config_boot {
	enum config_protocol protocol;
	struct config_file kernel;
	struct config_file initrd;
	const char *args; /* never NULL */
	struct config_file modules[CONFIG_MODULES_MAX];
	size_t module_count;
};

/*
 * Blocks with a name begin with the same three members: the name, its place, and where each key is
 * set, by row of the key table (see config_vm_where).
 */
#define CONFIG_BLOCK                    \
	char name[CONFIG_NAME_MAX + 1]; \
	struct config_pos where;        \
	struct config_pos set[CONFIG_KEYS_MAX]

/* A disk of a VM: part of a storage, or a boot module. */
struct config_disk {
	CONFIG_BLOCK;
	struct config_ref {
		char name[CONFIG_NAME_MAX + 1]; /* "": none */
		struct config_pos where;
		struct config_service *service; /* NULL: there is none of this name */
	} from;
	struct config_file module; /* path == NULL: it is from a storage */
	uint64_t unit;		   /* which disk of the storage */
	const char *partition;	   /* name or UUID; "": the whole disk */
	enum config_mode mode;
	uint64_t scratch_bytes;	   /* for what is written in mode discard */
	uint64_t bytes_per_s;	   /* 0: no limit */
	uint64_t operations_per_s; /* 0: no limit */
	/* When it is from a storage and its VM is not refused: */
	unsigned link;	 /* the link's number in its VM */
	unsigned client; /* and at the storage */
};

/* A network port of a VM; its name is that of the switch. */
struct config_net {
	CONFIG_BLOCK;
	struct config_service *service; /* NULL: there is none of this name */
	uint64_t mac;			/* the first byte is the highest of 48 bits */
	uint64_t bytes_per_s;
	uint64_t packets_per_s;
	unsigned link; /* as of a disk */
	unsigned client;
};

/* What a link connects: of disk and net one is NULL. */
struct config_client {
	const struct config_vm *vm;
	const struct config_disk *disk;
	const struct config_net *net;
};

/* A service process with links: a storage or a switch. */
struct config_service {
	CONFIG_BLOCK;
	unsigned index; /* in the configuration's list */
	enum { CONFIG_STORAGE, CONFIG_SWITCH } kind;
	uint64_t device; /* PCI: segment << 16 | bus << 8 | device << 3 | function, or NO_DEVICE */
	uint64_t host_cpu;
	enum config_action on_crash;
	uint64_t restart_limit;
	uint64_t watchdog_us; /* 0: off */
	size_t client_count;
	struct config_client clients[CONFIG_CLIENTS_MAX]; /* in the order of the file */
};

struct config_vm {
	CONFIG_BLOCK;
	unsigned index; /* in the configuration's list */
	bool refused;	/* config_vm_check says why; it is no service's client */
	uint64_t memory_bytes;
	uint64_t cpus;
	/* For the virtual CPUs in turn; CONFIG_CPU_ANY follows the last, or stands alone. */
	uint64_t host_cpu[CONFIG_VCPUS_MAX + 1];
	uint64_t priority;
	uint64_t slice_us;
	struct config_boot boot;
	config_flag console;
	config_flag autostart;
	config_flag debug_exit;
	config_flag hpet;
	enum config_action on_crash;
	enum config_action on_reset;
	enum config_action on_poweroff;
	uint64_t restart_limit;
	config_flag rng;
	config_flag balloon;
	config_flag virtio_console;
	size_t disk_count;
	size_t net_count;
	struct config_disk *disks[CONFIG_DISKS_MAX];
	struct config_net *nets[CONFIG_NETS_MAX];
};

struct config_host {
	uint64_t scrollback_bytes;
	uint64_t escape; /* the control character, 1..31 */
};

struct vela_config {
	struct config_source source;	      /* the main file */
	const struct config_source *includes; /* the others, in the order they were opened */
	struct config_host host;
	struct config_vm *vms[CONFIG_VMS_MAX];
	size_t vm_count;
	struct config_service *services[CONFIG_SERVICES_MAX];
	size_t service_count;
	struct config_pos set[CONFIG_KEYS_MAX]; /* by row, of the keys outside VMs */
};

/*
 * Parses a whole configuration. Returns true and sets *out when it can be understood; what is wrong
 * between its blocks is then for config_check to say. Otherwise every mistake of the text (up to
 * CONFIG_ERRORS_MAX), and every one between blocks, went to diag and *out is NULL. loader may be
 * NULL: then every include is a mistake.
 */
bool config_parse(struct config_arena *arena, const struct config_source *main_source,
		  const struct config_loader *loader, struct config_diag *diag,
		  struct vela_config **out);

/*
 * Report mistakes between blocks, of all, of a VM or of a service, and return whether there are
 * none. Of two blocks that cannot both be had, the mistake is that of the later one; nothing of it
 * may be started, and the others stay as meaningful as without it.
 */
bool config_check(const struct vela_config *config, struct config_diag *diag);
bool config_vm_check(const struct vela_config *config, const struct config_vm *vm,
		     struct config_diag *diag);
bool config_service_check(const struct vela_config *config, const struct config_service *service,
			  struct config_diag *diag);

/*
 * Reports a mistake found after parsing (a file that is not there, too little memory) in the same
 * form as the parser's own. where may have source == NULL; then the message stands alone.
 */
[[gnu::format(printf, 3, 4)]] void config_fail(struct config_diag *diag, struct config_pos where,
					       const char *format, ...);

/*
 * Writes "FILE:LINE:COLUMN: error: MESSAGE", the source line and a caret line, each ended by a
 * newline, and a line for each file that includes the one with the mistake. Returns the length; of
 * a text with many long file names CONFIG_ERROR_TEXT_MAX bytes are the beginning.
 */
enum { CONFIG_ERROR_TEXT_MAX = 2048 };
size_t config_error_text(const struct config_error *error, char *text, size_t size);

/* Where the VM's block sets a key ("memory", "kernel"); the VM's own place when it does not. */
struct config_pos config_vm_where(const struct config_vm *vm, const char *key);

/* The same for a storage or switch, and for a disk. */
struct config_pos config_service_where(const struct config_service *service, const char *key);
struct config_pos config_disk_where(const struct config_disk *disk, const char *key);

/* Writes a PCI address ("00:04.0") or a MAC address as text. */
enum { CONFIG_ADDRESS_MAX = 18 };
void config_pci_text(uint64_t device, char text[CONFIG_ADDRESS_MAX]);
void config_mac_text(uint64_t mac, char text[CONFIG_ADDRESS_MAX]);

/* Calls each once for every boot file the configuration names, in order of first mention. */
void config_files(const struct vela_config *config,
		  void (*each)(void *context, const struct config_file *file), void *context);

/*
 * One capability in the initial space of a VM's monitor (VMM) or of a service. The root task grants
 * from this list and config_explain prints it, so what is printed is what is granted.
 */
struct config_cap {
	const char *name;   /* of the slot, as the process knows it */
	const char *object; /* kind of kernel object */
	const char *rights;
	const char *why;
	unsigned count;	   /* of such slots, from number on */
	unsigned number;   /* the first one's */
	const char *whose; /* completes why */
	unsigned peer;	   /* index of the service or VM that has the object, if it is another's */
};

enum { CONFIG_CAPS_MAX = 9 + CONFIG_CLIENTS_MAX };
/* Fills caps with what the block of this VM or service implies and returns how many there are. */
size_t config_caps(const struct config_vm *vm, struct config_cap caps[CONFIG_CAPS_MAX]);
size_t config_service_caps(const struct config_service *service,
			   struct config_cap caps[CONFIG_CAPS_MAX]);

/*
 * Prints the effective configuration in pieces through print: every setting with its origin as a
 * comment, and the capabilities of each process. The text is itself a configuration with the same
 * meaning. The configuration has no mistake between blocks.
 */
struct config_printer {
	void (*print)(void *context, const char *text);
	void *context;
};
void config_explain(const struct vela_config *config, const struct config_printer *printer);

/* Prints the reference of every key in Markdown; docs/vela.conf.md holds a checked copy. */
void config_reference(const struct config_printer *printer);

#endif
