/* SPDX-License-Identifier: Apache-2.0 */
/* The sample program as a root task: nothing but its log on the serial port leaves it. */
#include "hello.h"

void hello_portal_ready(uint64_t entry)
{
	(void)entry;
}
