/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot modules by name: the name is the first word of a module's command line, as vela.conf spells
 * the file. Pure; reads the kernel's information area.
 */
#ifndef ROOT_MODULES_H
#define ROOT_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <vela/info.h>

/* The module with this name, or NULL. Module 0, the root task itself, is not looked at. */
const struct vela_module *module_find(const struct vela_info *info, const char *name);

/* The command line of a module without its name; "" when there is none. */
const char *module_arguments(const struct vela_info *info, const struct vela_module *module);

/* The string at an offset of the information area; "" when the offset is wrong. */
const char *info_string(const struct vela_info *info, uint32_t offset);

/*
 * Finds "name" or "name=value" among the words of a command line. The value's start and length, 0
 * for a word without one, are stored where value is not NULL.
 */
bool option_find(const char *line, const char *name, const char **value, size_t *length);

/* The number after "name=", decimal or 0x hexadecimal. False: no such option, or not a number. */
bool option_number(const char *line, const char *name, uint64_t *number);

#endif
