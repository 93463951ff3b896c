/*
 * table.c - the formats that --format knows.
 */
#include "report/report.h"

#include <string.h>

const struct report_format *const report_formats[] = {
	&report_text,
	&report_json,
	&report_explain,
	NULL,
};

void report_event(const struct report_format *f, struct reporter *r, const struct event *ev)
{
	if (!ev->aside)
		f->event(r, ev);
}

const struct report_format *report_find(const char *name)
{
	for (const struct report_format *const *f = report_formats; *f; f++)
		if (strcmp((*f)->name, name) == 0)
			return *f;
	return NULL;
}
