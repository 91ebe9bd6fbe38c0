/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCI function as the root sees it, and QEMU's educational device "edu" (docs/specs/edu.txt of
 * QEMU): a DMA master that moves bytes between any address and a buffer of 4 KiB of its
 * own, and raises interrupts when told to. Only functions on bus 0 of the first segment are looked
 * for.
 */
#ifndef KERNEL_TEST_PCI_H
#define KERNEL_TEST_PCI_H

#include "test.h"

/* Whether the machine has the device; its configuration space and registers are then mapped. */
bool edu_open(void);
void edu_close(void);

/* Its requester id; 0 before it was opened once. */
uint32_t edu_rid(void);

/* Configuration space. */
uint32_t edu_config(unsigned offset);
void edu_config_set(unsigned offset, uint32_t value);

/* Switches bus mastering and message interrupts. */
void edu_master(bool on);
void edu_msi(bool on, uint64_t address, uint64_t data);

/* Raises the device's interrupt. */
void edu_raise(void);

/* Has the device copy bytes from memory to its buffer, or back; waits until it says that it has.
 * Whether memory was reached is another matter. */
void edu_fetch(uint64_t pa, uint64_t bytes);
void edu_store(uint64_t pa, uint64_t bytes);

#endif
