/*
 * screen_private.h - the parts of the full-screen stepper (private to screen*.c).
 *
 * Owns:     the state between two keys.
 * Gives:    struct screen.
 * Never:    leaves these files.
 * Lifetime: as screen_run().
 */
#ifndef FT_SCREEN_PRIVATE_H
#define FT_SCREEN_PRIVATE_H

#include "tui/tiling.h"
#include "tui/panes.h"
#include "tui/screen.h"
#include "tui/display.h"

enum screen_mode { MODE_PANES, MODE_HELP, MODE_TEXT, MODE_PROMPT, MODE_ASK_QUIT };

enum prompt_kind {
	PROMPT_GOTO,
	PROMPT_FIND,
	PROMPT_BREAK,
	PROMPT_WATCH,
	PROMPT_DELETE,
	PROMPT_COMMAND,
	PROMPTS,
};

/* One line that is being typed. */
struct prompt {
	enum prompt_kind kind;
	struct buf text;	  // UTF-8
	size_t at;		  // byte of it where the cursor is
	bool is_suggested;	  // nobody has touched it yet: what is typed takes its place
	struct buf last[PROMPTS]; // what was typed the last time
};

struct screen {
	struct player *p;
	struct display *t;
	struct canvas c;
	struct tiling tiling;
	struct view now, before;
	struct source source;
	struct sheet sheets[PANES];

	enum screen_mode mode;
	struct prompt prompt;
	struct buf message; // instead of the event's line, until the next key
	bool is_alarm;	    // the message says that something failed
	struct buf text;    // MODE_TEXT: what a command said
	size_t help_row;    // of help or text, the first row that is shown

	enum pane focus;
	struct tiling_wish wish;
	size_t scroll[PANES]; // first row that is shown
	bool follow[PANES];   // it moves so that the row to be seen is shown
	int left[PANES];
	size_t line, insn; // cursors of source and assembly
	struct fold *folds;
	size_t n_folds, cap_folds;
	int tid;	 // whose stack is shown; 0: of the event's thread
	size_t selected; // frame, innermost first

	struct buf find;    // the search that is repeated
	uint64_t next_sign; // ms: when a long move says next where it is
	uint64_t next_ask;  // ms: when it looks next whether it is to end
	bool done;
	int status;
};

/* screen_draw.c */
void screen_draw(struct screen *s);	    // everything that changed, to the terminal
void screen_draw_running(struct screen *s); // only where a long move is
int screen_pane_rows(const struct screen *s, enum pane pane); // of its content

/* screen_help.c */
void screen_draw_help(struct screen *s);
void screen_draw_text(struct screen *s);
void screen_draw_keys(struct screen *s, int row); // the key bar

/* screen_keys.c: what a key does. */
struct binding {
	uint32_t key, back; // back: its reverse twin; 0: none
	const char *keys;   // as people call them; NULL: not in the help
	const char *help;
	void (*run)(struct screen *s, int arg, bool back);
	int arg;
};

struct chapter {
	const char *title;
	const struct binding *bindings; // up to one without a key
};

extern const struct chapter screen_chapters[]; // up to one without a title
void screen_key(struct screen *s, struct input in);

/* screen_act.c: moves. */
void screen_look(struct screen *s, bool moved); // a new view; moved: what was before is compared
void screen_say(struct screen *s, const char *fmt, ...) FT_PRINTF(2, 3);
void screen_failed(struct screen *s); // says the recorded failure, and clears it
void act_move(struct screen *s, int unit, bool back);
void act_end(struct screen *s, int arg, bool back);
void act_undo(struct screen *s, int arg, bool back);
void act_goto(struct screen *s, const char *text);
void act_find(struct screen *s, const char *text, bool back);
void act_break(struct screen *s, const char *text);
void act_delete(struct screen *s, const char *text);
bool act_is_running(void *screen);		 // player_on_pause()
void act_select(struct screen *s, size_t frame); // innermost first

/* screen_panes.c: what is looked at. */
void act_pane(struct screen *s, int pane, bool back);
void act_next_pane(struct screen *s, int arg, bool back);
void act_beside(struct screen *s, int arg, bool back);
void act_zoom(struct screen *s, int arg, bool back);
void act_scroll(struct screen *s, int arg, bool back);
void act_sideways(struct screen *s, int arg, bool back);
void act_fold(struct screen *s, int arg, bool back);
void act_frame(struct screen *s, int arg, bool back);
void act_thread(struct screen *s, int arg, bool back);
void act_mouse(struct screen *s, struct input in);

/* screen_command.c */
void act_command(struct screen *s, const char *command);

/* screen_prompt.c */
void act_prompt(struct screen *s, int kind, bool back);
void prompt_key(struct screen *s, uint32_t key);
const char *prompt_label(enum prompt_kind kind);

#endif
