#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/live.h"
#include "commands/options.h"
#include "commands/outfile.h"

enum { OUTPUT_BUFFER = 1 << 16 };

/* One trace, from the command line to the exit status. */
struct session {
	struct trace_options *o;
	FILE *out;
	const char *out_name;
	char *buffer;	 // of out
	bool flush_each; // somebody may be watching, or the file is shared with the program
	bool broken;	 // the trace could not be written
	struct live *live;
	struct reporter *reporter;
};

static bool is_regular(FILE *f)
{
	struct stat st;
	return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode);
}

static enum ft_rc open_output(struct session *s, const char *program)
{
	s->out = stderr;
	s->out_name = "standard error";
	s->flush_each = !s->o->format->at_end;
	if (s->o->output) {
		s->out_name = s->o->output;
		if (outfile_open("-o", s->o->output, program, &s->out) != FT_OK)
			return FT_FAIL;
		s->flush_each &= !is_regular(s->out);
	}
	s->buffer = xmalloc(OUTPUT_BUFFER); // glibc ignores the size if it is to find the memory
	setvbuf(s->out, s->buffer, _IOFBF, OUTPUT_BUFFER);
	return FT_OK;
}

// The trace cannot go on; the program can, with all its bytes back.
static void give_up_writing(struct session *s, int error)
{
	s->broken = true;
	if (live_ended_by())
		return;
	ft_say("cannot write the trace to %s: %s; the program runs on untraced", s->out_name,
	       strerror(error));
	live_let_go(s->live);
}

static void write_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;
	if (s->broken)
		return;
	report_event(s->o->format, s->reporter, ev);
	if (s->flush_each ? fflush(s->out) != 0 : ferror(s->out) != 0)
		give_up_writing(s, errno);
}

static enum ft_rc start(struct session *s, const char *path, char *const *argv)
{
	struct trace_options *o = s->o;
	struct live_options live = {
		.trace = o,
		.path = path,
		.argv = argv,
		.locals = o->verbose > 0 || o->format->details,
		.full = o->verbose > 0 && !o->format->details,
		.trees = o->format->details,
		// With -q a person sees frames only: no allocator is watched for nothing.
		.heap = !o->quiet || o->format->details || o->format->at_end,
		.watched = s->flush_each,
		.sink = write_event,
		.sink_ctx = s,
	};
	return live_open(&live, &s->live);
}

static enum ft_rc run(struct session *s)
{
	struct report_options ro = report_options_of(s->o, s->out);
	s->reporter = s->o->format->open(s->out, &ro);
	live_start(s->live);
	enum ft_rc rc;
	do
		rc = live_next(s->live);
	while (rc == FT_OK);
	return rc == FT_NONE ? FT_OK : rc;
}

static void finish(struct session *s)
{
	if (s->reporter)
		s->o->format->close(s->reporter);
	if (!s->broken && s->out && fflush(s->out) != 0)
		give_up_writing(s, errno);
	if (s->out && s->out != stderr) {
		if (fclose(s->out) != 0 && !s->broken)
			give_up_writing(s, errno);
		free(s->buffer); // that of stderr is in use until exit
	}
}

int trace_run(struct trace_options *o, char **argv)
{
	struct session s = {.o = o};
	char *path = NULL;
	enum ft_rc rc = live_find(argv[0], o->quiet, &path);
	if (rc == FT_OK)
		rc = open_output(&s, path);
	if (rc == FT_OK)
		rc = start(&s, path, argv);
	if (rc == FT_OK)
		rc = run(&s);
	live_say_end(rc, o->quiet);
	finish(&s);
	int status = live_close(s.live, rc == FT_OK && !s.broken);
	free(path);
	trace_options_deinit(o);
	return status;
}

static int trace(int argc, char **argv)
{
	struct trace_options o;
	int rc = trace_options_parse(argc, argv, &o);
	if (rc >= 0)
		return rc;
	if (o.sort) {
		trace_options_deinit(&o);
		return usage_error("--sort is an option of frametrace report");
	}
	if (o.verbose > 1 && !o.format->details)
		o.frames = true; // formats for machines take no notice of -v
	return trace_run(&o, argv + o.first_argument);
}

const struct command command_trace = {"trace", "run a program and show its frames (the default)",
				      trace};
