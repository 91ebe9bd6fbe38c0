/* SPDX-License-Identifier: Apache-2.0 */
/* Segment selectors. SYSRET derives the user's from one base: data, then code (APM vol. 2, 6.1). */
#ifndef X86_SELECTORS_H
#define X86_SELECTORS_H

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA	0x1b
#define SEL_USER_CODE	0x23
#define SEL_TSS		0x28

#endif
