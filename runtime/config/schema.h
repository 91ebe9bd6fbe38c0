/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key table: one row per key of vela.conf. Checking, defaults, config_explain and the reference
 * in docs/vela.conf.md all come from it.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/config.h"

enum config_type {
	KEY_BLOCK,	 /* { keys } */
	KEY_NAMED_BLOCK, /* NAME { keys } */
	KEY_BOOT_BLOCK,	 /* PROTOCOL { keys } */
	KEY_INCLUDE,	 /* "file" */
	KEY_SIZE,	 /* uint64_t, bytes */
	KEY_TIME,	 /* uint64_t, microseconds */
	KEY_COUNT,	 /* uint64_t */
	KEY_CPU,	 /* uint64_t, or the word any */
	KEY_FLAG,	 /* bool, off or on */
	KEY_CHOICE,	 /* 32 bits: the position in choices */
	KEY_FILE,	 /* struct config_file */
	KEY_TEXT,	 /* const char * */
	KEY_MODULE,	 /* "file" ["args"], a further module of struct config_boot */
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
};

struct config_key {
	const char *name;
	const char *doc;
	const char *choices; /* words separated by '|' */
	const char *note;    /* what the values are, instead of a text made from this row */
	size_t offset;	     /* of the value in struct config_host or struct config_vm */
	uint64_t min, max;
	uint64_t multiple;
	uint64_t preset; /* the default */
	enum config_type type;
	uint8_t in; /* IN_* mask */
	bool required;
	bool repeats;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The row of a key in one of the blocks of the mask, or NULL. */
const struct config_key *config_key_find(unsigned in, const char *name, size_t length);
size_t config_key_row(const struct config_key *key);

/* Whether the value is a number with a default in the table. */
bool config_key_is_number(const struct config_key *key);

/* Word number index of choices; its length in *length, NULL after the last. */
const char *config_choice(const char *choices, size_t index, size_t *length);

/* Stores and fetches the types that are one number. */
void config_value_store(const struct config_key *key, void *base, uint64_t value);
uint64_t config_value_load(const struct config_key *key, const void *base);

/* Writes a number as vela.conf spells it. */
enum { CONFIG_VALUE_TEXT_MAX = 32 };
void config_value_text(const struct config_key *key, uint64_t value,
		       char text[CONFIG_VALUE_TEXT_MAX]);

/* Reads such a number, which starts with a digit; one too large becomes UINT64_MAX. False when it
 * is malformed. */
bool config_value_read(const struct config_key *key, const char *text, size_t length,
		       uint64_t *value);

/* Writes what a value of the key looks like, for messages and the reference. */
enum { CONFIG_FORM_TEXT_MAX = 160 };
void config_value_form(const struct config_key *key, char text[CONFIG_FORM_TEXT_MAX]);

#endif
