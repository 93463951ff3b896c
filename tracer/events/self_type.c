#include "events/target.h"

#include "events/target_private.h"

/*
 * A function in a vtable takes a pointer to its object first: C++'s `this`, Rust's &self, the *mut
 * T of drop_in_place. Only modules that are open already are asked: no file is opened for a value.
 */
struct type *target_self_type(void *target, uint64_t pc)
{
	struct target *t = target;
	struct function *f;
	const struct signature *s;

	if (!symbols_module_at(t->symbols, pc))
		return NULL;
	if (symbols_function_at(t->symbols, pc, &f) != FT_OK || f->ranges[0].lo != pc ||
	    symbols_signature(t->symbols, f, &s) != FT_OK || !s->n_params) {
		ft_error_clear();
		return NULL;
	}
	struct type *p = type_strip(s->params[0].type);
	bool pointer = p && (p->kind == TYPE_POINTER || p->kind == TYPE_REFERENCE);
	return pointer ? p->target : NULL;
}
