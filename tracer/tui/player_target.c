/*
 * player_target.c - what a pointer pointed to, when its value was told: by the lines of that.
 *
 * A value's parts are lines (struct event_value, full): "ADDRESS\t", two blanks a level, "NAME =
 * TEXT TYPE, +OFFSET" or, of what has parts itself, "NAME   TYPE"; a target's NAME is "points to".
 * What was cut there ("...") is not known here.
 */
#include <string.h>

#include "tui/player_private.h"

enum { LEVELS = 16, PARTS_MOST = 4096 }; // deeper ones are not told apart

static const char target_name[] = "points to";

/* One line. */
struct part {
	const char *at;	  // behind the tab
	const char *next; // the line after it; NULL: there is none
	size_t level;
	const char *name;
	size_t name_len;
	const char *text; // NULL: it has parts
	size_t len;
};

// The type and the place behind a text are no part of it.
static void cut_text(struct part *p, const char *end)
{
	const char *type = end;
	while (type > p->text + 2 && memcmp(type - 3, "   ", 3) != 0)
		type--;
	if (type > p->text + 2)
		end = type - 3;
	bool is_address = end - p->text > 2 && memcmp(p->text, "0x", 2) == 0;
	const char *place = is_address && end[-1] == ')' ? end - 2 : p->text;
	while (place > p->text && memcmp(place, " (", 2) != 0)
		place--;
	p->len = (size_t)((place > p->text ? place : end) - p->text);
}

// NULL: there is no line, or it is none.
static const char *read_part(const char *s, struct part *ret)
{
	const char *end = s ? strchrnul(s, '\n') : NULL;
	const char *tab = end ? memchr(s, '\t', (size_t)(end - s)) : NULL;
	if (!tab)
		return NULL;
	*ret = (struct part){.at = tab + 1, .next = *end ? end + 1 : NULL};
	const char *name = ret->at;
	while (name < end && *name == ' ')
		name++;
	ret->level = (size_t)(name - ret->at) / 2;
	const char *is = memmem(name, (size_t)(end - name), " = ", 3);
	const char *type = memmem(name, (size_t)(end - name), "   ", 3);
	bool has_text = is && (!type || is < type);
	ret->name = name;
	ret->name_len = (size_t)((has_text ? is : type ? type : end) - name);
	if (has_text) {
		ret->text = is + 3;
		cut_text(ret, end);
	}
	return s;
}

// The part of that name, of those that begin at `s` and are at one level. NULL: none.
static const char *find_part(const char *s, const char *name, size_t len, struct part *ret)
{
	struct part p;
	size_t level = SIZE_MAX;
	for (unsigned i = 0; i < PARTS_MOST && read_part(s, &p); i++, s = p.next) {
		if (level == SIZE_MAX)
			level = p.level;
		if (p.level < level || p.level >= LEVELS)
			return NULL;
		if (p.level == level && p.name_len == len && memcmp(p.name, name, len) == 0) {
			*ret = p;
			return s;
		}
	}
	return NULL;
}

// Where the parts of a line begin. NULL: it has none.
static const char *parts_of(const struct part *p)
{
	struct part first;
	return read_part(p->next, &first) && first.level == p->level + 1 ? p->next : NULL;
}

// Also "points to ...", which is not told any more.
static bool begins(const struct part *p, const char *name)
{
	size_t len = strlen(name);
	return p->name_len >= len && memcmp(p->name, name, len) == 0;
}

/* "{a = 1, b = {2, 3}}"; false: part of it is not there. */
static bool add_parts(const char *s, unsigned *budget, struct buf *ret);

static bool add_part(const struct part *p, unsigned *budget, struct buf *ret)
{
	const char *inner = parts_of(p);
	struct part first;
	bool has_target = inner && read_part(inner, &first) && begins(&first, target_name);
	if (p->text && (!inner || has_target))
		buf_add(ret, p->text, p->len);
	else if (!p->text && inner)
		return add_parts(inner, budget, ret);
	else
		return false; // a container: it is written in another way
	return true;
}

// Levels end this recursion: there are 16.
static bool add_parts(const char *s, unsigned *budget, struct buf *ret)
{
	struct part p;
	size_t level = SIZE_MAX;
	buf_char(ret, '{');
	for (; read_part(s, &p); s = p.next) {
		if (level == SIZE_MAX)
			level = p.level;
		if (p.level < level)
			break;
		if (p.level > level)
			continue; // told with the part that it is of
		if (p.level >= LEVELS || (*budget)-- == 0 || begins(&p, "..."))
			return false;
		if (ret->s[ret->len - 1] != '{')
			buf_str(ret, ", ");
		if (*p.name != '[') {
			buf_add(ret, p.name, p.name_len);
			buf_str(ret, " = ");
		}
		if (!add_part(&p, budget, ret))
			return false;
	}
	buf_char(ret, '}');
	return true;
}

// ".x", "->x", "[2]": from what has the parts `s` to one of them. NULL: no such one.
static const char *one_step(const char *s, const char **path, struct part *ret)
{
	bool is_index = **path == '[', follows = (*path)[0] == '-' && (*path)[1] == '>';
	const char *name = *path + (is_index ? 0 : follows ? 2 : 1);
	size_t len = strcspn(name + is_index, ".[-") + is_index;
	struct part target;
	*path = name + len;
	if (len == 0)
		return NULL;
	const char *found = find_part(s, target_name, strlen(target_name), &target);
	bool is_first = is_index && len == 3 && memcmp(name, "[0]", 3) == 0;
	if (found && is_first) {
		*ret = target;
		return found;
	}
	if (found && !follows && !is_index)
		return NULL; // a pointer has no members
	return find_part(found ? parts_of(&target) : s, name, len, ret);
}

bool target_text(const char *full, const char *path, bool is_followed, bool may_compose,
		 struct buf *ret)
{
	struct part p = {.next = full};
	const char *inner = full;
	size_t before = ret->len;
	unsigned budget = PARTS_MOST;
	while (inner && *path) {
		if (!one_step(inner, &path, &p))
			return false;
		inner = parts_of(&p);
	}
	if (is_followed && (*path || !find_part(inner, target_name, strlen(target_name), &p)))
		return false;
	if (*path && (!p.text || !value_member(p.text, p.len, path, &p.text, &p.len)))
		return false; // what is flat has its parts in its text
	if (!p.at || (!p.text && !may_compose))
		return false;
	if (add_part(&p, &budget, ret))
		return true;
	buf_truncate(ret, before);
	return false;
}
