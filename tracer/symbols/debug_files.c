#include "symbols/debug_files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_LONGEST = 4096, // of a file in a link
	DIRECTORIES = 16,    // in FRAMETRACE_DEBUG_DIR
	CRC_TABLE = 256,
};

/* One search: what is looked for, and what came of it. */
struct search {
	struct arena *arena;
	const char *build_id; // what the file must have; NULL: only the checksum proves it
	bool has_crc;
	uint32_t crc;
	const char *own; // canonical path of the file that refers to it: never the answer; or NULL
	struct elf_file *elf;
	const char *path, *why;
};

static const char *directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "" : arena_strndup(a, path, (size_t)(slash - path));
}

/* The debug directories, one after another; NULL: there are no more. */
static const char *debug_directory(struct arena *a, unsigned i)
{
	const char *list = getenv("FRAMETRACE_DEBUG_DIR");
	if (!list || !*list)
		return i == 0 ? "/usr/lib/debug" : NULL;
	for (unsigned n = 0; n < i; n++) {
		list = strchr(list, ':');
		if (!list)
			return NULL;
		list++;
	}
	return i < DIRECTORIES ? arena_strndup(a, list, strcspn(list, ":")) : NULL;
}

/* The checksum of .gnu_debuglink (gdb's manual, "Separate Debug Files"): CRC-32 of the file. */
static uint32_t crc_add(const uint32_t *table, uint32_t crc, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
	return crc;
}

static bool crc_of(const struct elf_file *elf, uint32_t *ret)
{
	uint32_t table[CRC_TABLE];
	for (uint32_t i = 0; i < CRC_TABLE; i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? 0xedb88320 ^ table[i] >> 1 : table[i] >> 1;
	}
	enum { PIECE = 1 << 16 };
	uint8_t *bytes = xmalloc(PIECE);
	uint32_t crc = UINT32_MAX;
	uint64_t at = 0;
	size_t n;
	while ((n = elf_file_bytes(elf, at, bytes, PIECE)) > 0) {
		crc = crc_add(table, crc, bytes, n);
		at += n;
	}
	free(bytes);
	*ret = ~crc;
	return at > 0;
}

/* Why a file that has the right name is not the one; NULL: it is. */
static const char *mismatch(const struct search *s, struct elf_file *elf)
{
	const char *id = elf_build_id(elf);
	uint32_t crc;
	if (s->build_id && id)
		return strcmp(s->build_id, id) == 0 ? NULL : "its build id is another one";
	if (s->has_crc)
		return crc_of(elf, &crc) && crc == s->crc ? NULL : "its checksum is another one";
	return "it has no build id";
}

/* True: the search has ended. */
static bool try(struct search *s, const char *path)
{
	struct elf_file *elf;
	char real[PATH_MAX];
	if (s->own && realpath(path, real) && strcmp(real, s->own) == 0)
		return false;
	enum ft_rc rc = elf_file_open_debug(path, false, &elf);
	if (rc == FT_FAIL) {
		if (!s->why)
			s->why = arena_printf(s->arena, "debug file not used: %s", ft_error());
		ft_error_clear();
	}
	if (rc != FT_OK)
		return false;
	const char *why = mismatch(s, elf);
	if (why) {
		if (!s->why)
			s->why = arena_printf(s->arena, "debug file not used: %s: %s", path, why);
		elf_file_destroy(elf);
		return false;
	}
	s->elf = elf;
	s->path = arena_strdup(s->arena, path);
	return true;
}

static bool by_build_id(struct search *s)
{
	const char *dir;
	if (!s->build_id || strlen(s->build_id) < 3)
		return false;
	for (unsigned i = 0; (dir = debug_directory(s->arena, i)); i++)
		if (try(s, arena_printf(s->arena, "%s/.build-id/%.2s/%s.debug", dir, s->build_id,
					s->build_id + 2)))
			return true;
	return false;
}

/* Whether `name` ends within the section; *ret_after is what follows it. */
static bool link_name(const uint8_t *bytes, size_t len, const char **ret, size_t *ret_after)
{
	const uint8_t *end = memchr(bytes, 0, len < NAME_LONGEST ? len : NAME_LONGEST);
	if (!end || end == bytes)
		return false;
	*ret = (const char *)bytes;
	*ret_after = (size_t)(end - bytes) + 1;
	return true;
}

static bool by_debuglink(struct search *s, struct elf_file *elf, const char *path)
{
	const uint8_t *bytes;
	size_t len, at;
	const char *name, *dir;
	if (!elf_section_bytes(elf, ".gnu_debuglink", &bytes, &len) ||
	    !link_name(bytes, len, &name, &at))
		return false;
	at = (at + 3) / 4 * 4;
	if (at > len || len - at < sizeof(s->crc))
		return false;
	memcpy(&s->crc, bytes + at, sizeof(s->crc));
	s->has_crc = true;
	name = path_name(name);
	const char *own = directory_of(s->arena, s->own ? s->own : path);
	if (try(s, arena_printf(s->arena, "%s/%s", own, name)) ||
	    try(s, arena_printf(s->arena, "%s/.debug/%s", own, name)))
		return true;
	for (unsigned i = 0; (dir = debug_directory(s->arena, i)); i++)
		if (try(s, arena_printf(s->arena, "%s%s%s/%s", dir, *own == '/' ? "" : "/", own,
					name)))
			return true;
	return false;
}

static enum ft_rc finish(const struct search *s, bool found, struct elf_file **ret,
			 const char **ret_path, const char **ret_why)
{
	if (!found) {
		*ret_why = s->why;
		return FT_NONE;
	}
	*ret = s->elf;
	*ret_path = s->path;
	return FT_OK;
}

enum ft_rc debug_files_main(struct elf_file *elf, const char *path, struct arena *a,
			    struct elf_file **ret, const char **ret_path, const char **ret_why)
{
	struct search s = {.arena = a, .build_id = elf_build_id(elf)};
	char real[PATH_MAX];
	s.own = realpath(path, real);
	bool found = by_build_id(&s) || by_debuglink(&s, elf, path);
	return finish(&s, found, ret, ret_path, ret_why);
}

enum ft_rc debug_files_alt(struct elf_file *elf, const char *path, struct arena *a,
			   struct elf_file **ret, const char **ret_path, const char **ret_why)
{
	struct search s = {.arena = a};
	const uint8_t *bytes;
	size_t len, at;
	const char *name, *dir;
	*ret_why = NULL;
	if (!elf_section_bytes(elf, ".gnu_debugaltlink", &bytes, &len))
		return FT_NONE;
	if (!link_name(bytes, len, &name, &at) || len == at) {
		*ret_why = "the link to shared debug information is broken";
		return FT_NONE;
	}
	s.build_id = elf_hex(a, bytes + at, len - at);
	const char *own = directory_of(a, path);
	bool found = try(&s, *name == '/' ? name : arena_printf(a, "%s/%s", own, name));
	for (unsigned i = 0; !found && (dir = debug_directory(a, i)); i++)
		found = try(&s, arena_printf(a, "%s/.dwz/%s", dir, path_name(name)));
	found = found || by_build_id(&s);
	if (!found && !s.why)
		s.why = arena_printf(a, "shared debug information was not found: %s", name);
	return finish(&s, found, ret, ret_path, ret_why);
}

const char *debug_files_dwo(const char *name, const char *comp_dir, const char *path, unsigned i,
			    struct arena *a)
{
	const char *own = directory_of(a, path);
	switch (i) {
	case 0:
		return *name == '/' || !comp_dir ? name : arena_printf(a, "%s/%s", comp_dir, name);
	case 1:
		return *name == '/' ? "" : arena_printf(a, "%s/%s", own, name);
	case 2:
		return arena_printf(a, "%s/%s", own, path_name(name));
	default: // a count
		return NULL;
	}
}
