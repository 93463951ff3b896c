#if __has_include(<libiberty/demangle.h>)
#include <libiberty/demangle.h>
#else
#include <demangle.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "symbols/private.h"

enum { NAME_MAX_LEN = 16 * 1024 }; // longer names are shown as they are

/* Legacy Rust names are Itanium names that end in a component of a hash: "17h" 16 digits "E". */
static bool has_rust_hash(const char *symbol)
{
	for (const char *s = strstr(symbol, "17h"); s; s = strstr(s + 1, "17h")) {
		size_t digits = strspn(s + 3, "0123456789abcdef");
		if (digits == 16 && s[19] == 'E')
			return true;
	}
	return false;
}

bool is_rust_symbol(const char *symbol)
{
	if (strncmp(symbol, "_R", 2) == 0)
		return symbol[2] == 'N' || symbol[2] == 'I' || symbol[2] == 'M' ||
		       symbol[2] == 'X' || symbol[2] == 'Y' || symbol[2] == 'C';
	return strncmp(symbol, "_ZN", 3) == 0 && has_rust_hash(symbol);
}

/* Itanium C++ ABI, 5.1.4.3: D0 destroys and frees; D1 and D2, which it calls, only destroy. */
const char *name_deleting(struct arena *a, const char *name, const char *linkage)
{
	const char *tilde = strrchr(name, '~');
	const char *d0 = strncmp(linkage, "_Z", 2) == 0 ? strstr(linkage, "D0Ev") : NULL;
	if (!d0 || (d0[4] && d0[4] != '.') || !tilde || tilde == name || tilde[-1] != ':')
		return name;
	return arena_printf(a, "%s [deleting]", name);
}

const char *demangle(struct arena *a, const char *symbol)
{
	if (symbol[0] != '_' || strnlen(symbol, NAME_MAX_LEN) == NAME_MAX_LEN)
		return NULL;
	char *s;
	if (is_rust_symbol(symbol)) // not verbose: without hashes
		s = rust_demangle(symbol, DMGL_NO_OPTS);
	else
		s = cplus_demangle_v3(symbol, DMGL_NO_OPTS);
	if (!s)
		return NULL;
	const char *copy = name_deleting(a, arena_strdup(a, s), symbol);
	free(s);
	return copy;
}
