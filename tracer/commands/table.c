#include "commands/commands.h"

const struct command *const commands[] = {
	&command_trace,	 &command_record, &command_replay, &command_step,  &command_list,
	&command_frames, &command_report, &command_maps,   &command_where, NULL};
