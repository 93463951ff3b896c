/*
 * screen.c - the loop: a key, what it does, what is different on the screen.
 */
#include <stdlib.h>

#include "tui/screen_private.h"

static void init(struct screen *s, struct player *p)
{
	*s = (struct screen){
		.p = p,
		.focus = PANE_STACK,
		.wish = {.order = {PANE_HEAP, PANE_REGISTERS, PANE_ASSEMBLY, PANE_MAP},
			 .zoomed = PANES},
	};
	for (enum pane pane = 0; pane < PANES; pane++)
		s->follow[pane] = true;
	buf_init(&s->message);
	buf_init(&s->find);
	buf_init(&s->text);
	buf_init(&s->prompt.text);
	for (int i = 0; i < PROMPTS; i++)
		buf_init(&s->prompt.last[i]);
	s->now.selected = s->before.selected = SIZE_MAX;
}

static void deinit(struct screen *s)
{
	view_deinit(&s->now);
	view_deinit(&s->before);
	source_deinit(&s->source);
	canvas_deinit(&s->c);
	for (enum pane pane = 0; pane < PANES; pane++)
		sheet_deinit(&s->sheets[pane]);
	buf_deinit(&s->message);
	buf_deinit(&s->find);
	buf_deinit(&s->text);
	buf_deinit(&s->prompt.text);
	for (int i = 0; i < PROMPTS; i++)
		buf_deinit(&s->prompt.last[i]);
	free(s->folds);
}

static void loop(struct screen *s)
{
	player_on_pause(s->p, act_is_running, s);
	screen_look(s, true);
	while (!s->done) {
		screen_draw(s);
		struct input in = display_read(s->t);
		if (in.key == INPUT_SIGNAL)
			break;
		if (in.key != INPUT_RESIZE)
			screen_key(s, in);
		else
			display_redraw(s->t);
	}
	player_on_pause(s->p, NULL, NULL);
}

int screen_run(struct player *p, const struct screen_options *o)
{
	struct display *t;
	struct screen s;

	if (display_open(o->color, &t) != FT_OK) {
		ft_say("%s", ft_error());
		return 1;
	}
	init(&s, p);
	s.t = t;
	canvas_init(&s.c, display_is_utf8(t));
	for (enum pane pane = 0; pane < PANES; pane++)
		sheet_init(&s.sheets[pane], display_is_utf8(t));
	loop(&s);
	int ended_by = display_ended_by(t);
	display_close(t);
	deinit(&s);
	return ended_by ? 128 + ended_by : s.status;
}
