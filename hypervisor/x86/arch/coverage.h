/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seam: where a coverage build writes its profile. x86/coverage.c writes it to QEMU's debug
 * console; other builds take x86/coverage_off.c, which does nothing.
 */
#ifndef ARCH_COVERAGE_H
#define ARCH_COVERAGE_H

/* Writes the profile; true when this is a coverage build, which then does not reset. */
bool coverage_write(void);

#endif
