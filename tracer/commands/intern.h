/*
 * intern.h - texts that are kept once each (private to commands/).
 *
 * Owns:     their copies.
 * Gives:    intern_text(): equal texts have one address.
 * Never:    lets one go before all.
 * Lifetime: until intern_deinit().
 */
#ifndef FT_INTERN_H
#define FT_INTERN_H

#include "base/lookup.h"

struct intern {
	char **s;
	size_t n, cap;
	struct lookup by_text;
};

const char *intern_text(struct intern *t, const char *s); // NULL: NULL
void intern_deinit(struct intern *t);

#endif
