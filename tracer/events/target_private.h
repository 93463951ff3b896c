/*
 * target_private.h - what is known of the running program (private to events/).
 *
 * Owns:     struct target.
 * Gives:    what target.c and site_plan.c share.
 * Never:    is included from another room.
 * Lifetime: session.
 */
#ifndef FT_TARGET_PRIVATE_H
#define FT_TARGET_PRIVATE_H

#include "events/names.h"
#include "events/target.h"
#include "memory/space.h"

struct loaded {
	struct module *module;
	uint64_t lo, hi;
	bool traced; // its functions have sites
	bool asked;  // for the next four
	struct module_part *parts;
	size_t n_parts;
	struct tls_variable *tls_variables;
	size_t n_tls_variables;
	struct tls tls; // size 0: it has none
};

// Code with sites that no module of ours stands for.
struct heap_reach {
	uint64_t lo, hi, inode;
};

// heap_sites.c
struct heap_sites {
	bool found, is_glibc;
	uint64_t lo, hi; // of the library that frees; 0: the program itself does
	bool incomplete; // some function could not get its site
	struct heap_reach *reaches;
	size_t n_reaches, cap_reaches;
};

struct code_range {
	uint64_t lo, hi;
	struct traced *fn;
};

struct target {
	struct control *control;
	struct symbols *symbols;
	struct selection *selection;
	struct plan_options plan;
	struct loaded *modules; // [0] is the program
	size_t n_modules, cap_modules;
	struct traced **traced;
	size_t n_traced, cap_traced;
	struct site_use *sites; // by site id
	size_t n_sites, cap_sites;
	struct code_range *ranges; // of the traced functions, by address
	size_t n_ranges;
	bool ranges_stale;
	struct names *returns; // return addresses
	struct names *labels;  // other addresses
	struct target_counts counts;
	char *warning, *inlined;
	bool wants_libraries;
	struct heap_sites heap;
	void (*on_unload)(void *ctx, const struct module *m);
	void *unload_ctx;
	void (*points_to)(void *ctx, uint64_t addr, struct buf *out);
	void *place_ctx;
};
// A site in the making: what runs there, what is captured, what it means.
struct intended {
	struct displaced d;
	struct capture_plan plan;
	struct site_use use;
};

struct intentions {
	struct intended *i;
	size_t n, cap;
};

// What slots must be near to.
struct reach {
	uint64_t lo, hi;
	const char *name;
};

/*
 * site_plan.c: slots nearby (room for `spare` if none are there yet), sites, arming. An address
 * that has a site already gets the new meaning too.
 */
FT_CHECK enum ft_rc sites_place(struct target *t, const struct space *space,
				const struct reach *near, size_t spare, struct intentions *list);
struct site_use *sites_use(struct target *t, uint32_t id);

/* target_points.c */
void loaded_deinit(struct loaded *l);
struct loaded *loaded_at(struct target *t, uint64_t addr);

/* heap_sites.c */
void heap_sites_static(struct target *t, const struct space *space);
void heap_sites_rescan(struct target *t, const struct space *space);

/* site_plan.c: plans the module's functions that are wanted and places their sites. */
FT_CHECK enum ft_rc sites_of_module(struct target *t, const struct space *space, struct loaded *l,
				    bool in_library);

#endif
