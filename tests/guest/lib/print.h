/* SPDX-License-Identifier: Apache-2.0 */
/* Output on the guest's serial port, and the way out. */
#ifndef GUEST_PRINT_H
#define GUEST_PRINT_H

#include <stdarg.h>
#include <stdint.h>

#define COM1	   0x3f8
#define DEBUG_EXIT 0x501

void uart_init(void);

/* %s, %u, %d, %x, each with l for 64 bits, and %c. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
void print_list(const char *format, va_list arguments);

/* Ends the machine; 0 is success. */
_Noreturn void guest_exit(uint32_t code);

#endif
