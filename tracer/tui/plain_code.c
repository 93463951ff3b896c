/*
 * plain_code.c - source and instructions.
 */
#include "tui/plain_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_LINES = 10 };

// Line `line` of a text whose lines end with '\n'; NULL: it has fewer.
static const char *line_of(const char *text, size_t len, uint32_t line, size_t *ret_len)
{
	const char *end = text + len;
	for (; text < end && line > 1; line--) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		text = next ? next + 1 : end;
	}
	if (text >= end || line == 0)
		return NULL;
	const char *stop = memchr(text, '\n', (size_t)(end - text));
	*ret_len = (size_t)((stop ? stop : end) - text);
	return text;
}

enum outcome say_line(struct plain *s, const char *file, uint32_t line, const char *mark)
{
	const char *text, *at = NULL;
	size_t len, n = 0;
	enum ft_rc rc = file ? log_source(player_log(s->p), file, &text, &len) : FT_NONE;
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_OK)
		at = line_of(text, len, line, &n);
	say(s, "%s%u\t", mark, line);
	if (at) {
		say_some(s, at, n);
	} else {
		say(s, "in ");
		say_text(s, file ? path_name(file) : NULL);
		say(s, ", whose text is not in the log");
	}
	say(s, "\n");
	return DONE;
}

// ---- list ----

static enum outcome list_around(struct plain *s, const char *file, uint32_t first, uint32_t marked)
{
	const char *text;
	size_t len, n;
	enum ft_rc rc = log_source(player_log(s->p), file, &text, &len);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE)
		return wrong(s, "the text of %s is not in the log", path_name(file));
	uint32_t line = first;
	for (; line < first + LIST_LINES; line++) {
		const char *at = line_of(text, len, line, &n);
		if (!at)
			break;
		say(s, "%s %u\t", line == marked ? "->" : "  ", line);
		say_some(s, at, n);
		say(s, "\n");
	}
	if (line == first)
		return wrong(s, "%s has no line %u", path_name(file), first);
	char *kept = xstrdup(file);
	free(s->list_file);
	s->list_file = kept;
	s->list_line = line;
	return DONE;
}

static uint32_t around(uint32_t line)
{
	return line > LIST_LINES / 2 ? line - LIST_LINES / 2 : 1;
}

static bool parse_line(const char *s, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);
	if (!isdigit((unsigned char)*s) || end[strspn(end, " \t")] || v == 0 || v > UINT32_MAX / 2)
		return false;
	*ret = (uint32_t)v;
	return true;
}

// FUNCTION, or FILE:LINE with a file that a breakpoint would take.
static enum outcome list_place(struct plain *s, const char *what, const struct player_place *here)
{
	const struct store_function *fn;
	uint32_t line;
	const char *colon = strrchr(what, ':');
	if (colon && parse_line(colon + 1, &line)) {
		size_t n = (size_t)(colon - what);
		bool same = here->file && strlen(here->file) >= n &&
			    strncmp(here->file + strlen(here->file) - n, what, n) == 0;
		char *file = same ? xstrdup(here->file) : xstrndup(what, n);
		enum outcome o = list_around(s, file, around(line), 0);
		free(file);
		return o;
	}
	enum ft_rc rc = log_function(player_log(s->p), what, &fn);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE || !fn->file)
		return wrong(s, "there is no source of \"%s\" in the log", what);
	char *file = xstrdup(fn->file);
	enum outcome o = list_around(s, file, around(fn->line), 0);
	free(file);
	return o;
}

static enum outcome run_list(struct plain *s, const char *arguments)
{
	struct player_place here;
	uint32_t line;
	enum ft_rc rc = player_frame_place(s->p, player_selected(s->p), &here);
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE)
		here = (struct player_place){.file = NULL};
	if (*arguments && !isdigit((unsigned char)*arguments))
		return list_place(s, arguments, &here);
	if (!here.file)
		return wrong(s, "there is no source here; \"list FUNCTION\" may have some");
	char *file = xstrdup(here.file);
	uint32_t first = around(here.line ? here.line : 1);
	enum outcome o;
	if (*arguments && !parse_line(arguments, &line))
		o = wrong(s, "\"%s\" is no line number", arguments);
	else
		o = list_around(s, file, *arguments ? around(line) : first, here.line);
	free(file);
	return o;
}

// ---- disassemble ----

static enum outcome run_disassemble(struct plain *s, const char *arguments)
{
	struct player_place here;
	const struct store_function *fn;
	enum ft_rc rc = player_frame_place(s->p, player_selected(s->p), &here);
	uint64_t pc = rc == FT_OK ? here.pc : 0;
	if (rc == FT_OK && !*arguments)
		rc = pc ? log_function_at(player_log(s->p), pc, &fn)
			: log_function(player_log(s->p), here.function, &fn);
	else if (rc != FT_FAIL)
		rc = *arguments ? log_function(player_log(s->p), arguments, &fn) : FT_NONE;
	if (rc == FT_FAIL)
		return wrong_error(s);
	if (rc == FT_NONE || fn->n_insns == 0)
		return wrong(s, "the instructions of %s are not in the log",
			     *arguments			? arguments
			     : here.function && rc == 0 ? here.function
							: "this place");
	say(s, "Dump of assembler code for function ");
	say_text(s, fn->name);
	say(s, ":\n");
	for (size_t i = 0; i < fn->n_insns; i++) {
		const struct store_insn *insn = &fn->insns[i];
		say(s, "%s 0x%llx <+%llu>:\t", insn->pc == pc ? "=>" : "  ",
		    (unsigned long long)insn->pc, (unsigned long long)(insn->pc - fn->lo));
		say_text(s, insn->text);
		say(s, "\n");
	}
	say(s, "End of assembler dump.\n");
	return DONE;
}

const struct command_of code_commands[] = {
	{"list", "l", "[LINE|FUNCTION|FILE:LINE]", "source; -> marks the line that runs next",
	 run_list, false},
	{"disassemble", "disas", "[FUNCTION]", "instructions; => marks the next one",
	 run_disassemble, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};
