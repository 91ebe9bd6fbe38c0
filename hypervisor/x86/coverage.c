/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile of a coverage build in LLVM's raw format, version 10: header, data records, counters,
 * names (compiler-rt's InstrProfData.inc describes it). Written on hw_ctrl RESET and on a panic, to
 * the debug console port of QEMU, from where the test runner keeps it.
 */
#include <arch/coverage.h>
#include <core/lib.h>
#include <x86/insn.h>

#define PORT_DEBUG_CONSOLE 0xe9
#define RAW_MAGIC	   0xff6c70726f667281ull /* \377lprofr\201 */
#define RAW_VERSION	   10
#define VALUE_KIND_LAST	   2
#define DATA_RECORD	   64

extern const char __start___llvm_prf_data[], __stop___llvm_prf_data[];
extern const char __start___llvm_prf_cnts[], __stop___llvm_prf_cnts[];
extern const char __start___llvm_prf_names[], __stop___llvm_prf_names[];

static void put(const char *bytes, uint64_t count)
{
	while (count--)
		port_out8(PORT_DEBUG_CONSOLE, (uint8_t)*bytes++);
}

bool coverage_write(void)
{
	const char *data = __start___llvm_prf_data, *counters = __start___llvm_prf_cnts,
		   *names = __start___llvm_prf_names;
	uint64_t data_bytes = (uint64_t)(__stop___llvm_prf_data - data);
	uint64_t counter_bytes = (uint64_t)(__stop___llvm_prf_cnts - counters);
	uint64_t name_bytes = (uint64_t)(__stop___llvm_prf_names - names);
	const uint64_t header[16] = {
		RAW_MAGIC,
		RAW_VERSION,
		0,
		data_bytes / DATA_RECORD,
		0,
		counter_bytes / sizeof(uint64_t),
		0,
		0,
		0,
		name_bytes,
		(uint64_t)(counters - data),
		0,
		(uint64_t)names,
		0,
		0,
		VALUE_KIND_LAST,
	};
	for (unsigned i = 0; i < sizeof header; i++)
		port_out8(PORT_DEBUG_CONSOLE, (uint8_t)(header[i / 8] >> i % 8 * 8));
	put(data, data_bytes);
	put(counters, counter_bytes);
	put(names, name_bytes);
	put("\0\0\0\0\0\0\0", -name_bytes & 7);
	return true;
}
