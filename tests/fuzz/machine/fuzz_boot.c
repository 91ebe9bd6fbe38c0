/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes one boot loader, BOOT_LOADER: the input is the kernel file, its last byte chooses modules
 * and command line. Beside memory safety: a kernel that is taken must enter at an address that a
 * processor can fetch from, and one that is refused must get a reason that names its file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "machine/boot.h"

#define RAM_BYTES (4u << 20)

static unsigned char ram[RAM_BYTES];
static const unsigned char module[5000];

static void check(bool loaded, const struct vela_state *state, const struct boot_error *error)
{
	require(loaded ? state->cr0 & 1 && state->rflags == 2
		       : !strncmp(error->text, "kernel: ", 8) ||
				 !strncmp(error->text, "module: ", 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_memory memory;
	struct vela_state state;
	struct boot_error error = { "" };
	unsigned choice = size ? data[size - 1] : 0;
	struct boot_request request = {
		.memory = &memory,
		.kernel = { "kernel", NULL, data, size },
		.modules = choice & 3,
		.args = choice & 4 ? "console=ttyS0 some words" : "",
		.rsdp = ACPI_BASE,
	};

	guest_memory_init(&memory, ram, choice & 8 ? RAM_BYTES : 64 << 10);
	for (unsigned i = 0; i < request.modules; i++)
		request.module[i] = (struct boot_file){ "module", "words", module, sizeof module };
	check(BOOT_LOADER(&request, &state, &error), &state, &error);
	return 0;
}
