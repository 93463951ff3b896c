#define LOG_DOMAIN "control"
#include "control/sites.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/ptrace.h"

enum { PAGE = 4096 };

static const uint8_t syscall_stub[] = {0x0f, 0x05, ARCH_TRAP}; // syscall; int3

void sites_init(struct sites *s)
{
	*s = (struct sites){0};
}

void sites_deinit(struct sites *s)
{
	sites_clear(s);
	free(s->live);
	free(s->table);
	free(s->areas);
	free(s->armed);
}

static void area_deinit(struct slot_area *a)
{
	free(a->sites);
	free(a->image);
}

void sites_clear(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->live[i]);
	s->n = 0;
	for (size_t i = 0; i < s->n_areas; i++)
		area_deinit(&s->areas[i]);
	s->n_areas = 0;
	s->n_armed = 0;
	if (s->table)
		memset(s->table, 0, s->table_size * sizeof(*s->table));
	s->table_used = 0;
}

static size_t slot_of_hash(const struct sites *s, uint64_t home)
{
	return (size_t)((home * 0x9e3779b97f4a7c15u) >> 32) & (s->table_size - 1);
}

static void table_put(struct sites *s, struct site *site)
{
	size_t i = slot_of_hash(s, site->d.home);
	while (s->table[i])
		i = (i + 1) & (s->table_size - 1);
	s->table[i] = site;
	s->table_used++;
}

static void table_rebuild(struct sites *s, size_t size)
{
	free(s->table);
	s->table = xcalloc(size, sizeof(*s->table));
	s->table_size = size;
	s->table_used = 0;
	for (size_t i = 0; i < s->n; i++)
		table_put(s, s->live[i]);
}

struct site *sites_at(const struct sites *s, uint64_t home)
{
	if (s->table_size == 0)
		return NULL;
	size_t i = slot_of_hash(s, home);
	while (s->table[i] && s->table[i]->d.home != home)
		i = (i + 1) & (s->table_size - 1);
	return s->table[i];
}

void sites_add_area(struct sites *s, uint64_t lo, uint64_t len)
{
	s->areas = xgrow(s->areas, s->n_areas, &s->cap_areas, sizeof(*s->areas));
	struct slot_area *a = &s->areas[s->n_areas++];
	*a = (struct slot_area){.lo = lo, .hi = lo + len, .next = lo + SLOT_HEADER};
	a->image = xcalloc(1, len);
	memset(a->image, ARCH_TRAP, len);
	memcpy(a->image, syscall_stub, sizeof(syscall_stub));
}

static bool reaches(uint64_t from, uint64_t to)
{
	int64_t distance = (int64_t)(to - from);
	return distance < SLOT_REACH && distance > -(int64_t)SLOT_REACH;
}

// An area serves a site if every rel32 of the slot can reach its target from it.
static bool area_serves(const struct slot_area *a, const struct displaced *d, uint64_t need)
{
	if (a->next + need > a->hi || !reaches(a->next, d->home))
		return false;
	for (unsigned i = 0; i < d->n_fixes; i++)
		if (!reaches(a->next, d->fixes[i].target))
			return false;
	return true;
}

static void place(struct slot_area *a, struct site *site, uint64_t need)
{
	uint64_t slot = a->next;
	uint8_t *code = a->image + (slot - a->lo);
	memcpy(code, site->d.code, site->d.len);
	for (unsigned i = 0; i < site->d.n_fixes; i++) {
		const struct displaced_fix *f = &site->d.fixes[i];
		int32_t rel = (int32_t)(int64_t)(f->target - (slot + f->end));
		memcpy(code + f->at, &rel, sizeof(rel));
	}
	site->slot = slot;
	a->next += need;
	a->sites = xgrow(a->sites, a->n_sites, &a->cap_sites, sizeof(struct site *));
	a->sites[a->n_sites++] = site;
}

enum ft_rc sites_add(struct sites *s, const struct displaced *d, const struct capture_plan *plan,
		     uint32_t *ret)
{
	uint64_t need = (d->len + SLOT_ALIGN - 1u) & ~(uint64_t)(SLOT_ALIGN - 1);
	struct slot_area *area = NULL;
	for (size_t i = 0; i < s->n_areas && !area; i++)
		if (area_serves(&s->areas[i], d, need))
			area = &s->areas[i];
	if (!area)
		return ft_fail("no slot area near 0x%" PRIx64, d->home);
	struct site *site = xcalloc(1, sizeof(*site));
	site->id = s->next_id++;
	site->d = *d;
	site->plan = *plan;
	place(area, site, need);
	s->live = xgrow(s->live, s->n, &s->cap, sizeof(struct site *));
	s->live[s->n++] = site;
	if (2 * (s->table_used + 1) > s->table_size)
		table_rebuild(s, s->table_size ? 2 * s->table_size : 256);
	else
		table_put(s, site);
	*ret = site->id;
	return FT_OK;
}

static int by_home(const void *a, const void *b)
{
	const struct site *x = *(const struct site *const *)a;
	const struct site *y = *(const struct site *const *)b;
	return x->d.home < y->d.home ? -1 : x->d.home > y->d.home;
}

static void rebuild_armed(struct sites *s)
{
	free(s->armed);
	s->armed = xcalloc(s->n + 1, sizeof(struct site *));
	s->n_armed = s->n;
	if (s->n > 0)
		memcpy(s->armed, s->live, s->n * sizeof(struct site *));
	qsort(s->armed, s->n_armed, sizeof(struct site *), by_home);
}

// The first of the sorted sites whose home is >= addr.
static size_t armed_from(const struct sites *s, uint64_t addr)
{
	size_t lo = 0, hi = s->n_armed;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->armed[mid]->d.home < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * Rewrites code page by page: reads what is there, changes the first byte of each site to the int3
 * (or back), and writes it once if anything changed. It never leaves a page of code, so what others
 * write to data nearby is not overwritten, and it touches only bytes that are as they should be.
 */
static enum ft_rc patch(const struct sites *s, int mem, bool arm)
{
	uint8_t buf[PAGE];
	enum ft_rc rc = FT_OK;
	for (size_t i = 0; i < s->n_armed && rc == FT_OK;) {
		uint64_t lo = s->armed[i]->d.home;
		size_t last = i;
		while (last + 1 < s->n_armed && s->armed[last + 1]->d.home / PAGE == lo / PAGE)
			last++;
		size_t len = (size_t)(s->armed[last]->d.home - lo) + 1;
		size_t got = mem_read_fd(mem, lo, buf, len);
		bool changed = false;
		for (size_t k = i; k <= last; k++) {
			struct site *site = s->armed[k];
			size_t at = (size_t)(site->d.home - lo);
			if (at >= got)
				break;
			if (arm == site->armed)
				continue;
			if (buf[at] != (arm ? site->d.first : ARCH_TRAP)) {
				ft_log("0x%" PRIx64 " holds %02x, not %02x: no site there",
				       site->d.home, buf[at], site->d.first);
				continue;
			}
			buf[at] = arm ? ARCH_TRAP : site->d.first;
			changed = true;
			if (arm)
				site->armed = true;
		}
		if (changed)
			rc = mem_write(mem, lo, buf, got);
		i = last + 1;
	}
	return rc;
}

enum ft_rc sites_arm(struct sites *s, int mem)
{
	for (size_t i = 0; i < s->n_areas; i++) {
		struct slot_area *a = &s->areas[i];
		uint64_t used = a->next - a->lo;
		if (a->written == used)
			continue;
		enum ft_rc rc = mem_write(mem, a->lo + a->written, a->image + a->written,
					  (size_t)(used - a->written));
		if (rc != FT_OK)
			return rc;
		a->written = used;
	}
	rebuild_armed(s);
	return patch(s, mem, true);
}

enum ft_rc sites_restore(const struct sites *s, int mem)
{
	return patch(s, mem, false);
}

static bool is_in(const struct site *site, uint64_t lo, uint64_t hi)
{
	return site->d.home >= lo && site->d.home < hi;
}

// An area that serves nobody any more is as good as new.
static void recycle(struct slot_area *a)
{
	memset(a->image + SLOT_HEADER, ARCH_TRAP, (size_t)(a->hi - a->lo) - SLOT_HEADER);
	a->next = a->lo + SLOT_HEADER;
	if (a->written > SLOT_HEADER)
		a->written = SLOT_HEADER;
}

void sites_forget(struct sites *s, uint64_t lo, uint64_t hi)
{
	for (size_t i = 0; i < s->n_areas; i++) {
		struct slot_area *a = &s->areas[i];
		size_t kept = 0;
		for (size_t k = 0; k < a->n_sites; k++)
			if (!is_in(a->sites[k], lo, hi))
				a->sites[kept++] = a->sites[k];
		if (kept == 0 && a->n_sites > 0)
			recycle(a);
		a->n_sites = kept;
	}
	size_t kept = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (is_in(s->live[i], lo, hi))
			free(s->live[i]);
		else
			s->live[kept++] = s->live[i];
	}
	s->n = kept;
	table_rebuild(s, s->table_size ? s->table_size : 256);
	rebuild_armed(s);
}

bool sites_have_room(const struct sites *s, uint64_t lo, uint64_t hi, uint64_t len)
{
	for (size_t i = 0; i < s->n_areas; i++) {
		const struct slot_area *a = &s->areas[i];
		if (a->next + len <= a->hi && reaches(a->lo, lo) && reaches(a->lo, hi) &&
		    reaches(a->hi, lo) && reaches(a->hi, hi))
			return true;
	}
	return false;
}

struct site *sites_in_slot(const struct sites *s, uint64_t rip, struct displaced_home *ret_home)
{
	const struct slot_area *a = NULL;
	for (size_t i = 0; i < s->n_areas && !a; i++)
		if (rip >= s->areas[i].lo && rip < s->areas[i].hi)
			a = &s->areas[i];
	if (!a)
		return NULL;
	size_t lo = 0, hi = a->n_sites; // the last site whose slot is <= rip
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (a->sites[mid]->slot <= rip)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || rip - a->sites[lo - 1]->slot >= DISPLACED_MAX)
		return NULL;
	struct site *site = a->sites[lo - 1];
	*ret_home = (struct displaced_home){0, 0, site->d.home};
	for (unsigned i = 0; i < site->d.n_homes; i++)
		if (site->d.homes[i].off <= rip - site->slot)
			*ret_home = site->d.homes[i];
	return site;
}

void sites_hide(const struct sites *s, uint64_t addr, uint8_t *bytes, size_t len)
{
	for (size_t i = armed_from(s, addr); i < s->n_armed; i++) {
		const struct site *site = s->armed[i];
		if (site->d.home - addr >= len)
			break;
		if (site->armed)
			bytes[site->d.home - addr] = site->d.first;
	}
}

uint64_t sites_syscall(const struct sites *s)
{
	return s->n_areas > 0 && s->areas[0].written > 0 ? s->areas[0].lo : 0;
}
