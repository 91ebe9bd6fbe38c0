/* SPDX-License-Identifier: Apache-2.0 */
/* Seam: where the kernel's messages go. */
#ifndef ARCH_CONSOLE_H
#define ARCH_CONSOLE_H

void console_put(char c);

/* Stops the machine after a panic: under QEMU with the panic exit code, else all CPUs halt. */
[[noreturn]] void console_end(void);

#endif
