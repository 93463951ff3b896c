/*
 * err.c - the one recorded message of a failure.
 */
#include "base/base.h"

#include <stdio.h>

static char message[2048]; // "" while nothing has failed

enum ft_rc ft_fail(const char *fmt, ...)
{
	va_list ap;

	if (message[0])
		return FT_FAIL; // the first message is nearest to the cause
	va_start(ap, fmt);
	int len = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (len <= 0)
		snprintf(message, sizeof(message), "failed");
	return FT_FAIL;
}

const char *ft_error(void)
{
	return message;
}

void ft_error_clear(void)
{
	message[0] = '\0';
}
