/* SPDX-License-Identifier: Apache-2.0 */
/* A service's device; see device.h. */
#include "device.h"

#include <rt/clock.h>
#include <rt/hypercall.h>
#include <rt/log.h>

#include <stdio.h>
#include <string.h>

#include "bars.h"
#include "ecam.h"
#include "machine.h"
#include "window.h"

#define CLASS_STORAGE 1u
#define CLASS_NETWORK 2u
#define LOOK_NS	      1000000000ull

/* MSI-X table entry (PCI 3.0, section 6.8.2). */
#define ENTRY_DATA    2u
#define ENTRY_CONTROL 3u

static const char *device_key(const struct config_service *service)
{
	return service->kind == CONFIG_STORAGE ? "device" : "uplink";
}

struct search {
	uint32_t wanted; /* class */
	char *text;
	size_t used, size;
};

static bool list_one(void *context, uint64_t id, void *config)
{
	struct search *search = context;
	char address[CONFIG_ADDRESS_MAX];

	if (pci_class(config) >> 16 != search->wanted || search->used + 64 > search->size)
		return true;
	config_pci_text(id, address);
	search->used += (size_t)snprintf(search->text + search->used, search->size - search->used,
					 "%s %s (%s %04x:%04x)", search->used ? "," : "", address,
					 pci_class_text(pci_class(config)), pci_vendor(config),
					 pci_device(config));
	return true;
}

/* Says that the device is not the one that is meant, and which could be. */
static bool not_there(const struct vela_info *info, const struct config_service *service,
		      struct config_diag *diag, const char *what)
{
	const bool storage = service->kind == CONFIG_STORAGE;
	char text[256] = "", address[CONFIG_ADDRESS_MAX];
	struct search search = { storage ? CLASS_STORAGE : CLASS_NETWORK, text, 0, sizeof text };

	config_pci_text(service->device, address);
	ecam_each(info, list_one, &search);
	config_fail(diag, config_service_where(service, device_key(service)),
		    "%s %s; this machine has%s", what, address,
		    search.used ? text
		    : storage	? " no disk controller"
				: " no network card");
	return false;
}

/* A bridge on the way to a bus must forward what the device behind it does. */
static bool open_bridge(void *context, uint64_t id, void *config)
{
	const uint64_t device = *(const uint64_t *)context;
	uint8_t first, last;

	if (id >> 16 == device >> 16 && pci_bridge(config, &first, &last) &&
	    first <= (device >> 8 & 0xff) && (device >> 8 & 0xff) <= last) {
		pci_open(config);
		pci_let_master(config);
	}
	return true;
}

struct shared {
	uint64_t device;
	uint64_t page;
	bool found;
};

static bool look_for_page(void *context, uint64_t id, void *config)
{
	struct shared *shared = context;

	for (unsigned n = 0; id != shared->device && n < PCI_BARS; n++) {
		uint64_t base = pci_bar_base(config, n);

		shared->found |= base && base / VELA_PAGE_SIZE == shared->page;
	}
	return !shared->found;
}

static bool shares_page(const struct vela_info *info, const struct config_service *service,
			const struct pci_bar *bar)
{
	struct shared shared = { service->device, bar->base / VELA_PAGE_SIZE, false };

	if (bar->bytes < VELA_PAGE_SIZE)
		ecam_each(info, look_for_page, &shared);
	return shared.found;
}

static bool check_bars(const struct device *device, const struct vela_info *info,
		       const struct config_service *service, struct config_diag *diag)
{
	char address[CONFIG_ADDRESS_MAX];

	for (unsigned n = 0; n < PCI_BARS; n++) {
		const struct pci_bar *bar = &device->bars[n];
		const char *trouble = bar->bytes ? bar_trouble(info, bar) : NULL;

		if (!trouble && bar->bytes && shares_page(info, service, bar))
			trouble = "shares a page with another device";
		if (!trouble)
			continue;
		config_pci_text(service->device, address);
		config_fail(diag, config_service_where(service, device_key(service)),
			    "address space %u of the device at %s %s", n, address, trouble);
		return false;
	}
	return true;
}

/* The events that come meanwhile are looked at later. */
static void sleep_ns(uint64_t ns)
{
	const uint64_t deadline = rt_clock_deadline(ns);

	while (rt_sm_down_all(ROOT_SEL_PARENT, deadline) == VELA_OK)
		;
	rt_sm_up(ROOT_SEL_PARENT);
}

/*
 * QEMU 7.2 emulating alone must not see registers come or go while other CPUs run: it counts its
 * areas of registers anew before those CPUs have forgotten the old numbers (tcg_commit), and what
 * one of them writes to its local APIC at that moment reaches another device, or ends the emulator.
 * There a device is reset from here only before any guest runs; later its driver does it.
 */
static void reset(const struct device *device, bool first)
{
	static struct pci_saved saved;

	pci_quiet(device->config);
	if ((first || !machine_is_emulated()) && pci_reset_begin(device->config, &saved)) {
		sleep_ns(PCI_RESET_NS);
		pci_reset_end(device->config, &saved);
	}
}

bool device_prepare(struct device *device, const struct vela_info *info,
		    const struct config_service *service, struct config_diag *diag)
{
	bool first = !device->config;
	uint64_t id = service->device;

	device->id = id;
	if (first)
		device->config = ecam_open(info, id);
	if (!device->config || !pci_present(device->config)) {
		device->config = NULL;
		return not_there(info, service, diag, "there is no device at");
	}
	if (pci_class(device->config) >> 16 !=
	    (service->kind == CONFIG_STORAGE ? CLASS_STORAGE : CLASS_NETWORK)) {
		device->config = NULL;
		return not_there(info, service, diag,
				 service->kind == CONFIG_STORAGE ? "there is no disk controller at"
								 : "there is no network card at");
	}
	reset(device, first);
	if (first) {
		pci_bars(device->config, device->bars);
		pci_messages(device->config, &device->messages);
	}
	ecam_each(info, open_bridge, &id);
	return check_bars(device, info, service, diag);
}

static bool map_bar(const struct device *device, unsigned n, struct process *process)
{
	const uint64_t base = device->bars[n].base, va = RT_BAR_VA + n * RT_BAR_STRIDE;
	struct extent piece[BAR_PIECES];
	unsigned pieces = bar_pieces(&device->messages, n, &device->bars[n], piece);

	for (unsigned i = 0; i < pieces; i++)
		if (!process_map(process, (struct extent){ base + piece[i].base, piece[i].size },
				 va + piece[i].base, VELA_MEM_R | VELA_MEM_W | VELA_MEM_UC))
			return false;
	return true;
}

static bool confine(struct device *device, const struct vela_info *info, struct process *process,
		    const struct extent *reach, unsigned reaches)
{
	static bool said;
	const vela_sel_t space = process_sel(process, PROCESS_DMA);

	if (!(info->features & VELA_FEATURE_IOMMU)) {
		if (!said)
			rt_log(RT_WARNING, "this machine has no IOMMU, or none that Vela can use: "
					   "devices of services can reach all memory");
		said = true;
		return true;
	}
	if (!process_space(process, VELA_SP_DMA, PROCESS_DMA, "create its device's space"))
		return false;
	for (unsigned i = 0; i < reaches; i++)
		if (!root_check(process->name, "map memory for its device",
				rt_map(VELA_ROOT_PHYS, space, reach[i].base / VELA_PAGE_SIZE,
				       reach[i].base / VELA_PAGE_SIZE,
				       reach[i].size / VELA_PAGE_SIZE, VELA_MEM_R | VELA_MEM_W)))
			return false;
	device->look_ns = 0;
	device->stopped = 0;
	device->confined = root_check(process->name, "confine its device",
				      rt_dev_assign(process_sel(process, PROCESS_DC), space));
	return device->confined;
}

/* Writes entry 0 of the MSI-X table; the others stay masked as they are after a reset. */
static bool set_table(const struct device *device, uint64_t address, uint32_t data)
{
	const struct pci_messages *messages = &device->messages;
	const struct pci_bar *bar = &device->bars[messages->table_bar];
	const uint64_t offset = messages->table % VELA_PAGE_SIZE;
	const struct extent page = { bar->base + messages->table - offset, VELA_PAGE_SIZE };

	if (messages->table >= bar->bytes)
		return false;
	volatile uint32_t *entry = window_borrow_registers(page);
	if (!entry)
		return false;
	entry += offset / sizeof *entry;
	entry[0] = (uint32_t)address;
	entry[1] = (uint32_t)(address >> 32);
	entry[ENTRY_DATA] = data;
	entry[ENTRY_CONTROL] = 0;
	window_return(page);
	return true;
}

/* Without interrupts a driver polls, so that is no reason not to run. */
static uint32_t bind_interrupts(struct device *device, struct process *process)
{
	const struct pci_messages *messages = &device->messages;

	if (!messages->msix && !messages->msi) {
		rt_log(RT_WARNING, "%s: its device signals no interrupts by messages",
		       process->name);
		return 0;
	}
	if (!root_check(process->name, "bind its device's interrupt",
			rt_dev_irq_bind(process_sel(process, PROCESS_DC), 0,
					process_sel(process, PROCESS_WAKE), process->cpu)))
		return 0;
	const uint64_t address = root_utcb()[VELA_DEV_MSI_ADDRESS];
	const uint32_t data = (uint32_t)root_utcb()[VELA_DEV_MSI_DATA];

	if (messages->msix) {
		if (!set_table(device, address, data))
			return 0;
		pci_msix_start(device->config, messages->msix);
	} else {
		pci_msi_start(device->config, messages->msi, address, data);
	}
	return 1;
}

bool device_give(struct device *device, const struct vela_info *info, struct process *process,
		 const struct extent *reach, unsigned reaches, struct rt_device *facts)
{
	*facts = (struct rt_device){
		.vendor = pci_vendor(device->config),
		.device = pci_device(device->config),
		.class_code = pci_class(device->config),
	};
	static_assert(sizeof facts->address >= sizeof "ffff:ff:ff.f");
	char address[CONFIG_ADDRESS_MAX];

	config_pci_text(device->id, address);
	snprintf(facts->address, sizeof facts->address, "%.15s", address);
	root_utcb()[VELA_DC_HW] = VELA_ROOT_HW;
	root_utcb()[VELA_DC_RID] = device->id;
	if (!process_create(process, VELA_KIND_DC, PROCESS_DC, "create its device's context") ||
	    !confine(device, info, process, reach, reaches))
		return false;
	for (unsigned n = 0; n < PCI_BARS; n++) {
		facts->bar[n].bytes = device->bars[n].bytes;
		if (device->bars[n].bytes && !map_bar(device, n, process))
			return false;
	}
	/* Its registers answer, and its table can be written, from here on. */
	pci_open(device->config);
	facts->interrupts = bind_interrupts(device, process);
	for (unsigned i = 0; i < sizeof facts->config; i += 4) {
		uint32_t word = pci_read32(device->config, i);

		memcpy(facts->config + i, &word, sizeof word);
	}
	return true;
}

void device_release(struct device *device)
{
	pci_let_master(device->config);
}

/* A device can make faults faster than they are read, so what is counted is a part of them. */
static void log_stopped(struct device *device, const struct process *process)
{
	static const char *const kind[] = {
		[VELA_FAULT_NONE] = "something else",
		[VELA_FAULT_READ] = "a read at",
		[VELA_FAULT_WRITE] = "a write at",
		[VELA_FAULT_INTERRUPT] = "interrupt",
	};
	char address[CONFIG_ADDRESS_MAX];

	if (!device->confined || rt_dev_faults(process_sel(process, PROCESS_DC)) != VELA_OK)
		return;
	const uint64_t *w = root_utcb();
	const uint64_t count = w[VELA_DEV_FAULT_COUNT], reason = w[VELA_DEV_FAULT_REASON];

	if (count == device->stopped)
		return;
	config_pci_text(device->id, address);
	rt_log(RT_ERROR,
	       "%s: the IOMMU has stopped its device at %s, %llu times or more; the last was %s "
	       "%#llx, reason %#llx",
	       process->name, address, (unsigned long long)(count - device->stopped),
	       kind[reason & 3], (unsigned long long)w[VELA_DEV_FAULT_ADDRESS],
	       (unsigned long long)reason >> 8);
	device->stopped = count;
}

uint64_t device_look(struct device *device, const struct process *process, uint64_t now_ns)
{
	if (!device->confined)
		return UINT64_MAX;
	if (now_ns >= device->look_ns) {
		log_stopped(device, process);
		device->look_ns = now_ns + LOOK_NS;
	}
	return device->look_ns;
}

void device_quiet(struct device *device, const struct process *process)
{
	if (!device->config)
		return;
	pci_quiet(device->config);
	log_stopped(device, process);
	device->confined = false;
}
