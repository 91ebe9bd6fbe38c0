/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a device's address spaces a process may have, and how much of them. Firmware sets the
 * addresses and the device says the sizes: neither is trusted to lie beside everything else. Pure.
 */
#ifndef ROOT_BARS_H
#define ROOT_BARS_H

#include <vela/info.h>

#include "memory.h"
#include "pci.h"

/* Why no process may have the address space, or NULL. */
const char *bar_trouble(const struct vela_info *info, const struct pci_bar *bar);

/*
 * The pieces of address space n that a driver gets, offsets in whole pages: all but the pages that
 * hold only the MSI-X table. Who writes to that chooses what the device's messages are, so it stays
 * with the root task; where it begins within a page, registers are beside it, and it goes along.
 * Returns how many there are.
 */
#define BAR_PIECES 2u
unsigned bar_pieces(const struct pci_messages *messages, unsigned n, const struct pci_bar *bar,
		    struct extent pieces[BAR_PIECES]);

#endif
