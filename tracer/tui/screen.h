/*
 * screen.h - the full-screen stepper: a player with panes and keys (docs/step.md).
 *
 * Owns:     what is on the screen, what each key does.
 * Gives:    screen_run().
 * Never:    knows whether the run is live or recorded, but for the question at the end.
 * Lifetime: one call; borrows the player.
 */
#ifndef FT_SCREEN_H
#define FT_SCREEN_H

#include "tui/player.h"

struct screen_options {
	bool color; // the caller has settled NO_COLOR and --color
};

/*
 * Until the user quits, or a signal ends us: then the terminal is as it was, and the signal does
 * what it would have done. The player has started (player_start()). Returns the exit status.
 */
int screen_run(struct player *p, const struct screen_options *o);

#endif
