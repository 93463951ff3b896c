// vas_explore - sleeps, so that its address space can be looked at meanwhile; the twin of
// vas_explore.rs.
//
// Look for: cat /proc/$(pidof vas_explore_c)/maps while it sleeps (hours, or as many seconds as its
// argument says). Compare with the Rust twin: no pair of lines for an alternate signal stack, and
// other names of libraries. [heap] is there because puts() asked for a buffer.
// not: run
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5 * 60 * 60;

	puts("Hello, address space!");
	fflush(stdout);
	while (seconds > 0)
		seconds = sleep(seconds); // a signal may cut it short: then sleep the rest
	puts("Goodbye, address space!");
	return 0;
}
