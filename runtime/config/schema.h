/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key table: one row per key of vela.conf. Checking, defaults, config_explain and the reference
 * in docs/vela.conf.md all come from it. Bounds and defaults are written in it as in vela.conf.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/config.h"

enum config_type {
	KEY_HOST,    /* { keys } */
	KEY_NAMED,   /* NAME { keys }: a structure that begins with CONFIG_BLOCK */
	KEY_BOOT,    /* PROTOCOL { keys } */
	KEY_INCLUDE, /* "file" */
	KEY_SIZE,    /* uint64_t, bytes */
	KEY_TIME,    /* uint64_t, microseconds */
	KEY_COUNT,   /* uint64_t */
	KEY_CPUS,    /* uint64_t[CONFIG_VCPUS_MAX + 1], numbers up to a CONFIG_CPU_ANY */
	KEY_WORD,    /* uint64_t, one of the words */
	KEY_FILE,    /* struct config_file; if the key repeats, the next module of a config_boot */
	KEY_TEXT,    /* const char * */
	KEY_PCI,     /* uint64_t, an address as in config_service.device, or one of the words */
	KEY_MAC,     /* uint64_t, as in config_net.mac, or one of the words */
	KEY_REF,     /* struct config_ref, the name of a service */
	KEY_PART,    /* const char *, the name or UUID of a partition */
};

/* The blocks a key may stand in. */
enum {
	IN_TOP = 1,
	IN_HOST = 2,
	IN_VM = 4,
	IN_LINUX = 8, /* the boot blocks in the order of enum config_protocol */
	IN_PVH = 16,
	IN_MULTIBOOT = 32,
	IN_BOOT = IN_LINUX | IN_PVH | IN_MULTIBOOT,
	IN_STORAGE = 64,
	IN_SWITCH = 128,
	IN_DISK = 256,
	IN_NET = 512,
};

struct config_key {
	const char *name;
	unsigned in; /* IN_* mask */
	enum config_type type;
	size_t offset; /* in struct vela_config up to IN_HOST, in the block's structure from IN_VM
			*/
	const char *const *words;  /* that may stand for a value; NULL after the last */
	uint64_t first_word;	   /* value of the first word; the others count on */
	const char *min, *max;	   /* NULL: takes no numbers */
	const char *step, *preset; /* NULL: none */
	const char *note;	   /* what the values are, instead of a text made from this row */
	const char *doc;
	bool required, repeats;
	unsigned opens; /* NAMED: IN_* of its block */
};

extern const struct config_key config_keys[]; /* name == NULL after the last */

/* How values of a type are described and, when they are numbers, their units from large to small.
 */
struct config_form {
	const char *text;
	struct config_unit {
		const char *name;
		uint64_t scale;
	} units[4]; /* name == NULL after the last */
};
extern const struct config_form config_forms[];

/* The row of a key in one of the blocks of the mask, or NULL. */
const struct config_key *config_key_find(unsigned in, const char *name, size_t length);

/* Reads a number or a word. False when it is malformed or not within the bounds of the key. */
bool config_key_read(const struct config_key *key, const char *text, size_t length,
		     uint64_t *value);

/* Read the text of an address; false: it is malformed. */
bool config_pci_read(const char *text, size_t length, uint64_t *value);
bool config_mac_read(const char *text, size_t length, uint64_t *value);

/* Whether a partition is named by its UUID. A text of nearly that form is neither name nor UUID. */
enum config_part { PART_NAME, PART_UUID, PART_MALFORMED };
enum config_part config_part_form(const char *text);

/* Writes what a value of the key looks like, for messages and the reference. */
enum { CONFIG_FORM_TEXT_MAX = 160 };
void config_value_form(const struct config_key *key, char text[CONFIG_FORM_TEXT_MAX]);

#endif
