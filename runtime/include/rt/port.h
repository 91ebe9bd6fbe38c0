/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single port accesses, for processes whose port space allows them; elsewhere they fault.
 */
#ifndef RT_PORT_H
#define RT_PORT_H

#include <stdint.h>

static inline uint8_t rt_in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void rt_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

#endif
