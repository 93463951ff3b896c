/*
 * log_place.h - a directory of its own for the logs of a test program, gone at its end.
 */
#ifndef FT_LOG_PLACE_H
#define FT_LOG_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char place_dir[200];

static inline char *place(const char *name)
{
	static char path[300];
	snprintf(path, sizeof(path), "%s/%s", place_dir, name);
	return path;
}

__attribute__((constructor)) static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(place_dir, sizeof(place_dir), "%s/frametrace-end-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(place_dir))
		exit(1);
}

__attribute__((destructor)) static void remove_dir(void)
{
	rmdir(place_dir);
}

static inline void remove_log(const char *path)
{
	static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
	char name[400];
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

static inline void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");
	fwrite(bytes, 1, len, f);
	fclose(f);
}

#endif
