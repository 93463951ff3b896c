/*
 * plain_info.c - frames and registers, in gdb's words.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// ---- a frame ----

enum ft_rc frame_at(struct plain *s, size_t frame, struct log_frame *ret)
{
	const struct log_frame *f;
	size_t n;
	enum ft_rc rc = player_frames(s->p, &f, &n);
	if (rc != FT_OK)
		return rc;
	if (frame >= n)
		return FT_NONE;
	*ret = f[frame];
	return FT_OK;
}

enum outcome no_frame(struct plain *s, enum ft_rc rc)
{
	const struct event *ev;
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (player_event(s->p, &ev) == FT_OK && ev->kind == EVENT_EXIT)
		return wrong(s, "there is no frame here: the run is over; reverse-step goes back");
	ft_error_clear();
	return wrong(s, "there is no frame here");
}

// Once, behind the first f(?).
static void explain_unknown(struct plain *s, uint64_t pushed)
{
	if (s->said_unknown || is_told(s, pushed))
		return;
	s->said_unknown = true;
	say(s, "(no debug information: (?) stands for arguments that nothing tells of; "
	       "build with -g)\n");
}

enum outcome say_frame(struct plain *s, size_t frame, bool numbered)
{
	struct log_frame f;
	struct player_place at;
	size_t arguments = 0;
	enum ft_rc rc = frame_at(s, frame, &f);
	if (rc != FT_OK)
		return no_frame(s, rc);
	if (numbered)
		say(s, "#%-2zu ", frame);
	say_text(s, f.function);
	say(s, " (");
	if (say_arguments(s, f.pushed_seq, &arguments) != DONE)
		return FAILED;
	say(s, ")");
	rc = player_frame_place(s->p, frame, &at);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_OK && at.file) {
		say(s, " at ");
		say_text(s, path_name(at.file));
		if (at.line)
			say(s, ":%u", at.line);
	}
	if (arguments > 0)
		say_as_of(s, f.pushed_seq, ", arguments ", "");
	say(s, "\n");
	explain_unknown(s, f.pushed_seq);
	return DONE;
}

// ---- the stack of the thread ----

static bool parse_index(const char *s, size_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);
	if (!isdigit((unsigned char)*s) || end[strspn(end, " \t")])
		return false;
	*ret = v;
	return true;
}

static enum outcome run_backtrace(struct plain *s, const char *arguments)
{
	const struct log_frame *f;
	size_t n, most = SIZE_MAX, selected = player_selected(s->p);
	bool full = strncmp(arguments, "full", 4) == 0;
	const char *rest = arguments + (full ? 4 : 0);
	rest += strspn(rest, " \t");
	if (*rest && !parse_index(rest, &most))
		return wrong(s, "backtrace [full] [COUNT]");
	enum ft_rc rc = player_frames(s->p, &f, &n);
	if (rc != FT_OK || n == 0)
		return no_frame(s, rc);
	enum outcome o = DONE;
	for (size_t i = 0; i < n && i < most && o == DONE; i++) {
		o = say_frame(s, i, true);
		if (o != DONE || !full)
			continue;
		if (player_select(s->p, i) != FT_OK)
			break;
		o = say_values(s, "        ", false);
	}
	if (n > most && o == DONE)
		say(s, "(more stack frames follow)\n");
	if (player_select(s->p, selected) == FT_FAIL)
		return wrong_error(s);
	return o;
}

static enum outcome select_frame(struct plain *s, size_t frame)
{
	struct player_place at;
	enum ft_rc rc = player_select(s->p, frame);
	if (rc != FT_OK)
		return rc == FT_FAIL ? wrong_error(s) : wrong(s, "there is no frame %zu", frame);
	if (say_frame(s, frame, true) != DONE)
		return FAILED;
	rc = player_frame_place(s->p, frame, &at);
	if (rc == FT_FAIL)
		return wrong_error(s);
	return rc == FT_OK && at.line ? say_line(s, at.file, at.line, "") : DONE;
}

static enum outcome run_frame(struct plain *s, const char *arguments)
{
	size_t frame = player_selected(s->p);
	if (*arguments && !parse_index(arguments, &frame))
		return wrong(s, "which frame? \"backtrace\" has the numbers");
	return select_frame(s, frame);
}

static enum outcome run_up(struct plain *s, const char *arguments)
{
	size_t by = 1, n;
	const struct log_frame *f;
	if (*arguments && !parse_index(arguments, &by))
		return wrong(s, "up by how many frames?");
	enum ft_rc rc = player_frames(s->p, &f, &n);
	if (rc != FT_OK || n == 0)
		return no_frame(s, rc);
	size_t from = player_selected(s->p);
	if (from + 1 >= n)
		return wrong(s, "this is the outermost traced frame; you cannot go up");
	return select_frame(s, by < n - from ? from + by : n - 1);
}

static enum outcome run_down(struct plain *s, const char *arguments)
{
	size_t by = 1, from = player_selected(s->p);
	if (*arguments && !parse_index(arguments, &by))
		return wrong(s, "down by how many frames?");
	if (from == 0)
		return wrong(s, "this is the innermost frame; you cannot go down");
	return select_frame(s, by < from ? from - by : 0);
}

// ---- info ----

static void say_symbolic(struct plain *s, uint64_t pc, const char *function, const char *file,
			 uint32_t line)
{
	if (pc)
		say(s, " rip = 0x%llx in ", (unsigned long long)pc);
	else
		say(s, " rip not known, in ");
	say_text(s, function);
	if (file) {
		say(s, " (");
		say_text(s, path_name(file));
		if (line)
			say(s, ":%u", line);
		say(s, ")");
	}
}

// Where the frame keeps the registers of its caller: by its frame map, if there is one.
static void say_saved(struct plain *s, const struct event *push)
{
	say(s, " Saved registers:\n ");
	for (size_t i = 0; i < push->n_slots; i++) {
		const struct event_slot *slot = &push->slots[i];
		if (!slot->owner || strcmp(slot->owner, "saved register") != 0 || !slot->name)
			continue;
		say(s, " ");
		say_text(s, slot->name);
		say(s, " at 0x%llx,", (unsigned long long)slot->address);
	}
	say(s, " rip at 0x%llx\n", (unsigned long long)(push->cfa - 8));
	if (!push->mapped)
		say(s, " (other registers are not known: no frame maps were recorded)\n");
}

static enum outcome info_frame(struct plain *s, const char *arguments)
{
	struct log_frame f, next;
	struct player_place at;
	const struct event *ev;
	size_t i = player_selected(s->p), arguments_said = 0;
	(void)arguments;
	enum ft_rc rc = frame_at(s, i, &f);
	if (rc == FT_OK)
		rc = player_frame_place(s->p, i, &at);
	if (rc != FT_OK)
		return no_frame(s, rc);
	say(s, "Stack level %zu, frame at 0x%llx:\n", i, (unsigned long long)f.cfa);
	say_symbolic(s, at.pc, f.function, at.file, at.line);
	rc = f.pushed_seq == UINT64_MAX ? FT_NONE : log_event(player_log(s->p), f.pushed_seq, &ev);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_OK && ev->return_address)
		say(s, "; saved rip = 0x%llx", (unsigned long long)ev->return_address);
	say(s, "\n");
	if (frame_at(s, i + 1, &next) == FT_OK)
		say(s, " called by frame at 0x%llx\n", (unsigned long long)next.cfa);
	if (i > 0 && frame_at(s, i - 1, &next) == FT_OK)
		say(s, " caller of frame at 0x%llx\n", (unsigned long long)next.cfa);
	say(s, " args: ");
	if (say_arguments(s, f.pushed_seq, &arguments_said) != DONE)
		return FAILED;
	if (arguments_said > 0)
		say_as_of(s, f.pushed_seq, " (", ")");
	say(s, "\n Locals: %llu bytes of frame, down to 0x%llx\n",
	    (unsigned long long)(f.cfa - f.rsp), (unsigned long long)f.rsp);
	say(s, " Previous frame's sp is 0x%llx\n", (unsigned long long)f.cfa);
	if (rc == FT_OK && log_event(player_log(s->p), f.pushed_seq, &ev) == FT_OK)
		say_saved(s, ev);
	return DONE;
}

static enum outcome info_locals(struct plain *s, const char *arguments)
{
	(void)arguments;
	return say_values(s, "", false);
}

static enum outcome info_args(struct plain *s, const char *arguments)
{
	(void)arguments;
	return say_values(s, "", true);
}

static enum outcome info_registers(struct plain *s, const char *arguments)
{
	const struct event_register *r;
	size_t n, said = 0;
	const char *name = arguments + (*arguments == '$');
	enum ft_rc rc = player_registers(s->p, &r, &n);
	if (rc != FT_OK)
		return rc == FT_FAIL ? wrong_error(s) : wrong(s, "no registers were recorded");
	for (size_t i = 0; i < n; i++) {
		if (*name && strcmp(r[i].name, name) != 0)
			continue;
		said++;
		say_text(s, r[i].name);
		size_t width = strlen(r[i].name);
		say(s, "%*s0x%-17llx%lld\n", width < 15 ? (int)(15 - width) : 1, "",
		    (unsigned long long)r[i].value, (long long)r[i].value);
	}
	return said ? DONE : wrong(s, "there is no register \"%s\"", name);
}

static enum outcome info_breakpoints(struct plain *s, const char *arguments)
{
	const struct player_breakpoint *b;
	size_t n = player_breakpoints(s->p, &b);
	(void)arguments;
	if (n == 0) {
		say(s, "No breakpoints or watchpoints.\n");
		return DONE;
	}
	say(s, "Num  Hits  What\n");
	for (size_t i = 0; i < n; i++) {
		say(s, "%-4u %-5llu ", b[i].number, (unsigned long long)b[i].hits);
		say_text(s, b[i].spec);
		say(s, "%s\n", b[i].temporary ? " (once)" : "");
	}
	return DONE;
}

static enum outcome info_event(struct plain *s, const char *arguments)
{
	(void)arguments;
	return say_event(s, player_at(s->p), true);
}

static enum outcome info_log(struct plain *s, const char *arguments)
{
	const struct log_info *info = log_info(player_log(s->p));
	(void)arguments;
	say(s, "events %llu to %llu", (unsigned long long)info->first,
	    (unsigned long long)info->last);
	if (info->dropped)
		say(s, ", %llu before were not kept", (unsigned long long)info->dropped);
	if (info->output_gone)
		say(s, "; %llu bytes of output were not kept",
		    (unsigned long long)info->output_gone);
	if (player_is_live(s->p))
		say(s, "; the program has not ended");
	else if (info->cut)
		say(s, "; cut: ");
	if (!player_is_live(s->p) && info->cut)
		say_text(s, info->cut);
	say(s, "\n");
	return DONE;
}

static const struct {
	const char *name;
	enum outcome (*run)(struct plain *s, const char *arguments);
} subjects[] = {
	{"args", info_args},
	{"breakpoints", info_breakpoints},
	{"event", info_event},
	{"frame", info_frame},
	{"heap", run_heap},
	{"locals", info_locals},
	{"log", info_log},
	{"map", run_map},
	{"output", run_output},
	{"registers", info_registers},
	{"stack", run_stack},
	{"threads", run_threads},
	{"watchpoints", info_breakpoints},
};

static enum outcome run_info(struct plain *s, const char *arguments)
{
	size_t len = strcspn(arguments, " \t");
	const char *names[FT_COUNT(subjects)];
	for (size_t i = 0; i < FT_COUNT(subjects); i++) {
		names[i] = subjects[i].name;
		if (len > 0 && strncmp(subjects[i].name, arguments, len) == 0)
			return subjects[i].run(s, arguments + len + strspn(arguments + len, " \t"));
	}
	const char *near = len > 0 ? nearest_word(arguments, names, FT_COUNT(subjects)) : NULL;
	if (near)
		return wrong(s, "info has no \"%s\"; did you mean \"%s\"?", arguments, near);
	return wrong(s, "info about what? args, breakpoints, event, frame, heap, locals, log, map, "
			"output, registers, stack, threads");
}

const struct command_of info_commands[] = {
	{"print", "p", "NAME", "a variable, a member, *pointer, a word such as depth", run_print,
	 false},
	{"backtrace", "bt", "[full] [COUNT]", "the frames, innermost first; full: their locals",
	 run_backtrace, false},
	{"frame", "", "[NUMBER]", "select a frame", run_frame, false},
	{"up", "", "[COUNT]", "select the caller", run_up, false},
	{"down", "", "[COUNT]", "select the callee", run_down, false},
	{"info", "i", "SUBJECT", "args, breakpoints, event, frame, locals, registers, threads ...",
	 run_info, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};
