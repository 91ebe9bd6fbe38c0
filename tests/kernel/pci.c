/* SPDX-License-Identifier: Apache-2.0 */
/* The "edu" device through ECAM and its registers, which are mapped into the test's window. */
#include "pci.h"
#include "pages.h"
#include <rt/start.h>

#define CONFIG_VA (WINDOW + 0x100000)
#define BAR_VA	  (WINDOW + 0x101000)

#define CONFIG_COMMAND 0x04u
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define CONFIG_BAR0    0x10u
#define CONFIG_CAPS    0x34u
#define CAP_MSI	       0x05u
#define MSI_ENABLE     0x00010000u
#define MSI_64BIT      0x00800000u

#define EDU_ID		0x11e81234u
#define EDU_STATUS	0x24u
#define EDU_RAISE	0x60u
#define EDU_ACK		0x64u
#define EDU_DMA_FROM	0x80u
#define EDU_DMA_TO	0x88u
#define EDU_DMA_BYTES	0x90u
#define EDU_DMA_COMMAND 0x98u
#define EDU_BUFFER	0x40000u /* in the device's own addresses */
#define DMA_START	1u
#define DMA_TO_MEMORY	2u

static uint32_t rid;

static volatile uint32_t *config(unsigned offset)
{
	return (volatile uint32_t *)(CONFIG_VA + offset);
}

static volatile uint32_t *reg(unsigned offset)
{
	return (volatile uint32_t *)(BAR_VA + offset);
}

static bool show(uint64_t pa, uint64_t va)
{
	return CHECK_OK(rt_map(VELA_ROOT_PHYS, VELA_ROOT_HST, PAGE(pa), PAGE(va), 1,
			       VELA_MEM_R | VELA_MEM_W | VELA_MEM_UC));
}

bool edu_open(void)
{
	const struct vela_info *m = rt_machine();
	if (!m->ecams || m->ecam[0].first_bus)
		return false;
	for (unsigned device = 0; device < 32; device++) {
		if (!show(m->ecam[0].base + (device << 15), CONFIG_VA))
			return false;
		if (edu_config(0) != EDU_ID)
			continue;
		rid = (uint32_t)m->ecam[0].segment << 16 | device << 3;
		uint64_t bar = edu_config(CONFIG_BAR0) & ~0xfu;
		edu_config_set(CONFIG_COMMAND, edu_config(CONFIG_COMMAND) | COMMAND_MEMORY);
		return show(bar, BAR_VA);
	}
	return false;
}

void edu_close(void)
{
	edu_msi(false, 0, 0);
	edu_master(false);
	CHECK_OK(rt_map(VELA_ROOT_NULL, VELA_ROOT_HST, 0, PAGE(CONFIG_VA), 2, 0));
}

uint32_t edu_rid(void)
{
	return rid;
}

uint32_t edu_config(unsigned offset)
{
	return *config(offset);
}

void edu_config_set(unsigned offset, uint32_t value)
{
	*config(offset) = value;
}

void edu_master(bool on)
{
	uint32_t command = edu_config(CONFIG_COMMAND) & 0xffff & ~COMMAND_MASTER;
	edu_config_set(CONFIG_COMMAND, command | (on ? COMMAND_MASTER : 0));
}

void edu_msi(bool on, uint64_t address, uint64_t data)
{
	unsigned at = edu_config(CONFIG_CAPS) & 0xfc;
	while (at && (edu_config(at) & 0xff) != CAP_MSI)
		at = edu_config(at) >> 8 & 0xfc;
	if (!CHECK(at && edu_config(at) & MSI_64BIT))
		return;
	edu_config_set(at, edu_config(at) & ~MSI_ENABLE);
	edu_config_set(at + 4, (uint32_t)address);
	edu_config_set(at + 8, (uint32_t)(address >> 32));
	edu_config_set(at + 12, (uint32_t)data);
	if (on)
		edu_config_set(at, edu_config(at) | MSI_ENABLE);
}

void edu_raise(void)
{
	*reg(EDU_RAISE) = 1;
	*reg(EDU_ACK) = *reg(EDU_STATUS);
}

static void transfer(uint64_t from, uint64_t to, uint64_t bytes, uint32_t command)
{
	*(volatile uint64_t *)reg(EDU_DMA_FROM) = from;
	*(volatile uint64_t *)reg(EDU_DMA_TO) = to;
	*(volatile uint64_t *)reg(EDU_DMA_BYTES) = bytes;
	*reg(EDU_DMA_COMMAND) = command | DMA_START;
	EVENTUALLY(!(*reg(EDU_DMA_COMMAND) & DMA_START));
}

void edu_fetch(uint64_t pa, uint64_t bytes)
{
	transfer(pa, EDU_BUFFER, bytes, 0);
}

void edu_store(uint64_t pa, uint64_t bytes)
{
	transfer(EDU_BUFFER, pa, bytes, DMA_TO_MEMORY);
}
