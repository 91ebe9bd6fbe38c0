/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot messages and the panic line, on the serial port and, while booting, the screen. After the
 * hand-over to the root process the kernel prints nothing but PANIC.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

/* Formats: %s, %u (unsigned), %x (unsigned), %lx and %lu (64 bits), %c. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* Prints "PANIC cpu N: ..." and stops the machine; under QEMU ends it with its own exit code. */
__attribute__((format(printf, 1, 2))) [[noreturn]] void panic(const char *format, ...);

#endif
