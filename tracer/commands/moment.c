/*
 * moment.c - the state after an event of a log, put together for report/moment.h.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/moment_private.h"
#include "events/kinds.h"

enum {
	BLOCKS_MAX = 100, // without -v
	BLOCKS_ALL = 1000000,
	OUTPUT_MAX = 2000, // bytes
	CHANGES_LOOKED_AT = 1000,
	VALUES_MAX = 10000, // of one frame
};

static enum ft_rc gather_event(struct moment_of *m)
{
	const struct event *ev;
	enum ft_rc rc = log_event(m->log, m->seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? ft_fail("event #%llu is not in %s",
					       (unsigned long long)m->seq, log_info(m->log)->path)
				     : rc;
	m->registers = xcalloc(ev->n_registers + 1, sizeof(*m->registers));
	for (size_t i = 0; i < ev->n_registers; i++)
		m->registers[i] = (struct event_register){
			intern_text(&m->texts, ev->registers[i].name), ev->registers[i].value};
	m->at = (struct event){
		.kind = ev->kind,
		.tid = ev->tid,
		.cfa = ev->cfa,
		.function = intern_text(&m->texts, ev->function),
		.file = intern_text(&m->texts, ev->file),
		.line = ev->line,
	};
	m->s = (struct moment){
		.seq = m->seq,
		.kind = event_kind_name(ev->kind),
		.pid = ev->pid,
		.tid = ev->tid,
		.time_ns = ev->time_ns,
		.function = m->at.function,
		.registers = m->registers,
		.n_registers = ev->n_registers,
	};
	return FT_OK;
}

/* ---- frames ---- */

static enum ft_rc gather_frames(struct moment_of *m)
{
	const struct log_frame *f;
	size_t n;
	enum ft_rc rc = log_frames(m->log, m->seq, &f, &n);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	m->frames = xcalloc(n + 1, sizeof(*m->frames));
	for (size_t i = 0; i < n; i++)
		m->frames[i] = (struct moment_frame){
			.tid = f[i].tid,
			.stack_top = f[i].stack_top,
			.depth = f[i].depth,
			.cfa = f[i].cfa,
			.rsp = f[i].rsp,
			.pushed_seq = f[i].pushed_seq,
			.ghost = f[i].ghost,
			.popped_seq = f[i].popped_seq,
			.function = intern_text(&m->texts, f[i].function),
		};
	m->s.frames = m->frames;
	m->s.n_frames = n;
	return FT_OK;
}

/* ---- variables ---- */

static void keep_value(struct moment_of *m, const struct event_value *v)
{
	m->values = xgrow(m->values, m->n_values, &m->cap_values, sizeof(*m->values));
	struct event_value *copy = &m->values[m->n_values++];
	*copy = *v;
	const char **const strings[] = {
		&copy->name,  &copy->type, &copy->value, &copy->reg,	  &copy->why,
		&copy->entry, &copy->full, &copy->json,	 &copy->dangling, &copy->points_to,
	};
	for (size_t i = 0; i < FT_COUNT(strings); i++)
		*strings[i] = intern_text(&m->texts, *strings[i]);
}

static bool has_name(const struct event_value *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return true;
	return false;
}

// The event that told last of a variable of a frame that lives.
static enum ft_rc last_change(struct moment_of *m, const struct moment_frame *f, const char *name,
			      uint64_t *ret)
{
	struct log_query q = {.variable = name, .has_kind = true, .kind = EVENT_CHANGE};
	const struct event_frame_at_signal *at_signal;
	uint64_t from = m->seq, seq, told;
	*ret = f->pushed_seq;
	enum ft_rc rc = log_told(m->log, f->pushed_seq, m->seq, &told, &at_signal);
	if (rc == FT_OK && has_name(at_signal->args, at_signal->n_args, name))
		*ret = told;
	else if (rc == FT_OK && has_name(at_signal->locals, at_signal->n_locals, name))
		*ret = told;
	else if (rc == FT_FAIL)
		return rc;
	for (unsigned i = 0; log_info(m->log)->holds.line && i < CHANGES_LOOKED_AT; i++) {
		const struct event *ev;
		rc = log_find(m->log, &q, from, true, &seq);
		if (rc == FT_NONE || (rc == FT_OK && seq <= *ret))
			return FT_OK;
		if (rc == FT_OK)
			rc = log_event(m->log, seq, &ev);
		if (rc != FT_OK)
			return rc;
		if (ev->tid == f->tid && ev->cfa == f->cfa) {
			*ret = seq;
			return FT_OK;
		}
		from = seq - 1;
	}
	return FT_OK;
}

/* What the frame's push says of it: file and line, its caller's, which values are arguments. */
static enum ft_rc gather_push(struct moment_of *m, struct moment_frame *f,
			      struct moment_frame *caller, struct moment_value *values, size_t n)
{
	const struct event *ev;
	enum ft_rc rc = log_event(m->log, f->pushed_seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	f->file = intern_text(&m->texts, ev->file);
	f->line = ev->line;
	if (caller && ev->caller && caller->function && strcmp(ev->caller, caller->function) == 0) {
		caller->at_file = intern_text(&m->texts, ev->caller_file);
		caller->at_line = ev->caller_line;
	}
	for (size_t i = 0; i < n; i++)
		values[i].is_argument = has_name(ev->args, ev->n_args, values[i].value->name);
	return FT_OK;
}

static enum ft_rc told_at_pop(struct moment_of *m, const struct moment_frame *f,
			      struct moment_value *values, size_t n)
{
	const struct event *ev;
	enum ft_rc rc = log_event(m->log, f->popped_seq, &ev);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = 0; i < n; i++)
		if (has_name(ev->args, ev->n_args, values[i].value->name) ||
		    has_name(ev->locals, ev->n_locals, values[i].value->name))
			values[i].as_of = f->popped_seq;
	return FT_OK;
}

static enum ft_rc gather_values(struct moment_of *m, struct moment_frame *f)
{
	const struct event_value *v;
	size_t n;
	enum ft_rc rc = log_variables(m->log, f->pushed_seq, m->seq, &v, &n);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	for (size_t i = 0; i < n && i < VALUES_MAX; i++)
		keep_value(m, &v[i]);
	return FT_OK;
}

static enum ft_rc settle_values(struct moment_of *m, size_t at)
{
	struct moment_frame *f = &m->frames[at];
	struct moment_frame *outer =
		at && !f->ghost && f[-1].tid == f->tid && f[-1].stack_top == f->stack_top ? f - 1
											  : NULL;
	size_t first = m->first_value[at], n = m->first_value[at + 1] - first;
	struct moment_value *values = m->shown + first;
	f->values = values;
	f->n_values = n;
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; i < n && rc == FT_OK; i++) {
		values[i] = (struct moment_value){.value = &m->values[first + i]};
		rc = last_change(m, f, values[i].value->name, &values[i].as_of);
	}
	if (rc == FT_OK)
		rc = gather_push(m, f, outer, values, n);
	return rc == FT_OK && f->ghost ? told_at_pop(m, f, values, n) : rc;
}

static void place_innermost(struct moment_of *m)
{
	bool inside = m->at.kind == EVENT_ALLOC || m->at.kind == EVENT_FREE ||
		      m->at.kind == EVENT_REALLOC;
	for (size_t i = m->s.n_frames; i-- > 0;) {
		struct moment_frame *f = &m->frames[i];
		if (f->ghost || f->tid != m->at.tid || f->at_line || !m->at.line || !f->function)
			continue;
		bool its = inside ? m->at.function && strcmp(m->at.function, f->function) == 0
				  : m->at.cfa == f->cfa;
		if (!its)
			continue;
		f->at_file = m->at.file;
		f->at_line = m->at.line;
		return;
	}
}

// A signal that tells of frames tells where each of them is.
static enum ft_rc place_at_signal(struct moment_of *m)
{
	for (size_t i = 0; m->at.kind == EVENT_SIGNAL && i < m->s.n_frames; i++) {
		const struct event_frame_at_signal *told;
		uint64_t seq;
		enum ft_rc rc = log_told(m->log, m->frames[i].pushed_seq, m->seq, &seq, &told);
		if (rc == FT_FAIL)
			return rc;
		if (rc == FT_NONE || seq != m->seq || !told->line)
			continue;
		m->frames[i].at_file = intern_text(&m->texts, told->file);
		m->frames[i].at_line = told->line;
	}
	return FT_OK;
}

static enum ft_rc gather_variables(struct moment_of *m)
{
	enum ft_rc rc = FT_OK;
	size_t n = m->s.n_frames;
	m->first_value = xcalloc(n + 1, sizeof(*m->first_value));
	for (size_t i = 0; i < n && rc == FT_OK; i++) {
		m->first_value[i] = m->n_values;
		if (m->frames[i].pushed_seq != UINT64_MAX)
			rc = gather_values(m, &m->frames[i]);
		m->first_value[i + 1] = m->n_values;
	}
	m->shown = xcalloc(m->n_values + 1, sizeof(*m->shown));
	for (size_t i = 0; i < n && rc == FT_OK; i++)
		if (m->frames[i].pushed_seq != UINT64_MAX)
			rc = settle_values(m, i);
	if (rc == FT_OK)
		rc = place_at_signal(m);
	place_innermost(m);
	return rc;
}

/* ---- the rest ---- */

static enum ft_rc gather_blocks(struct moment_of *m, bool all)
{
	const struct log_block *b;
	size_t n;
	m->s.heap_known = log_info(m->log)->holds.heap;
	enum ft_rc rc =
		log_blocks(m->log, m->seq, all ? BLOCKS_ALL : BLOCKS_MAX, &b, &n, &m->s.all_blocks);
	if (rc != FT_OK)
		return rc == FT_NONE ? FT_OK : rc;
	m->blocks = xcalloc(n + 1, sizeof(*m->blocks));
	for (size_t i = 0; i < n; i++)
		m->blocks[i] = (struct moment_block){
			.number = b[i].number,
			.address = b[i].address,
			.size = b[i].size,
			.usable = b[i].usable,
			.alloc_seq = b[i].alloc_seq,
			.call = intern_text(&m->texts, b[i].call),
			.place = {.function = intern_text(&m->texts, b[i].function),
				  .file = intern_text(&m->texts, b[i].file),
				  .line = b[i].line},
		};
	m->s.blocks = m->blocks;
	m->s.n_blocks = n;
	return FT_OK;
}

static enum ft_rc gather_output(struct moment_of *m)
{
	m->s.output_known = log_info(m->log)->holds.output;
	enum ft_rc rc = log_output(m->log, m->seq, OUTPUT_MAX, &m->s.output, &m->s.output_len);
	if (rc != FT_OK)
		m->s.output_len = 0;
	if (!m->s.output)
		m->s.output = "";
	return rc == FT_NONE ? FT_OK : rc;
}

static void copy_region(struct moment_of *m, const struct event_region *r, struct event_region *ret,
			struct event_part_of_file *parts)
{
	*ret = *r;
	ret->path = intern_text(&m->texts, r->path);
	ret->kind = intern_text(&m->texts, r->kind);
	ret->what = intern_text(&m->texts, r->what);
	ret->parts = parts;
	for (size_t i = 0; i < r->n_parts; i++) {
		parts[i] = r->parts[i];
		parts[i].name = intern_text(&m->texts, r->parts[i].name);
	}
}

static void copy_bands(struct moment_of *m, const struct event_map *from)
{
	m->bands = xcalloc(from->n_bands + 1, sizeof(*m->bands));
	for (size_t i = 0; i < from->n_bands; i++) {
		m->bands[i] = from->bands[i];
		m->bands[i].name = intern_text(&m->texts, from->bands[i].name);
		m->bands[i].what = intern_text(&m->texts, from->bands[i].what);
	}
	m->map.bands = m->bands;
}

static enum ft_rc gather_map(struct moment_of *m)
{
	const struct event *ev;
	size_t n = 0;
	enum ft_rc rc = log_map(m->log, m->seq, &ev);
	if (rc != FT_OK || !ev->map)
		return rc == FT_NONE ? FT_OK : rc;
	m->map = *ev->map;
	for (size_t i = 0; i < m->map.n; i++)
		n += ev->map->regions[i].n_parts;
	m->regions = xcalloc(m->map.n + 1, sizeof(*m->regions));
	m->parts = xcalloc(n + 1, sizeof(*m->parts));
	n = 0;
	for (size_t i = 0; i < m->map.n; i++) {
		copy_region(m, &ev->map->regions[i], &m->regions[i], m->parts + n);
		n += m->regions[i].n_parts;
	}
	m->map.regions = m->regions;
	m->map.when = NULL; // all of it, not what is new
	m->map.changes = NULL;
	m->map.n_changes = 0;
	copy_bands(m, ev->map);
	m->map.name = intern_text(&m->texts, m->map.name);
	m->map.stack_stop = intern_text(&m->texts, m->map.stack_stop);
	m->s.map = &m->map;
	m->s.map_seq = ev->seq;
	return FT_OK;
}

static enum ft_rc gather_all(struct moment_of *m, bool all)
{
	enum ft_rc rc = gather_event(m);
	if (rc == FT_OK)
		rc = gather_frames(m);
	if (rc == FT_OK)
		rc = gather_variables(m);
	if (rc == FT_OK)
		rc = gather_blocks(m, all);
	if (rc == FT_OK)
		rc = gather_output(m);
	return rc == FT_OK ? gather_map(m) : rc;
}

enum ft_rc moment_open(struct log *log, uint64_t seq, bool all, struct moment_of **ret)
{
	struct moment_of *m = xcalloc(1, sizeof(*m));
	m->log = log;
	m->seq = seq;
	enum ft_rc rc = gather_all(m, all);
	if (rc != FT_OK) {
		moment_close(m);
		return rc;
	}
	*ret = m;
	return FT_OK;
}

void moment_close(struct moment_of *m)
{
	if (!m)
		return;
	intern_deinit(&m->texts);
	free(m->registers);
	free(m->frames);
	free(m->values);
	free(m->shown);
	free(m->first_value);
	free(m->blocks);
	free(m->regions);
	free(m->bands);
	free(m->parts);
	free(m);
}

void moment_show(struct moment_of *m, const struct trace_options *o, FILE *out)
{
	struct report_options ro = report_options_of(o, out);
	if (o->format == &report_json)
		report_moment_json(out, &m->s);
	else
		report_moment_text(out, &ro, &m->s);
}
