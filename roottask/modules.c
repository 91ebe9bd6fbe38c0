/* SPDX-License-Identifier: Apache-2.0 */
/* Boot modules and command-line options by name; see modules.h. */
#include "modules.h"

#include <string.h>

const char *info_string(const struct vela_info *info, uint32_t offset)
{
	if (offset >= sizeof info->strings ||
	    !memchr(info->strings + offset, '\0', sizeof info->strings - offset))
		return "";
	return info->strings + offset;
}

static unsigned module_count(const struct vela_info *info)
{
	return info->modules < VELA_MODULES_MAX ? info->modules : VELA_MODULES_MAX;
}

const struct vela_module *module_find(const struct vela_info *info, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 1; i < module_count(info); i++) {
		const char *line = info_string(info, info->module[i].cmdline);
		size_t word = strcspn(line, " ");

		if (length && word == length && memcmp(line, name, length) == 0)
			return &info->module[i];
	}
	return NULL;
}

const char *module_arguments(const struct vela_info *info, const struct vela_module *module)
{
	const char *line = info_string(info, module->cmdline);

	line += strcspn(line, " ");
	return line + strspn(line, " ");
}

bool option_find(const char *line, const char *name, const char **value, size_t *length)
{
	size_t name_length = strlen(name);

	for (line += strspn(line, " "); *line; line += strspn(line, " ")) {
		size_t word = strcspn(line, " ");
		size_t key = 0;

		while (key < word && line[key] != '=')
			key++;
		if (key == name_length && memcmp(line, name, key) == 0) {
			if (value) {
				*value = line + key + (key < word);
				*length = word - key - (key < word);
			}
			return true;
		}
		line += word;
	}
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool option_number(const char *line, const char *name, uint64_t *number)
{
	const char *text;
	size_t length;
	unsigned base = 10;
	uint64_t result = 0;

	if (!option_find(line, name, &text, &length))
		return false;
	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	}
	if (!length)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned value = (unsigned)digit(text[i]);

		if (value >= base || result > (UINT64_MAX - value) / base)
			return false;
		result = result * base + value;
	}
	*number = result;
	return true;
}
