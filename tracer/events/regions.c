#include "events/regions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE = 4096 };
enum { FIELD_WORDS = 3 }; // of a _thread_db_ field: bits, count, offset (nptl_db/structs.def)

static enum image_part_kind part_kind(enum part_kind kind)
{
	switch (kind) {
	case PART_HEADERS:
		return IMAGE_HEADERS;
	case PART_CODE:
		return IMAGE_CODE;
	case PART_READ_ONLY:
		return IMAGE_READ_ONLY;
	case PART_RELRO:
		return IMAGE_RELRO;
	case PART_DATA:
		return IMAGE_DATA;
	case PART_BSS:
		return IMAGE_BSS;
	}
	return IMAGE_READ_ONLY;
}

bool regions_are_loaded(const struct space *space, const struct module *m)
{
	uint64_t code;
	if (symbols_code_start(m, &code) != FT_OK)
		return true; // data only: either way the same bytes lie there
	const struct region *r = space_at(space, code);
	return r && r->x;
}

static bool is_new(const struct regions *r, const struct region *region)
{
	for (size_t i = 0; i < r->n_images; i++)
		if (region->lo < r->images[i].hi && region->hi > r->images[i].lo)
			return false;
	return true;
}

// The kernel says "PATH (deleted)" of one that is gone; the list of regions has that apart.
static bool is_program(const struct regions *r, const char *path)
{
	const char *exe = r->process.exe;
	size_t len = strlen(path);
	return exe && strncmp(exe, path, len) == 0 &&
	       (exe[len] == '\0' || strcmp(exe + len, " (deleted)") == 0);
}

static void add_image(struct regions *r, const struct module *m, const char *path)
{
	struct module_part *parts;
	struct image image = {
		.path = path,
		.name = path_name(path), // m may be open by another name
		.lo = m->lo,
		.hi = m->hi,
	};
	symbols_parts(m, &parts, &image.n_parts);
	struct image_part *own = xcalloc(image.n_parts + 1, sizeof(*own));
	for (size_t i = 0; i < image.n_parts; i++)
		own[i] = (struct image_part){parts[i].lo, parts[i].hi, parts[i].name,
					     part_kind(parts[i].kind)};
	free(parts);
	image.parts = own;
	image.is_program = is_program(r, path);
	image.is_linker =
		strncmp(image.name, "ld-linux", 8) == 0 || strncmp(image.name, "ld-musl", 7) == 0;
	size_t cap = r->cap_images;
	r->images = xgrow(r->images, r->n_images, &cap, sizeof(*r->images));
	r->parts = xgrow(r->parts, r->n_images, &r->cap_images, sizeof(*r->parts));
	r->parts[r->n_images] = own;
	r->images[r->n_images++] = image;
}

/*
 * The file of a mapping by a name that opens: as it is called, as it is called within the
 * process's own root, or, of one that is gone, the links that the kernel keeps. Its inode tells
 * whether it is the one. NULL: none is; to be freed.
 */
static char *path_of(const struct regions *r, const struct region *region)
{
	int pid = (int)r->process.pid;
	char *tries[] = {
		region->deleted ? NULL : xstrdup(region->path),
		xasprintf("/proc/%d/root%s", pid, region->path),
		xasprintf("/proc/%d/exe", pid),
		xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, region->lo, region->hi),
	};
	char *found = NULL;
	for (size_t i = 0; i < FT_COUNT(tries); i++) {
		struct stat st;
		if (!found && tries[i] && stat(tries[i], &st) == 0 && st.st_ino == region->inode &&
		    S_ISREG(st.st_mode))
			found = tries[i];
		else
			free(tries[i]);
	}
	return found;
}

// What is no ELF file, or cannot be opened, is not an image.
static struct module *open_image(struct regions *r, struct symbols *s, const struct region *region)
{
	struct module *m = NULL;
	char *path = path_of(r, region);
	if (!path || symbols_check_file(path) != FT_OK ||
	    symbols_open(s, path, region->lo, region->off, &m) != FT_OK)
		ft_error_clear();
	free(path);
	if (m && !regions_are_loaded(&r->space, m)) {
		symbols_close(s, m);
		return NULL;
	}
	return m;
}

// A file is opened once, at its first mapping.
static void open_images(struct regions *r, struct symbols *s)
{
	for (size_t i = 0; i < r->space.n; i++) {
		const struct region *region = &r->space.r[i];
		if (region->inode == 0 || region->page > PAGE || !is_new(r, region))
			continue;
		struct module *m = symbols_module_at(s, region->lo);
		if (!m && space_goes_on(&r->space, i))
			continue; // asked already
		if (!m)
			m = open_image(r, s, region);
		if (m)
			add_image(r, m, region->path);
	}
}

static bool is_libc(const struct module *m)
{
	return strncmp(m->name, "libc.so", 7) == 0 || strncmp(m->name, "libpthread", 10) == 0;
}

// Reading the symbols of a module takes some milliseconds: those that are likely to have it first.
static uint64_t tid_off_in(const struct regions *r, struct symbols *s, bool libc)
{
	for (size_t i = 0; i < r->n_images; i++) {
		struct module *m = symbols_module_at(s, r->images[i].lo);
		uint64_t at;
		uint32_t field[FIELD_WORDS];
		if (m && is_libc(m) == libc &&
		    symbols_address_of(s, m, "_thread_db_pthread_tid", &at) == FT_OK &&
		    symbols_code(s, at, field, sizeof(field)) == sizeof(field))
			return field[2];
	}
	ft_error_clear();
	return 0;
}

// glibc tells debuggers where struct pthread has the thread's id.
static uint64_t pthread_tid_off(const struct regions *r, struct symbols *s)
{
	uint64_t off = tid_off_in(r, s, true);
	return off ? off : tid_off_in(r, s, false);
}

static void fill_row(struct regions *r, const struct atlas_row *from, struct event_region *to,
		     size_t *n_parts)
{
	const struct region *region = from->region;
	*to = (struct event_region){
		.lo = region->lo,
		.hi = region->hi,
		.perms = {region->r ? 'r' : '-', region->w ? 'w' : '-', region->x ? 'x' : '-',
			  region->shared ? 's' : 'p', '\0'},
		.off = region->off,
		.dev_major = region->dev_major,
		.dev_minor = region->dev_minor,
		.inode = region->inode,
		.path = region->path,
		.deleted = region->deleted,
		.has_sizes = region->has_sizes,
		.resident = region->resident,
		.swapped = region->swapped,
		.kind = region_kind_name(from->kind),
		.what = from->what,
		.inferred = from->inferred,
		.tid = (int)from->tid,
		.parts = r->row_parts + *n_parts,
		.n_parts = from->n_parts,
	};
	for (size_t i = 0; i < from->n_parts; i++) {
		const struct image_part *p = &from->image->parts[from->first_part + i];
		r->row_parts[(*n_parts)++] = (struct event_part_of_file){p->lo, p->hi, p->name};
	}
}

static void fill_map(struct regions *r)
{
	size_t n_parts = 0;
	for (size_t i = 0; i < r->atlas.n; i++)
		n_parts += r->atlas.rows[i].n_parts;
	r->rows = xcalloc(r->atlas.n + 1, sizeof(*r->rows));
	r->row_parts = xcalloc(n_parts + 1, sizeof(*r->row_parts));
	n_parts = 0;
	for (size_t i = 0; i < r->atlas.n; i++)
		fill_row(r, &r->atlas.rows[i], &r->rows[i], &n_parts);
	r->map = (struct event_map){
		.regions = r->rows,
		.n = r->atlas.n,
		.user_end = space_user_end(&r->space),
		.address_bits = process_address_bits(),
		.stack_limit = r->process.stack_limit,
		.stack_room = r->atlas.stack_room,
		.stack_stop = r->atlas.stack_stop,
		.name = r->process.name,
	};
	if (!atlas_gap(&r->atlas, &r->map.gap_lo, &r->map.gap_hi))
		r->map.gap_lo = r->map.gap_hi = 0;
}

enum ft_rc regions_read(struct symbols *s, pid_t pid, const struct memory *mem, struct regions *ret)
{
	struct regions r = {.n_images = 0};
	enum ft_rc rc = process_read(pid, &r.process);
	if (rc != FT_OK)
		return rc;
	rc = space_read_sizes(pid, &r.space);
	if (rc != FT_OK) {
		process_deinit(&r.process);
		return rc;
	}
	open_images(&r, s);
	struct atlas_input in = {
		.space = &r.space,
		.process = &r.process,
		.images = r.images,
		.n_images = r.n_images,
		.memory = *mem,
		.pthread_tid_off = pthread_tid_off(&r, s),
	};
	atlas_init(&r.atlas, &in);
	fill_map(&r);
	*ret = r;
	return FT_OK;
}

void regions_deinit(struct regions *r)
{
	atlas_deinit(&r->atlas);
	for (size_t i = 0; i < r->n_images; i++)
		free(r->parts[i]);
	free(r->images);
	free(r->parts);
	free(r->rows);
	free(r->row_parts);
	free(r->bands);
	process_deinit(&r->process);
	space_deinit(&r->space);
	*r = (struct regions){.n_images = 0};
}
