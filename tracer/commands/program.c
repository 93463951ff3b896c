#include "commands/program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "store/log.h"
#include "symbols/symbols.h"

enum { COMMANDS_MAX = 32 };

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

// As execvp(3) searches; an empty component is the current directory.
static char *search_path(const char *word)
{
	const char *path = getenv("PATH");
	if (!path)
		path = "/bin:/usr/bin";
	for (const char *s = path;; s++) {
		size_t len = strcspn(s, ":");
		char *candidate = len ? xasprintf("%.*s/%s", (int)len, s, word) : xstrdup(word);
		if (is_program(candidate))
			return candidate;
		free(candidate);
		s += len;
		if (*s == '\0')
			return NULL;
	}
}

static enum ft_rc fail_log(const char *word)
{
	return ft_fail("%s is a log of a run, no program: frametrace replay %s prints it", word,
		       word);
}

static enum ft_rc not_in_path(const char *word)
{
	if (is_program(word))
		return ft_fail("%s: not found in PATH; did you mean ./%s?", word, word);
	if (log_is_one(word))
		return fail_log(word);
	// A file of that name says best what is wrong with it.
	if (access(word, F_OK) == 0 && symbols_check_program(word) == FT_FAIL)
		return FT_FAIL;
	const char *names[COMMANDS_MAX];
	size_t n = 0;
	for (size_t i = 1; commands[i] && n < FT_COUNT(names); i++)
		names[n++] = commands[i]->name;
	const char *near = nearest_word(word, names, n);
	if (near && strcmp(word, near) == 0)
		return ft_fail("%s: not found in PATH; a command comes first: frametrace %s "
			       "[OPTIONS] ...",
			       word, word);
	if (near)
		return ft_fail("%s: not found in PATH; did you mean the command %s?", word, near);
	return ft_fail("%s: not found in PATH", word);
}

// Who names a log that is not there means no program.
static bool is_missing_log(const char *word)
{
	static const char end[] = ".frametrace";
	size_t len = strlen(word), n = sizeof(end) - 1;
	return len > n && strcmp(word + len - n, end) == 0 && access(word, F_OK) != 0;
}

static enum ft_rc find(const char *word, enum ft_rc (*check)(const char *path), char **ret_path,
		       char **ret_interpreter)
{
	if (*word == '\0')
		return ft_fail("the PROGRAM is an empty word");
	char *path = strchr(word, '/') ? xstrdup(word) : search_path(word);
	if (is_missing_log(path ? path : word)) {
		free(path);
		return ft_fail("%s: no such log", word);
	}
	if (!path)
		return not_in_path(word);
	if (log_is_one(path)) {
		free(path);
		return fail_log(word);
	}
	char *interpreter = NULL;
	enum ft_rc rc = symbols_script_interpreter(path, &interpreter);
	if (rc != FT_FAIL)
		rc = check(interpreter ? interpreter : path);
	if (rc == FT_OK && interpreter && check == symbols_check_program && access(path, X_OK) != 0)
		rc = ft_fail("%s: not executable (chmod +x %s)", path, path);
	if (rc != FT_OK) {
		free(interpreter);
		free(path);
		return rc;
	}
	*ret_path = path;
	*ret_interpreter = interpreter;
	return FT_OK;
}

enum ft_rc program_find(const char *word, char **ret_path, char **ret_interpreter)
{
	return find(word, symbols_check_program, ret_path, ret_interpreter);
}

enum ft_rc program_find_file(const char *word, char **ret_path, char **ret_interpreter)
{
	return find(word, symbols_check_file, ret_path, ret_interpreter);
}
