/*
 * control.h - start, stop and resume one traced process and its threads.
 *
 * Owns:     the pids, the sites (int3 bytes and displaced slots), every ptrace(2), waitpid(2),
 *           fork(2), kill(2) and /proc/PID/mem.
 * Gives:    struct stop (a value), struct hit, a struct memory that hides our int3 bytes.
 * Never:    looks up a symbol, prints, or decides what a stop means to a user.
 * Lifetime: a stop is valid until the next control_next(); copy what you keep.
 *
 * A hit thread continues in a *slot*: a page mapped in the tracee that holds the replaced
 * instruction, relocated, and a jump home. No byte is restored to resume, no step is taken, so
 * other threads never miss a hit. See docs/ARCHITECTURE.md.
 */
#ifndef FT_CONTROL_H
#define FT_CONTROL_H

#include "control/displaced.h"
#include "control/hit.h"
#include "control/output.h"

struct control;

struct launch {
	const char *path;  // the file to execute
	char *const *argv; // NULL-terminated; argv[0] as the program sees it
	bool no_aslr;	   // personality(ADDR_NO_RANDOMIZE)
	bool pin;	   // tracer and program on one CPU: fastest, but the program can see it
	bool early_resume; // a hit thread runs on as soon as its hit is captured
	bool as_job;	   // when it is stopped from the terminal (Ctrl-Z), so are we: job.c
	/*
	 * What the program writes is taken before any stop of it is reported or passed by, and
	 * while it runs. NULL: its streams are ours. Finish it after the last control_next().
	 */
	struct output *output;
	// It has run for a tenth of a second since the last stop; true: ask again in another. Or
	// NULL.
	bool (*idle)(void *ctx);
	void *idle_ctx;
};

enum stop_kind {
	STOP_HIT,     // a thread reached a site: stop.hit
	STOP_STEP,    // a stepping thread has run one instruction: stop.step
	STOP_EXEC,    // the process runs a new image without sites, with one thread, stop.tid
	STOP_THREAD,  // a new thread: stop.child
	STOP_LEAVING, // a thread is about to end; its registers and memory are still there
	STOP_GONE,    // a thread ended (not the last one)
	STOP_CHILD,   // a child process, stop.child: a forked one has its bytes back and runs
		      // untraced; one that shares the memory (vfork) is watched until it executes
	STOP_SIGNAL,  // stop.signal is about to be delivered to the thread
	STOP_EXIT,    // the process ended with stop.status; nothing follows
	STOP_KILLED,  // the process was ended by stop.signal; nothing follows
};

/* One instruction of a stepping thread; all iterations of a repeated one. */
struct step {
	struct regs before; // r[ARCH_RIP]: the instruction's address in the program
	struct regs after;
	bool handler; // none ran: the kernel has led the thread to a signal handler's entry
};

struct stop {
	enum stop_kind kind;
	pid_t pid, tid;
	uint64_t time_ns;	 // CLOCK_MONOTONIC
	const struct hit *hit;	 // STOP_HIT
	const struct step *step; // STOP_STEP
	pid_t child;		 // STOP_CHILD, STOP_THREAD
	int status;		 // STOP_EXIT: exit status 0..255
	int signal;		 // STOP_SIGNAL, STOP_KILLED
	uint64_t pc;		 // STOP_SIGNAL: where the thread is, in the program
	bool has_fault;		 // STOP_SIGNAL: for a fault of the program at a known address
	uint64_t fault;		 // the address that faulted (sigaction(2), si_addr)
	bool core;		 // STOP_KILLED: a core was dumped
};

/*
 * Starts the program and stops it at its first instruction (that of ld.so for a dynamic one).
 * A failure to execute is worded with its reason (ENOENT, EACCES, ENOEXEC, ptrace denied …).
 */
FT_CHECK enum ft_rc control_launch(const struct launch *how, struct control **ret);

/* Kills what was launched and is still there, and waits for it. Accepts NULL. */
void control_destroy(struct control *c);

/* Resumes whoever stopped last, waits, classifies. FT_NONE: the process is gone. */
FT_CHECK enum ft_rc control_next(struct control *c, struct stop *ret);

pid_t control_pid(const struct control *c);

uint64_t control_now(void); // CLOCK_MONOTONIC in ns, as in stop.time_ns

/* A thread through which /proc can be read: the first one may have ended before the others. */
pid_t control_alive(const struct control *c);

/* kill(2) for a signal handler, which has no struct control; async-signal-safe. */
void control_send(pid_t pid, int signal);

/* The process's memory with our bytes hidden. Valid until control_destroy(). */
struct memory control_memory(struct control *c);

/* General registers of a stopped thread. */
FT_CHECK enum ft_rc control_regs(struct control *c, pid_t tid, struct regs *ret);

/* SSE and x87 registers of a stopped thread. */
FT_CHECK enum ft_rc control_fp(struct control *c, pid_t tid, struct fp_regs *ret);

/*
 * From its next resume on, the stopped thread is single-stepped and each instruction is a
 * STOP_STEP, or no longer. Sites yield their hits as ever, and what runs in a slot counts as run at
 * home. Signals are delivered as ever; the handler is stepped too. The program does not get to see
 * the trap flag. Only who sets that flag itself is disturbed.
 */
void control_step(struct control *c, pid_t tid, bool on);

/*
 * Maps a page run for slots at exactly [addr, addr + len), which must be free and within 2 GiB of
 * the code it serves. Only while a thread of the process is stopped. May be called several
 * times.
 */
FT_CHECK enum ft_rc control_map_slots(struct control *c, uint64_t addr, uint64_t len);

/* True if slots mapped before still have room for n sites within reach of [lo, hi). */
bool control_has_slots(const struct control *c, uint64_t lo, uint64_t hi, size_t n);

/* Bytes of slot area that n sites need at most. */
uint64_t control_slots_len(size_t n);

/*
 * A site at d->home: every thread that reaches it yields a hit with what plan asks for. The id
 * comes back in hit.site. Nothing is written until control_arm(). FT_FAIL if no slot area is near.
 */
FT_CHECK enum ft_rc control_add_site(struct control *c, const struct displaced *d,
				     const struct capture_plan *plan, uint32_t *ret);

/* The id of the site at an address; false if there is none. */
bool control_site_at(const struct control *c, uint64_t addr, uint32_t *ret);

/*
 * The thread's innermost traced function is [lo, hi): the next entry that was called from elsewhere
 * is held even with early resume, so that the stack between them can be walked. [0, UINT64_MAX)
 * expects nothing.
 */
void control_expect(struct control *c, pid_t tid, uint64_t lo, uint64_t hi);

/* While on, early resume is off: the memory is to be seen as it is at each hit. */
void control_hold(struct control *c, bool on);

/* Writes all sites added since the last call: slots first, then the int3 bytes. */
FT_CHECK enum ft_rc control_arm(struct control *c);

/* Forgets the sites and slot areas in [lo, hi): their module was unmapped. Nothing is written. */
void control_forget(struct control *c, uint64_t lo, uint64_t hi);

/* True if addr lies in a slot area: memory that the program has from us. */
bool control_is_ours(const struct control *c, uint64_t addr);

/* Puts every replaced byte back and stops reporting hits; the program runs on, still waited for. */
void control_disarm(struct control *c);

/* What the engine did, for the closing summary and the tests. */
struct control_stats {
	uint64_t hits;	   // stops at sites
	uint64_t stops;	   // all stops
	uint64_t steps;	   // single steps taken for what cannot be relocated
	uint64_t stepped;  // instructions of stepping threads
	uint64_t children; // forked and let go
	uint64_t threads;  // seen in all, the first included
};
struct control_stats control_stats(const struct control *c);

#endif
