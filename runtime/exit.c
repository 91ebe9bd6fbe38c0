/* SPDX-License-Identifier: Apache-2.0 */
/* Ends that are the same for every program; rt_end itself differs between processes and the root.
 */
#include <rt/exit.h>
#include <rt/log.h>
#include <stdarg.h>
#include <stdio.h>

_Noreturn void rt_exit(uint32_t value)
{
	rt_log_flush();
	rt_end(RT_STATUS_EXIT, value, "");
}

_Noreturn void rt_fatal(const char *format, ...)
{
	char text[sizeof((struct rt_status *)0)->text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	rt_log_flush();
	rt_log(RT_ERROR, "%s", text);
	rt_end(RT_STATUS_FATAL, 0, text);
}
