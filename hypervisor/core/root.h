/* SPDX-License-Identifier: Apache-2.0 */
/* The first process: what the kernel makes by itself, once, before it only obeys. */
#ifndef CORE_ROOT_H
#define CORE_ROOT_H

#include <vela/info.h>

/* Makes the root process of the ELF image at elf (physical elf_pa, mapped in place) and makes it
 * ready on this CPU. info is complete and lies in two pages of the pool. Panics with
 * what is wrong with the image. */
void root_create(struct vela_info *info, const void *elf, uint64_t elf_pa, uint64_t elf_bytes);

#endif
