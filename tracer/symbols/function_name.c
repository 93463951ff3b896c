#include <string.h>

#include "base/buf.h"
#include "symbols/dwarf_constants.h"
#include "symbols/function_name.h"

enum { CHAIN_MAX = 8 }; // abstract_origin, specification … of one function; 2 or 3 are usual

static const char *linkage_name(struct dwarf_file *d, const struct die *die)
{
	const char *name = die_string(d, die, DW_AT_linkage_name);
	return name ? name : die_string(d, die, DW_AT_MIPS_linkage_name);
}

static void take_from(struct module *m, const struct die *die, struct described *r)
{
	struct dwarf_file *d = m->p->dwarf;
	size_t unit = module_unit_of(m, die_offset(die));
	uint64_t v;
	if (!r->name)
		r->name = die_string(d, die, DW_AT_name);
	if (!r->linkage)
		r->linkage = linkage_name(d, die);
	if (!r->file && unit != SIZE_MAX && die_uint(d, die, DW_AT_decl_file, &v) == FT_OK)
		r->file = dwarf_file_name(d, unit, v);
	if (!r->line && die_uint(d, die, DW_AT_decl_line, &v) == FT_OK)
		r->line = (uint32_t)v;
	r->artificial |= die_flag(d, die, DW_AT_artificial);
	r->external |= die_flag(d, die, DW_AT_external);
	if (die_uint(d, die, DW_AT_calling_convention, &v) == FT_OK)
		r->nocall |= v == DW_CC_nocall;
	r->declared = die_offset(die); // the last one stands where its scope is
}

void describe_die(struct module *m, const struct die *die, struct described *ret)
{
	struct dwarf_file *d = m->p->dwarf;
	struct described r = {0};
	struct die *at = NULL;
	uint64_t next;
	take_from(m, die, &r);
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		const struct die *from = at ? at : die;
		struct die *to;
		if ((die_ref(d, from, DW_AT_abstract_origin, &next) != FT_OK &&
		     die_ref(d, from, DW_AT_specification, &next) != FT_OK) ||
		    die_at(d, next, &to) != FT_OK)
			break;
		die_free(d, at);
		at = to;
		take_from(m, at, &r);
	}
	die_free(d, at);
	*ret = r;
}

/*
 * "{{closure}}" of a Rust linkage name says not which one; DWARF's path does: "{closure#0}". Both
 * are in the same order.
 */
static const char *number_closures(struct arena *a, const char *shown, const char *path)
{
	static const char anonymous[] = "{{closure}}";
	struct buf b;
	const char *hit;
	buf_init(&b);
	while ((hit = strstr(shown, anonymous))) {
		buf_add(&b, shown, (size_t)(hit - shown));
		shown = hit + sizeof(anonymous) - 1;
		const char *numbered = path ? strstr(path, "{closure") : NULL;
		size_t len = numbered ? strcspn(numbered, "}") + 1 : 0;
		if (numbered && numbered[len - 1] == '}') {
			buf_add(&b, numbered, len);
			path = numbered + len;
		} else {
			buf_str(&b, anonymous);
		}
	}
	buf_str(&b, shown);
	const char *s = arena_strdup(a, b.s);
	buf_deinit(&b);
	return s;
}

/* "foo.part.0" is not foo: it is a piece of it, called by it. */
static const char *with_part(struct arena *a, const char *name, const char *symbol)
{
	const char *part = symbol ? strstr(symbol, ".part.") : NULL;
	return part ? arena_printf(a, "%s%s", name, part) : name;
}

/*
 * Qualified by where it is declared. The linkage name says more where a part of the path has no
 * name in the source: clang's closures ("{lambda(int)#1}"), Rust's impl blocks, which DWARF only
 * numbers
 * ("{impl#0}") and the symbol spells ("<double::P as core::fmt::Display>").
 */
const char *function_name(struct module *m, const struct described *r, enum language language,
			  const char *symbol)
{
	struct arena *a = m->p->arena;
	const char *linkage = r->linkage ? r->linkage : symbol;
	if (!r->name) {
		const char *shown = linkage ? demangle(a, linkage) : NULL;
		return shown ? shown : linkage;
	}
	if (language != LANG_CXX && language != LANG_RUST && language != LANG_OTHER)
		return with_part(a, r->name, symbol);
	bool unnamed;
	const char *scope = module_scope_of(m, r->declared, &unnamed);
	const char *path = *scope ? arena_printf(a, "%s::%s", scope, r->name) : r->name;
	bool better = language == LANG_RUST ? strstr(path, "{impl#") != NULL : unnamed;
	const char *shown = better && linkage ? demangle(a, linkage) : NULL;
	if (shown && language == LANG_RUST)
		shown = number_closures(a, shown, path);
	if (!shown)
		shown = linkage ? name_deleting(a, path, linkage) : path;
	return with_part(a, shown, symbol);
}
