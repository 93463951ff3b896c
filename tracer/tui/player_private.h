/*
 * player_private.h - what the files of the player share (private to tui/).
 *
 * player.c: life, where a move ends. player_unit.c: what the units mean. player_scan.c: through the
 * events of a stretch, and to the next stop by the log's index. player_break.c: breakpoints as
 * they are written. player_stop.c: the events that they are at.
 * player_cond.c: conditions. player_value.c: what a name means here. player_here.c: frames,
 * variables. player_place.c: where a thread is, its registers.
 */
#ifndef FT_PLAYER_PRIVATE_H
#define FT_PLAYER_PRIVATE_H

#include "tui/player.h"

enum {
	PLAYER_HISTORY = 1024,	 // positions to go back to
	PLAYER_PROBES = 4,	 // queries of one breakpoint, at most
	PLAYER_CHUNK = 2048,	 // events between two looks at what may end a move
	PLAYER_LOOK_BACK = 4096, // events in which a place or registers are looked for
};

static const uint64_t PLAYER_NO_SEQ = UINT64_MAX;

/*
 * One query of a stop, and a stretch that was searched: nothing in [lo, hi) fits. A log does not
 * change behind its last event, so what was once found stays true.
 */
struct probe {
	struct log_query q;
	bool any;		       // lo and hi mean something
	uint64_t lo, hi;	       // [lo, hi)
	bool hit_at_hi, hit_before_lo; // what ends the stretch is a hit
};

enum stop_kind {
	STOP_FUNCTION,
	STOP_LINE,
	STOP_ADDRESS,
	STOP_SEQ,
	STOP_WATCH,
	STOP_EVENTS, // not a breakpoint: signals, alarms
};

struct condition;

/* What ends a move before its unit is done. */
struct stop_point {
	enum stop_kind kind;
	unsigned number;
	char *spec;
	char *function, *symbol; // STOP_FUNCTION, STOP_WATCH: name as given, NULL: any
	char *scoped;		 // STOP_FUNCTION: "*::name"
	char *file;		 // STOP_LINE
	uint32_t line;
	uint64_t address; // STOP_ADDRESS; STOP_SEQ: the number
	char *variable;	  // STOP_WATCH
	struct condition *condition;
	bool temporary;
	uint64_t hits;
	struct probe probes[PLAYER_PROBES];
	size_t n_probes;
};

/* A name that lives as long as the state it belongs to. */
struct texts {
	char **s;
	size_t n, cap;
};

/* The variables of a frame after an event: player_track.c. */
struct tracked {
	bool any;
	uint64_t pushed, seq;
	struct event_value *v; // name, type, value, place only; of pointers `full` too
	uint64_t *told;	       // of each the event that told of it
	size_t n, cap, cap_told;
};

struct player {
	struct log *log;
	struct player_live live;
	bool has_live, ended; // ended: no more will come
	uint64_t at;
	size_t selected;
	struct buf why;
	uint64_t history[PLAYER_HISTORY];
	size_t n_history; // of all that were; the last PLAYER_HISTORY are there
	bool (*wanted)(void *ctx);
	void *wanted_ctx;
	bool interrupted;	  // this move is
	struct stop_point events; // what stops without being asked to
	struct stop_point *stops; // in the order of their numbers
	size_t n_stops, cap_stops;
	unsigned last_number;
	struct player_breakpoint *listed;
	size_t cap_listed;
	/* What was found out of a position. */
	struct log_frame *frames; // innermost first
	size_t n_frames, cap_frames;
	struct texts frame_texts;
	bool has_frames;
	uint64_t frames_at;
	struct buf file, function; // of player_place()
	struct buf frame_file, frame_function;
	struct event_register *registers;
	size_t n_registers, cap_registers;
	struct texts register_texts;
	struct tracked tracked;
	int *tids; // of the threads that began, in order: [0] is number 2
	size_t n_tids, cap_tids;
	uint64_t tids_until; // where that was last looked for
};

void texts_reset(struct texts *t);
const char *texts_keep(struct texts *t, const char *s); // NULL stays NULL

/* ---- player_scan.c ---- */

enum scan_verdict {
	SCAN_ON,   // go on
	SCAN_STOP, // the unit ends with this event (backwards: is the state after it)
	SCAN_JUMP, // what lies up to scan.jump cannot end it: go on there
};

/* A unit of a move, told the events one by one in its direction. */
struct scan {
	enum scan_verdict (*event)(struct scan *s, const struct event *ev);
	bool back;
	uint64_t jump;	 // SCAN_JUMP, back: the next event to tell
	uint64_t pushed; // SCAN_JUMP, forwards: the frame whose pop is the next event to tell
	int tid;	 // 0: any
	uint64_t cfa;	 // of the frame that the unit is about; 0: none
	uint64_t frame;	 // its push, or PLAYER_NO_SEQ
	uint64_t stack;	 // its stack_top
	size_t frame_i;	 // in frames
	size_t live;	 // frames of the thread
	bool has_live;	 // that number is known
	bool by_lines;	 // else by pushes and pops
	uint64_t level;	 // frames above it that the scan is in
	bool has_fresh;	 // the frame was just pushed: the line that begins at that pc is no step
	uint64_t fresh_cfa, fresh_pc;
	uint64_t limit_pc;   // UNTIL: the line must lie behind it, backwards before it; 0: any
	uint32_t limit_line; // the same, where pcs are not known
	const struct log_frame *frames; // of the thread when it began, innermost first
	size_t n_frames;
};

/* The end of a move. */
struct landing {
	bool found;		 // else: at the end of what there is
	uint64_t seq;		 // if found
	struct stop_point *stop; // what ended it; NULL: the unit is done
	bool interrupted;	 // by somebody who does not want to wait: seq is how far it came
};

/* Makes event `seq` be there. FT_NONE: the run, or what was recorded of it, ends before. */
FT_CHECK enum ft_rc player_reach(struct player *p, uint64_t seq);
bool player_interrupted(struct player *p);

FT_CHECK enum ft_rc scan_run(struct player *p, struct scan *s, uint64_t from, struct landing *ret);

/* The next stop in the stretch between two events, both included, that there are. */
FT_CHECK enum ft_rc stop_between(struct player *p, uint64_t from, uint64_t to, bool back,
				 struct landing *ret);

/* The pop of a frame that lives at `from`; FT_NONE: it is not in the log. */
FT_CHECK enum ft_rc frame_end(struct player *p, uint64_t pushed, uint64_t from, uint64_t *ret);

/* ---- player_unit.c ---- */

/*
 * Where a unit ends. FT_NONE: there is nothing that it could be about, and p->why says so.
 * ret_lines: it went by lines, not by pushes and pops.
 */
FT_CHECK enum ft_rc unit_find(struct player *p, enum player_unit unit, bool back,
			      struct landing *ret, bool *ret_lines);

/* ---- player_break.c, player_stop.c ---- */

void stop_point_init_events(struct stop_point *s);
void stop_point_deinit(struct stop_point *s);

/* Whether an event may be such a stop: by its condition as far as the event itself can tell. */
bool stop_point_fits(const struct player *p, const struct stop_point *s, const struct event *ev);

/* Whether it is one. Reads the log: events given before are gone. */
FT_CHECK enum ft_rc stop_point_holds(struct player *p, const struct stop_point *s, uint64_t seq,
				     bool *ret);

/* Why a move that ended at `seq` did so. */
void stop_point_tell(struct player *p, const struct stop_point *s, uint64_t seq);

bool name_is_glob(const char *s);
bool function_fits(const char *wanted, const char *function);
bool file_fits(const char *wanted, const char *file);

/* ---- player_cond.c ---- */

FT_CHECK enum ft_rc condition_parse(const char *s, struct condition **ret);
void condition_free(struct condition *c);

/* False: it does not, by what the event itself says. Asks nobody. */
bool condition_may_hold(const struct condition *c, const struct event *ev);

/* What names mean: the event `seq` and a frame (NULL: the event's). */
struct scope {
	uint64_t seq;
	uint64_t pushed; // the frame; PLAYER_NO_SEQ: none
	/* What a pointer points to may be as it was when the pointer's value was told. */
	bool takes_old;
};

/*
 * ret_unknown: the first name in it that means nothing there, NULL if all do; a comparison with it
 * does not hold.
 */
FT_CHECK enum ft_rc condition_holds(struct player *p, const struct condition *c,
				    const struct scope *at, bool *ret, const char **ret_unknown);

/* ---- player_value.c ---- */

FT_CHECK enum ft_rc value_at(struct player *p, const struct scope *at, const char *name,
			     struct buf *ret);
/* Whether NAME is what a pointer pointed to when its value was told: at which event. */
bool target_told_at(struct player *p, const struct scope *at, const char *name, uint64_t *ret);
/* The variable that NAME, *NAME, &NAME, NAME.MEMBER … are about. */
FT_CHECK enum ft_rc variable_at(struct player *p, const struct scope *at, const char *name,
				const struct event_value **ret);

/* ---- player_track.c ---- */

/* The variables of a frame at an event. Valid until the next call. */
FT_CHECK enum ft_rc track(struct player *p, const struct scope *at, const struct tracked **ret);
void tracked_reset(struct tracked *t);
void tracked_deinit(struct tracked *t);

/* "x = 1, p.y" of a value's text: the member `path` ("x", "p.y", "[2]"). false: no such one. */
bool value_member(const char *text, size_t len, const char *path, const char **ret,
		  size_t *ret_len);

/* ---- player_target.c ---- */

/*
 * A part of a value by the lines of its parts: path ("->x", ".next->v", ""), then, if is_followed,
 * what that points to. C's way of writing a struct is taken only if may_compose. false: not told.
 */
FT_CHECK bool target_text(const char *full, const char *path, bool is_followed, bool may_compose,
			  struct buf *ret);

/* ---- player_fact.c ---- */

/* "&n", "frame_bytes", "region(heap)" …: docs/step.md. FT_NONE: there is no such thing. */
FT_CHECK enum ft_rc fact_at(struct player *p, const struct scope *at, const char *name,
			    struct buf *ret);

/* FUNCTION(INNER): which function; free what is inner. */
bool fact_split(const char *name, const char **ret_what, char **ret_inner);

/* ---- player_here.c ---- */

/* The last event of a thread that tells something; FT_NONE: none near. */
struct look_back {
	int tid;
	uint64_t cfa; // of the frame; 0: any
	bool (*tells)(const struct look_back *l, const struct event *ev);
	uint64_t seq;
};

FT_CHECK enum ft_rc look_back(struct player *p, uint64_t from, struct look_back *l,
			      const struct event **ret);
bool tells_place(const struct look_back *l, const struct event *ev);

int here_tid(struct player *p, uint64_t seq);	   // 0: not known
FT_CHECK enum ft_rc here_frames(struct player *p); // p->frames of p->at
FT_CHECK enum ft_rc here_scope(struct player *p, uint64_t seq, struct scope *ret);
FT_CHECK enum ft_rc here_selected(struct player *p, struct scope *ret); // the selected frame, now
/* What the last pop of the thread at or before `seq` returned; FT_NONE: nothing, or no pop. */
FT_CHECK enum ft_rc here_returned(struct player *p, uint64_t seq, struct buf *ret);
void here_deinit(struct player *p);

#endif
