/*
 * target.h - the running program's modules, and the sites set in them.
 *
 * Owns:     which modules are loaded where; the meaning of each site id.
 * Gives:    loading at exec and when libraries come and go; names for addresses, cached.
 * Never:    makes an event.
 * Lifetime: until target_destroy(); names until the next target_load().
 */
#ifndef FT_TARGET_H
#define FT_TARGET_H

#include "base/buf.h"
#include "control/control.h"
#include "events/inlines.h"
#include "events/plan.h"
#include "events/select.h"

struct target;

struct site_use {
	struct traced *entry;	// its body is here; NULL if not
	struct traced *exit_of; // an exit of this function is here; NULL if not
	struct traced_exit *exit;
	const struct inline_site *inlines; // inlined calls begin here; NULL if none
	struct traced *enters;		   // its first instruction is here, before the body
	struct traced *returns;		   // a call of this function returns to here
	bool libraries;			   // the dynamic linker says that its list has changed
	const struct heap_function *heap;  // an allocator's entry (heap_sites.h); NULL if not
	bool heap_return;		   // an allocator may return to here
};

struct address_name {
	uint64_t address;
	const char *symbol;   // "main+18", "libc.so.6+0x2724a"; NULL if nothing is there
	const char *function; // the function that holds it, NULL if unknown
	const char *file;     // of that instruction; for a return address: of the call before it
	uint32_t line;
};

struct target_counts {
	size_t traced, skipped, hidden_filter, libraries_hidden;
	size_t hidden[5]; // by enum origin
	struct inline_counts inlines;
};

struct target *target_create(struct control *c, struct symbols *s, struct selection *sel,
			     const struct plan_options *o);
void target_destroy(struct target *t);

/* Who holds functions of a module must let go of them when `call` says that it was unmapped. */
void target_on_unload(struct target *t, void (*call)(void *ctx, const struct module *m), void *ctx);

/* Who says where an address leads: appends "local x of main" or nothing. */
void target_on_points_to(struct target *t, void (*text)(void *ctx, uint64_t addr, struct buf *out),
			 void *ctx);

/*
 * At an exec stop: opens the program, plans its functions, sets and arms the sites. FT_FAIL with
 * words for the user: a pattern that matches nothing, no room for slots …
 */
FT_CHECK enum ft_rc target_load(struct target *t);

/* The dynamic linker's list has changed: look for libraries that are wanted or gone. */
FT_CHECK enum ft_rc target_rescan(struct target *t);

/* Counts the libraries that are loaded now and not traced. */
void target_count_libraries(struct target *t);

const struct site_use *target_site(const struct target *t, uint32_t site);
const struct address_name *target_name(struct target *t, uint64_t address);

/* The same for a return address: the name and line are those of the call before it. */
const struct address_name *target_return_name(struct target *t, uint64_t address);

/* For struct value_style: appends " <main+18>" if the address is code or data of a module. */
void target_address_text(void *target, uint64_t address, struct buf *out);

/* For struct value_style: asks who was set by target_on_points_to(). */
void target_points_to(void *target, uint64_t address, struct buf *out);

/* Appends "counter+4, .bss of double" if the address is in a module that is open; else false. */
bool target_part_text(struct target *t, uint64_t address, struct buf *out);

/*
 * Appends "errno, thread-local in libc.so.6" if the address is a variable's in the storage of the
 * thread with this thread pointer; else false.
 */
bool target_tls_text(struct target *t, const struct memory *mem, uint64_t fs_base, uint64_t address,
		     struct buf *out);

/* For struct value_style: what the first parameter of the function at pc points to, or NULL. */
struct type *target_self_type(void *target, uint64_t pc);

/* What every value is read by: the options given, their style with names and types. */
const struct plan_options *target_plan(const struct target *t);

/* The region that holds addr, for a stack: a main stack reaches down to its limit. */
bool target_region(void *target, uint64_t addr, uint64_t *ret_lo, uint64_t *ret_hi);

const char *target_program(const struct target *t);  // path of the main executable
const char *target_build_id(const struct target *t); // NULL if none
const char *target_inlined(const struct target *t);  // what is only inlined, or NULL
const char *target_warning(const struct target *t);  // something the user should know, or NULL
struct target_counts target_counts(const struct target *t);
const char *target_unmatched_library(const struct target *t);  // a -l pattern; NULL if all did
const char *target_unmatched_function(const struct target *t); // a -f pattern
const char *target_nothing_to_trace(const struct target *t);   // why; NULL if there is something

/* The traced function that has code at pc; NULL if none has. */
struct traced *target_traced_at(struct target *t, uint64_t pc);

/* Functions that have sites, and the reason for one that cannot have: for `frametrace list`. */
size_t target_traced(const struct target *t, struct traced *const **ret);

#endif
