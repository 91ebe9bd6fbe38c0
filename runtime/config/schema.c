/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up rows of the key table, and the spelling of their values in both directions.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

const struct config_key *config_key_find(unsigned in, const char *name, size_t length)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if ((key->in & in) && strlen(key->name) == length &&
		    memcmp(key->name, name, length) == 0)
			return key;
	}
	return NULL;
}

size_t config_key_row(const struct config_key *key)
{
	return (size_t)(key - config_keys);
}

const char *config_choice(const char *choices, size_t index, size_t *length)
{
	while (index-- > 0) {
		choices = strchr(choices, '|');
		if (!choices)
			return NULL;
		choices++;
	}
	*length = strcspn(choices, "|");
	return choices;
}

bool config_key_is_number(const struct config_key *key)
{
	return key->type >= KEY_SIZE && key->type <= KEY_CHOICE;
}

void config_value_store(const struct config_key *key, void *base, uint64_t value)
{
	void *member = (char *)base + key->offset;

	if (key->type == KEY_FLAG)
		*(bool *)member = value != 0;
	else if (key->choices)
		*(uint32_t *)member = (uint32_t)value;
	else
		*(uint64_t *)member = value;
}

uint64_t config_value_load(const struct config_key *key, const void *base)
{
	const void *member = (const char *)base + key->offset;

	if (key->type == KEY_FLAG)
		return *(const bool *)member;
	return key->choices ? *(const uint32_t *)member : *(const uint64_t *)member;
}

/* Units from large to small. */
static const struct unit {
	const char *name;
	uint64_t scale;
} sizes[] = { { "G", 1ull << 30 }, { "M", 1ull << 20 }, { "K", 1ull << 10 }, {} },
  times[] = { { "s", 1000000 }, { "ms", 1000 }, { "us", 1 }, {} }, counts[] = { { "", 1 }, {} };

static const struct unit *units_of(const struct config_key *key)
{
	return key->type == KEY_SIZE ? sizes : key->type == KEY_TIME ? times : counts;
}

void config_value_text(const struct config_key *key, uint64_t value,
		       char text[CONFIG_VALUE_TEXT_MAX])
{
	const struct unit *unit = units_of(key);
	const char *word = "any";
	size_t length = 3;

	if (key->choices || (key->type == KEY_CPU && value == CONFIG_CPU_ANY)) {
		if (key->choices)
			word = config_choice(key->choices, (size_t)value, &length);
		snprintf(text, CONFIG_VALUE_TEXT_MAX, "%.*s", (int)length, word);
		return;
	}
	while (unit[1].name && value % unit->scale != 0)
		unit++;
	snprintf(text, CONFIG_VALUE_TEXT_MAX, "%llu%s", (unsigned long long)(value / unit->scale),
		 unit->name);
}

bool config_value_read(const struct config_key *key, const char *text, size_t length,
		       uint64_t *value)
{
	uint64_t number = 0;
	size_t used = 0;

	for (; used < length && text[used] >= '0' && text[used] <= '9'; used++) {
		const uint64_t digit = (uint64_t)(text[used] - '0');

		number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
	}
	for (const struct unit *unit = units_of(key); unit->name; unit++) {
		if (strlen(unit->name) != length - used ||
		    memcmp(unit->name, text + used, length - used) != 0)
			continue;
		*value = number > UINT64_MAX / unit->scale ? UINT64_MAX : number * unit->scale;
		return true;
	}
	return false;
}

void config_value_form(const struct config_key *key, char text[CONFIG_FORM_TEXT_MAX])
{
	static const char *const forms[] = {
		[KEY_BLOCK] = "a block { }",
		[KEY_NAMED_BLOCK] = "a name, then a block { }",
		[KEY_INCLUDE] = "a file name in quotes",
		[KEY_SIZE] = "a size from ",
		[KEY_TIME] = "a time from ",
		[KEY_COUNT] = "a number from ",
		[KEY_CPU] = "any or a number from ",
		[KEY_FILE] = "a file name in quotes",
		[KEY_TEXT] = "text in quotes",
		[KEY_MODULE] = "a file name in quotes",
	};
	char min[CONFIG_VALUE_TEXT_MAX], max[CONFIG_VALUE_TEXT_MAX], step[CONFIG_VALUE_TEXT_MAX];

	if (key->note || key->choices || key->max == 0) {
		snprintf(text, CONFIG_FORM_TEXT_MAX, "%s",
			 key->note	? key->note
			 : key->choices ? key->choices
					: forms[key->type]);
		return;
	}
	config_value_text(key, key->min, min);
	config_value_text(key, key->max, max);
	config_value_text(key, key->multiple, step);
	snprintf(text, CONFIG_FORM_TEXT_MAX, "%s%s to %s%s%s", forms[key->type], min, max,
		 key->multiple ? " in steps of " : "", key->multiple ? step : "");
}
