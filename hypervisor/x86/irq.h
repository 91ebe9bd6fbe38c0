/* SPDX-License-Identifier: Apache-2.0 */
/* Start of interrupt routing; the rest of its interface is arch/irq.h. */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include <x86/acpi.h>

/* Masks all interrupt lines. Boot CPU, once. */
void irq_init(const struct acpi_info *acpi);

#endif
