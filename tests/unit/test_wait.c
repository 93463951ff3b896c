#include "test.h"

#include <signal.h>
#include <sys/ptrace.h>

#include "control/wait.h"

static int stopped(int signal, int event)
{
	return (event << 16) | (signal << 8) | 0x7f;
}

TEST(exits_and_kills)
{
	struct wait_result r = wait_classify(7, 8 << 8);
	CHECK_EQ_I(r.tid, 7);
	CHECK_EQ_I(r.kind, WAIT_EXITED);
	CHECK_EQ_I(r.value, 8);
	r = wait_classify(7, SIGSEGV | 0x80);
	CHECK_EQ_I(r.kind, WAIT_KILLED);
	CHECK_EQ_I(r.value, SIGSEGV);
	CHECK(r.core);
	CHECK(!wait_classify(7, SIGKILL).core);
}

TEST(stops)
{
	static const struct {
		int signal, event;
		enum wait_kind kind;
	} table[] = {
		{SIGTRAP, 0, WAIT_SIGNAL},
		{SIGSEGV, 0, WAIT_SIGNAL},
		{SIGSTOP, 0, WAIT_SIGNAL}, // about to be delivered, not yet a group-stop
		{SIGSTOP, PTRACE_EVENT_STOP, WAIT_GROUP_STOP},
		{SIGTSTP, PTRACE_EVENT_STOP, WAIT_GROUP_STOP},
		{SIGTTIN, PTRACE_EVENT_STOP, WAIT_GROUP_STOP},
		{SIGTTOU, PTRACE_EVENT_STOP, WAIT_GROUP_STOP},
		{SIGTRAP, PTRACE_EVENT_STOP, WAIT_FIRST_STOP},
		{SIGTRAP, PTRACE_EVENT_FORK, WAIT_FORK},
		{SIGTRAP, PTRACE_EVENT_VFORK, WAIT_VFORK},
		{SIGTRAP, PTRACE_EVENT_CLONE, WAIT_CLONE},
		{SIGTRAP, PTRACE_EVENT_EXEC, WAIT_EXEC},
		{SIGTRAP, PTRACE_EVENT_EXIT, WAIT_LEAVING},
		{SIGTRAP, PTRACE_EVENT_SECCOMP, WAIT_OTHER},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct wait_result r = wait_classify(1, stopped(table[i].signal, table[i].event));
		CHECK_EQ_I(r.kind, table[i].kind);
		CHECK_EQ_I(r.value, table[i].signal);
	}
}

TEST_MAIN
