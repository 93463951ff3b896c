/*
 * base.h - what every room stands on: return codes, the one error message, log, allocation.
 *
 * Owns:     stderr for our own messages, the allocation policy (out of memory ends the program).
 * Gives:    enum ft_rc, ft_fail(), ft_log(), the xmalloc family, FT_CHECK, FT_COUNT.
 * Never:    knows of processes, symbols or reports.
 * Lifetime: a message lives until ft_error_clear(); allocations until free().
 */
#ifndef FT_BASE_H
#define FT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_CHECK __attribute__((warn_unused_result))
#define FT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FT_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The three outcomes of everything that can fail; they mirror libdwarf's OK / NO_ENTRY / ERROR. */
enum ft_rc {
	FT_OK,	 // did it; out-parameters are set
	FT_NONE, // nothing there, which is fine; out-parameters untouched
	FT_FAIL, // failed, and ft_error() says what; out-parameters untouched
};

/* Records the message of a failure and returns FT_FAIL. The first message wins until cleared. */
enum ft_rc ft_fail(const char *fmt, ...) FT_PRINTF(1, 2);

/* The recorded message, without a newline; "" if there is none. Valid until ft_error_clear(). */
const char *ft_error(void);
void ft_error_clear(void);

/* One line on stderr, "frametrace: …", written by one write(2). For people, not for traces. */
void ft_say(const char *fmt, ...) FT_PRINTF(1, 2);

/*
 * Log lines for developers, off by default: "[domain] …" on stderr. `domains` is a
 * comma-separated list ("control,symbols"), or "all". Each file that logs defines LOG_DOMAIN.
 */
void ft_log_enable(const char *domains);
bool ft_log_is_on(const char *domain);
void ft_log_at(const char *domain, const char *fmt, ...) FT_PRINTF(2, 3);
#define ft_log(...)                                                                                \
	do {                                                                                       \
		if (ft_log_is_on(LOG_DOMAIN))                                                      \
			ft_log_at(LOG_DOMAIN, __VA_ARGS__);                                        \
	} while (0)

/* These end the program with a message if memory runs out; they never return NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s); // NULL: NULL
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) FT_PRINTF(1, 2);

/* Whether two texts are equal; NULL is equal to NULL only. */
bool is_same_text(const char *a, const char *b);

/* The one of n words that a mistyped word is nearest to; NULL: none is near. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

/* The last component of a path; the path itself if there is none behind its last '/'. */
const char *path_name(const char *path);

/*
 * Room for one more element in a grown array: doubles `*cap` (starting at 8) when n == *cap.
 * Returns the array, perhaps moved.
 */
void *xgrow(void *array, size_t n, size_t *cap, size_t size);

#endif
