/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts that name something outside the configuration: PCI functions, MAC addresses, partitions
 * by UUID.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Reads a text of the form of pattern, where 'x' is a hexadecimal digit and everything else stands
 * for itself, to a number of all its digits.
 */
static bool read_pattern(const char *pattern, const char *text, size_t length, uint64_t *value)
{
	if (strlen(pattern) != length)
		return false;
	*value = 0;
	for (size_t i = 0; i < length; i++) {
		if (pattern[i] == 'x' && digit(text[i]) < 0)
			return false;
		if (pattern[i] != 'x' && pattern[i] != text[i])
			return false;
		if (pattern[i] == 'x')
			*value = *value << 4 | (unsigned)digit(text[i]);
	}
	return true;
}

/* Digits SSSSBBDDF. A bus has 32 devices of 8 functions (PCI 3.0, section 3.2.2.3.4). */
bool config_pci_read(const char *text, size_t length, uint64_t *value)
{
	uint64_t digits;

	if (!read_pattern("xx:xx.x", text, length, &digits) &&
	    !read_pattern("xxxx:xx:xx.x", text, length, &digits))
		return false;
	if ((digits >> 4 & 0xff) > 31 || (digits & 15) > 7)
		return false;
	*value = digits >> 12 << 8 | (digits >> 4 & 0xff) << 3 | (digits & 15);
	return true;
}

void config_pci_text(uint64_t device, char text[CONFIG_ADDRESS_MAX])
{
	char segment[8] = "";

	if (device >> 16)
		snprintf(segment, sizeof segment, "%04x:", (unsigned)(device >> 16 & 0xffff));
	snprintf(text, CONFIG_ADDRESS_MAX, "%s%02x:%02x.%u", segment, (unsigned)(device >> 8 & 255),
		 (unsigned)(device >> 3 & 31), (unsigned)(device & 7));
}

/* Of one station: the lowest bit of the first byte marks a group (IEEE 802, section 8.2). */
bool config_mac_read(const char *text, size_t length, uint64_t *value)
{
	return read_pattern("xx:xx:xx:xx:xx:xx", text, length, value) && *value != 0 &&
	       !(*value >> 40 & 1);
}

void config_mac_text(uint64_t mac, char text[CONFIG_ADDRESS_MAX])
{
	snprintf(text, CONFIG_ADDRESS_MAX, "%02x:%02x:%02x:%02x:%02x:%02x",
		 (unsigned)(mac >> 40 & 255), (unsigned)(mac >> 32 & 255),
		 (unsigned)(mac >> 24 & 255), (unsigned)(mac >> 16 & 255),
		 (unsigned)(mac >> 8 & 255), (unsigned)(mac & 255));
}

enum config_part config_part_form(const char *text)
{
	const size_t length = strlen(text);
	size_t digits = 0, dashes = 0;
	uint64_t value;

	if (read_pattern("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", text, length, &value))
		return PART_UUID;
	for (size_t i = 0; i < length; i++) {
		digits += digit(text[i]) >= 0;
		dashes += text[i] == '-';
	}
	return digits + dashes == length && digits > 24 ? PART_MALFORMED : PART_NAME;
}
