/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that has turned against everybody else, with just what the root task gives to a real
 * one. What it does is the name of its block. It says in the log what it has tried and what came of
 * it; tests/system/test_hostile_service.py reads that, and looks at the others.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <rt/process.h>
#include <stdint.h>

/* The next of a sequence that is the same each time. */
uint32_t hostile_random(void);

/* The window of client n. */
unsigned char *hostile_window(unsigned n);

/* Has its device read from the disk to memory all over the machine, again and again. */
_Noreturn void attack_by_device(const struct rt_service_info *info);

/* Makes every hypercall with every selector. */
_Noreturn void attack_by_calls(void);

/* Writes something into what the client of a link reads: its words, its rings, its data. */
void spoil_link(const struct rt_service_info *info, unsigned n);

/* Offers a network that there is not, and spoils its links for ever. */
_Noreturn void attack_by_network(const struct rt_service_info *info);

#endif
