#include "commands/recording.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/describe.h"

struct recording {
	struct store *store;
	struct describe *describe;
	bool failed;
};

/*
 * The variables that change how a program runs or what it prints. An environment has secrets too:
 * nothing else is kept unless it is asked for.
 */
static const char *const kept[] = {
	"LD_*",	    "GLIBC_TUNABLES", "MALLOC_*", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE",
	"RUST_LOG", "RUST_MIN_STACK", "LANG",	  "LANGUAGE",	    "LC_*",
	"TZ",	    "TERM",	      "NO_COLOR", "ASAN_OPTIONS",   "UBSAN_OPTIONS",
};

static bool matches(const char *variable, const char *const *names, size_t n)
{
	size_t len = strcspn(variable, "=");
	char *name = xstrndup(variable, len);
	bool found = false;
	for (size_t i = 0; i < n && !found; i++)
		found = fnmatch(names[i], name, 0) == 0;
	free(name);
	return found;
}

// NULL-terminated; the strings are the environment's.
static const char **choose_environment(const struct recording_options *o)
{
	size_t n = 0, all = 0;
	while (environ[all])
		all++;
	const char **chosen = xcalloc(all + 1, sizeof(*chosen));
	for (size_t i = 0; i < all; i++)
		if (matches(environ[i], kept, FT_COUNT(kept)) ||
		    matches(environ[i], o->env, o->n_env))
			chosen[n++] = environ[i];
	return chosen;
}

static struct store_holds holds_of(const struct recording_options *o)
{
	const struct trace_options *t = o->trace;
	return (struct store_holds){
		.locals = true,
		.frames = t->frames,
		.insn = t->step.insn,
		.line = t->step.line,
		.inlines = t->inlines,
		.registers = t->registers,
		.heap = !t->no_heap,
		.maps = t->map != MAP_NONE,
		.output = o->output,
		.walk = t->walk,
	};
}

/*
 * A limit on the size of files (ulimit -f) is an error to be told, not a signal that ends us. The
 * program is not to inherit that: live.c does the same once it runs.
 */
static enum ft_rc create_store(const struct store_options *o, struct store **ret)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	sigaction(SIGXFSZ, &ignore, &old);
	enum ft_rc rc = store_create(o, ret);
	sigaction(SIGXFSZ, &old, NULL);
	return rc;
}

enum ft_rc recording_create(const struct recording_options *o, struct recording **ret)
{
	char *directory = getcwd(NULL, 0);
	const char **environment = choose_environment(o);
	struct store_options so = {
		.path = o->path,
		.holds = holds_of(o),
		.environment = environment,
		.directory = directory ? directory : "",
		.max_events = o->max_events,
		.max_bytes = o->max_bytes,
	};
	struct store *store;
	enum ft_rc rc = create_store(&so, &store);
	free(environment);
	free(directory);
	if (rc != FT_OK)
		return rc;
	struct recording *r = xcalloc(1, sizeof(*r));
	r->store = store;
	*ret = r;
	return FT_OK;
}

void recording_wants(struct live_options *o)
{
	o->locals = o->full = o->trees = o->heap = o->asides = true;
}

void recording_begin(struct recording *r, struct live *live)
{
	r->describe = describe_create(live, r->store);
}

static enum ft_rc note(struct recording *r, enum ft_rc rc)
{
	r->failed |= rc == FT_FAIL;
	return rc;
}

enum ft_rc recording_event(struct recording *r, const struct event *ev)
{
	enum ft_rc rc = r->describe ? describe_event(r->describe, ev) : FT_OK;
	return note(r, rc == FT_OK ? store_event(r->store, ev) : rc);
}

enum ft_rc recording_output(struct recording *r, int stream, const char *bytes, size_t len,
			    uint64_t time_ns)
{
	return note(r, store_output(r->store, stream, bytes, len, time_ns));
}

enum ft_rc recording_sync(struct recording *r)
{
	return note(r, store_sync(r->store));
}

bool recording_is_pending(const struct recording *r)
{
	return store_is_pending(r->store);
}

struct store *recording_store(struct recording *r)
{
	return r->store;
}

enum ft_rc recording_close(struct recording *r, const char *cut)
{
	if (!r)
		return FT_OK;
	enum ft_rc rc = r->describe && !r->failed ? describe_rest(r->describe) : FT_OK;
	describe_destroy(r->describe);
	enum ft_rc closed = store_close(r->store, cut);
	free(r);
	return rc == FT_OK ? closed : rc;
}
