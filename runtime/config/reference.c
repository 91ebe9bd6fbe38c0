/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key reference of docs/vela.conf.md, printed from the key table; a test compares the two.
 */
#include "schema.h"

#include <stdio.h>
#include <string.h>

static const struct {
	unsigned in;
	const char *title;
} places[] = {
	{ IN_TOP, "At the top level" },
	{ IN_HOST, "In `host { }`" },
	{ IN_STORAGE, "In `storage NAME { }`" },
	{ IN_SWITCH, "In `switch NAME { }`" },
	{ IN_VM, "In `vm NAME { }`" },
	{ IN_DISK, "In `disk NAME { }` of a VM" },
	{ IN_NET, "In `net SWITCH { }` of a VM" },
	{ IN_LINUX, "In `boot linux { }`" },
	{ IN_PVH, "In `boot pvh { }`" },
	{ IN_MULTIBOOT, "In `boot multiboot { }`" },
};

static void put_key(const struct config_printer *printer, const struct config_key *key)
{
	const char *preset = key->preset ? key->preset : "none";
	char form[CONFIG_FORM_TEXT_MAX], line[512];

	config_value_form(key, form);
	for (char *bar = form; (bar = strchr(bar, '|')); bar++)
		*bar = '/';
	snprintf(line, sizeof line, "| `%s` | %s | %s | %s%s |\n", key->name, form,
		 key->required ? "required" : preset, key->doc,
		 key->repeats ? "; may be repeated" : "");
	printer->print(printer->context, line);
}

void config_reference(const struct config_printer *printer)
{
	char line[160];

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(line, sizeof line,
			 "### %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
			 places[i].title);
		printer->print(printer->context, line);
		for (size_t j = 0; config_keys[j].name; j++)
			if (config_keys[j].in & places[i].in)
				put_key(printer, &config_keys[j]);
		printer->print(printer->context, "\n");
	}
}
