#include "control/output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "control/terminal.h"

enum {
	READ = 1 << 16,	       // a pipe's size (pipe(7))
	TAKE_MAX = 1 << 20,    // at once: more than a pipe holds was written by others meanwhile
	PENDING_MAX = 1 << 18, // taken and not passed on yet: then the program has to wait
	WRITE_MAX = 4096,      // a pipe that is ready takes that much without blocking (pipe(7))
	LOOK_AGAIN_MS = 100,   // for somebody who waits for keys that were typed
};

/* One way out: a stream of the program, or both. */
struct channel {
	int stream; // 1 or 2; both: 1
	bool both;
	int from;   // our end; -1: it is over
	int inside; // the program's end; -1: its own now
	bool is_terminal, is_regular;
	struct terminal terminal;
	bool unasked; // keys were typed, and nobody waits for them: they are left alone for a while
	struct buf pending;
	size_t passed; // bytes of it
};

struct output {
	struct output_options o;
	struct channel channels[2];
	size_t n;
	bool lost; // something could not be written
	char bytes[READ];
};

/* ---- making ---- */

// Closed when we were started: what is there is ours (main.c), and not handed on.
static bool is_closed(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	return flags < 0 || (flags & FD_CLOEXEC);
}

/*
 * Whether it makes no difference which of the two is written to. Two openings of one file have a
 * position each; of a terminal, a pipe or a socket there is only one end.
 */
static bool is_same(int a, int b)
{
	struct stat sa, sb;
	if (fstat(a, &sa) != 0 || fstat(b, &sb) != 0)
		return false;
	if (S_ISCHR(sa.st_mode) && S_ISCHR(sb.st_mode))
		return sa.st_rdev == sb.st_rdev;
	if (sa.st_dev != sb.st_dev || sa.st_ino != sb.st_ino)
		return false;
	if (!S_ISREG(sa.st_mode))
		return true;
	pid_t us = getpid();
	long order = syscall(SYS_kcmp, us, us, KCMP_FILE, a, b);
	return order <= 0; // an error: not known; nearly always it is `>file 2>&1`
}

static enum ft_rc open_pipe(struct channel *c)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC) != 0)
		return ft_fail("pipe: %s", strerror(errno));
	c->from = fd[0];
	c->inside = fd[1];
	return FT_OK;
}

static enum ft_rc open_channel(struct output *o, int stream, bool both)
{
	struct stat st;
	struct channel *c = &o->channels[o->n];
	*c = (struct channel){.stream = stream, .both = both, .from = -1, .inside = -1};
	c->is_regular = fstat(stream, &st) == 0 && S_ISREG(st.st_mode);
	c->is_terminal = isatty(stream);
	enum ft_rc rc = c->is_terminal ? terminal_open(&c->terminal, stream, &c->from, &c->inside)
				       : open_pipe(c);
	if (rc != FT_OK)
		return rc;
	c->terminal.follows = o->o.pass_on; // else the terminal is somebody else's now
	buf_init(&c->pending);
	o->n++;
	int flags = fcntl(c->from, F_GETFL);
	if (fcntl(c->from, F_SETFL, flags | O_NONBLOCK) != 0)
		return ft_fail("fcntl: %s", strerror(errno));
	return FT_OK;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void destroy(struct output *o)
{
	for (size_t i = 0; i < o->n; i++) {
		close_end(&o->channels[i].from);
		close_end(&o->channels[i].inside);
		buf_deinit(&o->channels[i].pending);
	}
	free(o);
}

enum ft_rc output_create(const struct output_options *options, struct output **ret)
{
	struct output *o = xcalloc(1, sizeof(*o));
	o->o = *options;
	bool out = !is_closed(STDOUT_FILENO), err = !is_closed(STDERR_FILENO);
	bool both = out && err && is_same(STDOUT_FILENO, STDERR_FILENO);
	enum ft_rc rc = out ? open_channel(o, STDOUT_FILENO, both) : FT_OK;
	if (rc == FT_OK && err && !both)
		rc = open_channel(o, STDERR_FILENO, false);
	if (rc != FT_OK) {
		destroy(o);
		return rc;
	}
	*ret = o;
	return FT_OK;
}

bool output_enter(const struct output *o)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct channel *c = &o->channels[i];
		if (dup2(c->inside, c->stream) < 0 ||
		    (c->both && dup2(c->inside, STDERR_FILENO) < 0))
			return false;
	}
	return true;
}

void output_entered(struct output *o)
{
	for (size_t i = 0; i < o->n; i++)
		close_end(&o->channels[i].inside);
}

/* ---- passing on ---- */

static size_t waiting(const struct channel *c)
{
	return c->pending.len - c->passed;
}

// Nobody takes it any more. The program gets to know as it would without us: its writes fail.
static void break_off(struct output *o, struct channel *c, int error)
{
	close_end(&c->from);
	buf_reset(&c->pending);
	c->passed = 0;
	if (error == EPIPE || o->lost)
		return;
	o->lost = true;
	ft_say("cannot write the program's output to standard %s: %s",
	       c->stream == STDOUT_FILENO ? "output" : "error", strerror(error));
}

static bool is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	return poll(&p, 1, 0) == 1;
}

// As much as goes without waiting, or all of it.
static void pass_on(struct output *o, struct channel *c, bool wait)
{
	while (waiting(c) > 0) {
		size_t len = waiting(c);
		if (!c->is_regular && len > WRITE_MAX)
			len = WRITE_MAX;
		if (!wait && !c->is_regular && !is_ready(c->stream))
			break;
		ssize_t n = write(c->stream, c->pending.s + c->passed, len);
		if (n < 0 && errno == EAGAIN && wait) {
			struct pollfd p = {.fd = c->stream, .events = POLLOUT};
			poll(&p, 1, -1);
		} else if (n < 0 && errno == EAGAIN) {
			break;
		} else if (n < 0 && errno != EINTR) {
			break_off(o, c, errno);
		}
		c->passed += n > 0 ? (size_t)n : 0;
	}
	if (waiting(c) == 0) {
		buf_reset(&c->pending);
		c->passed = 0;
	}
}

static void hand_in(struct output *o, struct channel *c, const char *bytes, size_t len)
{
	o->o.sink(o->o.sink_ctx, c->stream, bytes, len);
	if (!o->o.pass_on)
		return;
	buf_add(&c->pending, bytes, len);
	pass_on(o, c, false);
}

/*
 * Whoever reads our output may be slow. Then the program has to wait in its own write, as without
 * us, and its other threads run on: what does not fit stays in the pipe. Only then the order of
 * output and events is not exact.
 */
static bool is_full(const struct channel *c)
{
	return waiting(c) >= PENDING_MAX;
}

static void take(struct output *o, struct channel *c)
{
	size_t total = 0;
	while (c->from >= 0 && total < TAKE_MAX && !is_full(c)) {
		ssize_t n = read(c->from, o->bytes, sizeof(o->bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) { // nobody has the other end any more; of a terminal that is EIO
			close_end(&c->from);
			break;
		}
		const char *bytes = o->bytes;
		size_t len = (size_t)n;
		if (c->is_terminal)
			terminal_packet(&c->terminal, c->from, &bytes, &len);
		if (len > 0)
			hand_in(o, c, bytes, len);
		total += (size_t)n;
		if (!c->is_terminal && (size_t)n < sizeof(o->bytes))
			break; // a pipe gives all that it has
	}
	if (c->is_terminal && waiting(c) == 0)
		terminal_settle(&c->terminal);
}

void output_take(struct output *o)
{
	for (size_t i = 0; i < o->n; i++)
		take(o, &o->channels[i]);
}

void output_resized(struct output *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->channels[i].is_terminal && o->channels[i].from >= 0)
			terminal_resize(&o->channels[i].terminal, o->channels[i].from);
}

/* ---- while the program runs ---- */

// Keys were typed. They may be for the program's standard input, or for who will ask later.
static void hand_keys_on(struct channel *c, int pid)
{
	c->unasked = !terminal_is_asked(&c->terminal, pid);
	if (!c->unasked && !terminal_type(&c->terminal, c->from))
		c->terminal.follows = false;
}

static bool may_ask_for_keys(const struct channel *c)
{
	return c->is_terminal && c->from >= 0 && c->terminal.follows;
}

// Two descriptors a channel: where it comes from, and where it goes: has the reader gone?
static void watch(const struct output *o, struct pollfd *p)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct channel *c = &o->channels[i];
		bool over = c->from < 0;
		p[2 * i] =
			(struct pollfd){.fd = over || is_full(c) ? -1 : c->from, .events = POLLIN};
		bool silent = !o->o.pass_on || c->is_regular || (over && waiting(c) == 0);
		p[2 * i + 1] = (struct pollfd){.fd = silent ? -1 : c->stream,
					       .events = waiting(c) > 0 ? POLLOUT : 0};
		if (may_ask_for_keys(c) && !c->unasked)
			p[2 * i + 1].events |= POLLIN;
	}
}

// Keys that nobody waits for stay readable: that is not to wake us again and again.
static bool put_off(struct output *o, bool again)
{
	bool any = false;
	for (size_t i = 0; i < o->n; i++) {
		struct channel *c = &o->channels[i];
		any |= c->unasked;
		c->unasked &= !again;
	}
	return any;
}

bool output_serve(struct output *o, int pid, const sigset_t *mask, int milliseconds)
{
	struct pollfd p[2 * FT_COUNT(o->channels)];
	size_t n = o ? 2 * o->n : 0;
	if (o && put_off(o, false) && (milliseconds < 0 || milliseconds > LOOK_AGAIN_MS))
		milliseconds = LOOK_AGAIN_MS;
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	if (o)
		watch(o, p);
	int ready = ppoll(p, n, milliseconds < 0 ? NULL : &time, mask);
	if (o && ready == 0)
		put_off(o, true);
	for (size_t i = 0; ready > 0 && i < n; i += 2) {
		struct channel *c = &o->channels[i / 2];
		if (p[i + 1].revents & POLLIN)
			hand_keys_on(c, pid);
		if (p[i + 1].revents & POLLOUT)
			pass_on(o, c, false);
		else if (p[i + 1].revents & (POLLERR | POLLHUP | POLLNVAL))
			break_off(o, c, EPIPE);
		if (p[i].revents || (c->is_terminal && c->terminal.due))
			take(o, c);
	}
	return ready != 0;
}

/* ---- when it has ended ---- */

// Descriptors that are not in use: who waits for their end shall not wait for us.
static void close_others(const struct output *o)
{
	unsigned from = 0;
	for (;;) {
		unsigned next = ~0u;
		for (size_t i = 0; i < o->n; i++) {
			const struct channel *c = &o->channels[i];
			unsigned ends[] = {(unsigned)c->from, (unsigned)c->stream};
			for (size_t k = 0; c->from >= 0 && k < FT_COUNT(ends); k++)
				if (ends[k] >= from && ends[k] < next)
					next = ends[k];
		}
		if (next > from)
			close_range(from, next - 1, 0);
		if (next == ~0u)
			return;
		from = next + 1;
	}
}

static void pass_on_until_over(struct output *o)
{
	struct pollfd p[2];
	for (;;) {
		size_t n = 0;
		for (size_t i = 0; i < o->n; i++)
			if (o->channels[i].from >= 0)
				p[n++] = (struct pollfd){.fd = o->channels[i].from,
							 .events = POLLIN};
		close_others(o);
		if (n == 0 || (poll(p, n, -1) < 0 && errno != EINTR))
			return;
		for (size_t i = 0; i < o->n; i++) {
			take(o, &o->channels[i]);
			pass_on(o, &o->channels[i], true);
		}
	}
}

static void no_sink(void *ctx, int stream, const char *bytes, size_t len)
{
	(void)ctx, (void)stream, (void)bytes, (void)len;
}

/*
 * Children that the program left behind still write to its streams, perhaps for days. Whoever waits
 * for us does not wait for them, so a process stays behind that holds nothing but those streams and
 * ends with the last of the children.
 */
static void stay_behind(struct output *o)
{
	bool open = false;
	for (size_t i = 0; i < o->n; i++)
		open |= o->channels[i].from >= 0;
	if (!open || !o->o.pass_on || fork() != 0)
		return;
	static const int deaf_to[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTTOU};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < FT_COUNT(deaf_to); i++)
		sigaction(deaf_to[i], &ignore, NULL);
	if (chdir("/") != 0)
		_exit(1);
	o->o.sink = no_sink;
	o->lost = true; // nobody is there to be told
	pass_on_until_over(o);
	_exit(0);
}

enum ft_rc output_finish(struct output *o)
{
	if (!o)
		return FT_OK;
	for (size_t i = 0; i < o->n; i++) {
		pass_on(o, &o->channels[i], true);
		take(o, &o->channels[i]); // once: children may write without end
		pass_on(o, &o->channels[i], true);
	}
	stay_behind(o);
	bool lost = o->lost;
	destroy(o);
	return lost ? FT_FAIL : FT_OK;
}
