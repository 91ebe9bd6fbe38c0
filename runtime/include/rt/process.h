/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process made by the root task finds when it starts: fixed selectors, fixed windows, and a
 * read-only page of facts at VELA_INFO_VA. The root task fills it; the start-up code reads it.
 */
#ifndef RT_PROCESS_H
#define RT_PROCESS_H

#include <vela/types.h>

#define RT_INFO_MAGIC	0x4f464e4954520001ull
#define RT_INFO_VERSION 1u

/* Selectors. A process holds only those its role needs; the others are empty. */
enum {
	RT_SEL_NULL,
	RT_SEL_PARENT,	    /* semaphore of the root task: UP, after writing the status page */
	RT_SEL_CONSOLE,	    /* doorbell of the console service: UP */
	RT_SEL_LOCK,	    /* VMM: semaphore on which its threads wait for its lock: DOWN, UP */
	RT_SEL_VC = 8,	    /* VMM: virtual CPU n at + n: RUN, CTRL */
	RT_SEL_CLIENT = 64, /* console: WAKE semaphore (UP) of the client in slot n is at + n */
	RT_SEL_EVENT = 128, /* portal for the faults of thread n at + n */
	RT_SEL_WAKE = 144,  /* semaphore this process waits on: DOWN, UP; a VMM's thread n waits on
			     * that at + n, which is bound to its virtual CPU */
	RT_SEL_SC = 160,    /* VMM: scheduling context of thread n at + n: TIME */
	RT_SEL_DOORBELL = 192, /* VMM: semaphore (UP) of the service behind link n is at + n */
};

/* Windows in the address space of a process. */
#define RT_STATUS_VA  0x0000600000000000ull /* one page shared with the root task */
#define RT_SESSION_VA 0x0000600000100000ull /* session window shared with the console service */
#define RT_STATE_VA   0x0000600000200000ull /* VMM: state page of vCPU n at + n pages */
#define RT_THREAD_VA  0x0000600000400000ull /* VMM: memory of thread n > 0 at + n * stride */
#define RT_FILES_VA   0x0000600100000000ull /* VMM: boot files, read-only */
#define RT_RAM_VA     0x0000700000000000ull /* VMM: guest RAM */
#define RT_CLIENT_VA  0x0000610000000000ull /* console: session window of slot n at + n * stride */
#define RT_CONTROL_VA 0x0000600000300000ull /* console: page with the table of its slots */
#define RT_BALLOON_VA 0x0000670000000000ull /* VMM: rt/balloon.h, if it has a balloon */
#define RT_LINK_VA    0x0000650000000000ull /* VMM: window of link n at + n * RT_LINK_BYTES */
#define RT_SCRATCH_VA 0x0000660000000000ull /* VMM: scratch memory of disk n at + n * stride */
#define RT_DMA_VA     0x0000630000000000ull /* driver: memory for its own rings and buffers */
#define RT_BAR_VA     0x0000640000000000ull /* driver: BAR n of its device at + n * stride */
/* A service that has links finds the window of client n at RT_CLIENT_VA + n * RT_LINK_BYTES. */
/* Of a thread beside the first: its UTCB, its TLS area, and its stack up to the stride's end, with
 * unmapped pages between. */
#define RT_THREAD_STRIDE 0x40000ull
#define RT_THREAD_TLS	 0x2000ull
#define RT_THREAD_STACK	 0x10000ull /* bytes of it */

#define RT_SCRATCH_STRIDE 0x1000000000ull
#define RT_BAR_STRIDE	  0x100000000ull

/* Guest RAM of a VMM is mapped in its guest from address 0 up to RT_GUEST_LOW_MAX, the rest from
 * RT_GUEST_HIGH_BASE on. */
#define RT_GUEST_LOW_MAX   0xc0000000ull
#define RT_GUEST_HIGH_BASE 0x100000000ull

/* console: scrollback of slot n at + n * its size */
#define RT_SCROLLBACK_VA 0x0000620000000000ull

#define RT_SESSION_BYTES 0x10000ull
#define RT_CLIENTS_MAX	 64u
#define RT_VCPUS_MAX	 16u /* of one VM */
#define RT_FILES_MAX	 24u
#define RT_DISKS_MAX	 8u  /* of one VM */
#define RT_NETS_MAX	 8u  /* of one VM */
#define RT_LINKS_MAX	 32u /* clients of one service */
#define RT_BARS_MAX	 6u
#define RT_NAME_BYTES	 32u

/* Bytes of guest memory by which one SHRINK or GROW moves the balloon; the console says "32 MiB".
 */
#define RT_BALLOON_STEP (32 << 20)

/* How a process tells the root task that it has ended or wants something: it fills the page, then
 * ups RT_SEL_PARENT. Everything in it is hostile to the root task. */
enum rt_status_code {
	RT_STATUS_RUNNING,
	RT_STATUS_EXIT,	 /* process ended by itself; value = exit code */
	RT_STATUS_FATAL, /* an error it cannot go on from; text says which */
	RT_STATUS_GUEST_POWEROFF,
	RT_STATUS_GUEST_RESET,
	RT_STATUS_GUEST_PANIC, /* the guest reported a panic */
	RT_STATUS_GUEST_CRASH, /* triple fault, or a state the processor refuses */
	RT_STATUS_GUEST_EXIT,  /* debug-exit port; value = what the guest wrote */
	RT_STATUS_QUIT,	       /* console: the user asks to end the machine */
	RT_STATUS_RESTART,     /* console: the user asks to restart the VM in slot value */
	RT_STATUS_DEVICE,      /* service: its device is reset, and may reach memory from now on */
	RT_STATUS_KILL,	       /* console: the user asks to kill the VMM of slot value */
	RT_STATUS_SHRINK,      /* console: and the guest of slot value to do with less memory */
	RT_STATUS_GROW,	       /* console: or to have more */
	/* console: the user presses Ctrl-Alt-Del at the guest of slot value */
	RT_STATUS_CTRL_ALT_DEL,
};

struct rt_status {
	uint32_t code;
	uint32_t value;
	char text[512];
	/* Root task: how often the user has asked for Ctrl-Alt-Del; it ups the first WAKE. */
	uint32_t ctrl_alt_dels;
	uint32_t asked; /* root task: whether the process is alive; it ups RT_SEL_WAKE */
	uint32_t alive; /* service: the last asked that it has seen (rt_alive) */
};

enum rt_file_role { RT_FILE_KERNEL, RT_FILE_INITRD, RT_FILE_MODULE, RT_FILE_DISK };

struct rt_file {
	uint64_t offset; /* in the files window, page aligned */
	uint64_t size;
	uint32_t role;
	char name[84];	/* as written in the configuration */
	char args[128]; /* MODULE: its arguments */
};

/* What the root task tells a VMM. */
enum rt_boot_protocol { RT_BOOT_LINUX, RT_BOOT_PVH, RT_BOOT_MULTIBOOT };

enum rt_disk_mode { RT_DISK_READ_WRITE, RT_DISK_READ_ONLY, RT_DISK_DISCARD };

/* A disk of a VM: behind a link, or a boot file. In mode DISCARD writes go to scratch memory. */
struct rt_disk {
	char name[RT_NAME_BYTES];
	uint32_t is_file; /* index is that of a file with role RT_FILE_DISK, else of a link */
	uint32_t index;
	uint32_t mode; /* enum rt_disk_mode */
	uint32_t reserved;
	uint64_t scratch_bytes; /* at RT_SCRATCH_VA + number of the disk * RT_SCRATCH_STRIDE */
};

/* A network port of a VM. */
struct rt_net {
	char name[RT_NAME_BYTES]; /* of the switch */
	uint32_t link;
	uint8_t mac[6];
	uint8_t reserved[6];
};

struct rt_vmm_info {
	uint64_t ram_bytes;
	uint32_t cpus;
	uint32_t protocol;   /* enum rt_boot_protocol */
	uint32_t console;    /* the guest's 16550 is connected to the console service */
	uint32_t debug_exit; /* the debug-exit port exists */
	uint32_t hpet;	     /* the guest has an HPET */
	uint32_t files;
	uint32_t disks;
	uint32_t nets;
	uint32_t rng;		 /* the guest has a virtio entropy device */
	uint32_t balloon;	 /* the guest has a virtio balloon */
	uint32_t virtio_console; /* and a virtio console, beside the serial port */
	struct rt_disk disk[RT_DISKS_MAX];
	struct rt_net net[RT_NETS_MAX];
	struct rt_file file[RT_FILES_MAX];
	char args[2048]; /* kernel command line */
};

/* What the root task tells a service that has links: its device, if it drives one, and its
 * clients. The root task has configured the device: BARs are assigned, and
 * message-signalled interrupts 0 .. interrupts - 1 each up RT_SEL_WAKE. It lets the device reach
 * memory when the service reports RT_STATUS_DEVICE. */
struct rt_bar {
	uint64_t bytes; /* 0: no memory BAR here; else mapped at RT_BAR_VA + n * RT_BAR_STRIDE */
};

struct rt_device {
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* class << 16 | subclass << 8 | programming interface */
	char address[16];    /* as in the configuration, "00:04.0" */
	uint32_t interrupts;
	uint32_t reserved;
	struct rt_bar bar[RT_BARS_MAX];
	uint8_t config[256]; /* its configuration space as it was when the process was started */
};

struct rt_block_client {
	char partition[80]; /* GPT name or UUID; empty: the whole disk */
	uint32_t unit;	    /* which disk of the controller */
	uint32_t read_only;
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t operations_per_s;
};

struct rt_net_client {
	uint8_t mac[6];
	uint8_t reserved[2];
	uint64_t bytes_per_s;
	uint64_t packets_per_s;
};

struct rt_client {
	char name[RT_NAME_BYTES]; /* of the VM */
	uint64_t address;	  /* of its window, as the device sees it */
	union {
		struct rt_block_client block;
		struct rt_net_client net;
	};
};

struct rt_service_info {
	uint32_t clients;
	uint32_t has_device;
	uint64_t dma_bytes;   /* memory at RT_DMA_VA */
	uint64_t dma_address; /* as the device sees it */
	struct rt_device device;
	struct rt_client client[RT_LINKS_MAX];
};

/* What the root task tells the console service. */
struct rt_console_info {
	uint32_t escape; /* control character that starts a command */
	uint32_t slots;	 /* clients; slot 0 is the root task, slot n is VM n */
	uint64_t scrollback_bytes;
	char host[96]; /* one line about the machine, for the banner */
};

struct rt_info {
	uint64_t magic;
	uint32_t version;
	uint32_t slot; /* of this process at the console service */
	uint64_t tsc_khz;
	uint64_t boot_epoch; /* Unix time in seconds when the TSC was boot_tsc, 0 if unknown */
	uint64_t boot_tsc;
	char name[RT_NAME_BYTES];
	struct rt_vmm_info vmm;		/* VMM only */
	struct rt_console_info console; /* console service only */
	struct rt_service_info service; /* services with links only */
};
#define RT_INFO_PAGES ((sizeof(struct rt_info) + VELA_PAGE_SIZE - 1) / VELA_PAGE_SIZE)

#endif
