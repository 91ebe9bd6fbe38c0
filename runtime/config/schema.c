/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up rows of the key table, and reading the values that are one number.
 */
#include "schema.h"

#include <stdckdint.h>
#include <stdio.h>
#include <string.h>

const struct config_form config_forms[] = {
	[KEY_HOST] = { .text = "a block { }" },
	[KEY_NAMED] = { .text = "a name, then a block { }" },
	[KEY_INCLUDE] = { .text = "a file name in quotes" },
	[KEY_SIZE] = { .text = "a size", { { "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 } } },
	[KEY_TIME] = { .text = "a time", { { "s", 1000000 }, { "ms", 1000 }, { "us", 1 } } },
	[KEY_COUNT] = { .text = "a number", { { "", 1 } } },
	[KEY_CPUS] = { .text = "numbers", { { "", 1 } } },
	[KEY_FILE] = { .text = "a file name in quotes" },
	[KEY_TEXT] = { .text = "text in quotes" },
	[KEY_PCI] = { .text = "a PCI address in quotes, as \"00:04.0\"" },
	[KEY_MAC] = { .text = "a MAC address in quotes, as \"52:54:00:12:34:56\"" },
	[KEY_REF] = { .text = "the name of a storage" },
	[KEY_PART] = { .text = "a partition's name or UUID in quotes" },
};

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && memcmp(word, text, length) == 0;
}

const struct config_key *config_key_find(unsigned in, const char *name, size_t length)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if ((key->in & in) && is_word(key->name, name, length))
			return key;
	return NULL;
}

/* A number with its unit; UINT64_MAX if it is none or too large. */
static uint64_t number(const struct config_key *key, const char *text, size_t length)
{
	const struct config_unit *unit = config_forms[key->type].units;
	uint64_t value = 0;
	size_t used = 0;

	for (; used < length && text[used] >= '0' && text[used] <= '9'; used++)
		if (ckd_mul(&value, value, 10) || ckd_add(&value, value, text[used] - '0'))
			return UINT64_MAX;
	while (unit->name && !is_word(unit->name, text + used, length - used))
		unit++;
	if (used == 0 || !unit->name || ckd_mul(&value, value, unit->scale))
		return UINT64_MAX;
	return value;
}

static uint64_t bound(const struct config_key *key, const char *text)
{
	return number(key, text, strlen(text));
}

bool config_key_read(const struct config_key *key, const char *text, size_t length, uint64_t *value)
{
	for (size_t i = 0; key->words && key->words[i]; i++)
		if (is_word(key->words[i], text, length)) {
			*value = key->first_word + i;
			return true;
		}
	*value = number(key, text, length);
	return key->max && *value >= bound(key, key->min) && *value <= bound(key, key->max) &&
	       (!key->step || *value % bound(key, key->step) == 0);
}

void config_value_form(const struct config_key *key, char text[CONFIG_FORM_TEXT_MAX])
{
	const char *form = key->note ? key->note : config_forms[key->type].text;
	size_t used = 0;

	for (size_t i = 0; !key->note && key->words && key->words[i]; i++)
		used += (size_t)snprintf(text + used, CONFIG_FORM_TEXT_MAX - used, "%s%s",
					 i > 0 ? "|" : "", key->words[i]);
	text += used;
	if (key->max && !key->note)
		snprintf(text, CONFIG_FORM_TEXT_MAX - used, "%s%s from %s to %s%s%s",
			 used > 0 ? " or " : "", form, key->min, key->max,
			 key->step ? " in steps of " : "", key->step ? key->step : "");
	else if (form)
		snprintf(text, CONFIG_FORM_TEXT_MAX - used, "%s%s", used > 0 ? " or " : "", form);
}
