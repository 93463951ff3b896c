/*
 * surroundings.h - what an expression may refer to outside of a live frame.
 *
 * Owns:     the callers' frames, found when somebody asks.
 * Gives:    struct expr_world for a frame: other DIEs, thread-local storage, the calling frame and
 *           its call site.
 * Never:    claims a call site that another function may have been called by (tail calls).
 * Lifetime: from surroundings_init() to _deinit(); it borrows symbols and memory.
 */
#ifndef FT_SURROUNDINGS_H
#define FT_SURROUNDINGS_H

#include "unwind/expr.h"
#include "unwind/unwind.h"

struct surroundings {
	struct symbols *symbols;
	struct memory memory;
	struct unwind_frame frame; // whose expressions ask
	unsigned depth;		   // callers of callers
	enum { CALLER_NOT_ASKED, CALLER_KNOWN, CALLER_UNKNOWN } state;
	const char *why; // CALLER_UNKNOWN
	struct expr_caller caller;
	struct surroundings *outer; // the caller's own; malloc'ed
	struct tls tls;		    // of the module of the last pc
	const struct module *tls_module;
	bool has_tls;
	struct expr_world world; // its doors, with this as context
};

/*
 * A frame: unwind_innermost(), or one that a walk met. Nothing is looked up yet. `memory` must live
 * on; it should be the live process's, or little can be found.
 */
void surroundings_init(struct surroundings *w, struct symbols *s, const struct memory *memory,
		       const struct unwind_frame *frame);
void surroundings_deinit(struct surroundings *w);

/*
 * Where a module's thread-local storage begins for the thread with this thread pointer. NULL, or
 * why that is not known; *ret untouched then.
 */
const char *surroundings_tls(const struct memory *mem, const struct tls *tls, uint64_t fs_base,
			     uint64_t *ret);

#endif
