#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"

int usage_error(const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ft_say("%s; see frametrace --help", text);
	return EXIT_USAGE;
}

int failed(void)
{
	ft_say("%s", ft_error());
	return EXIT_BAD;
}

int finish_stdout(int status)
{
	errno = 0; // a write may have failed long ago: then nobody knows any more why
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	ft_say("standard output: %s", errno ? strerror(errno) : "not all of it could be written");
	return EXIT_BAD;
}

/*
 * A standard stream that is closed stays closed for the program, but no file of ours may take its
 * number meanwhile. A trace to a closed standard error goes nowhere, as whoever closed it wished.
 */
static void occupy_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			_exit(EXIT_BAD);
}

static int help(int argc, char **argv)
{
	char option[] = "--help";
	const char *word = argc > 1 ? argv[1] : "trace";
	if (argc > 2)
		return usage_error("help takes one COMMAND: '%s' is too much", argv[2]);
	for (size_t i = 0; commands[i]; i++) {
		char *words[] = {argv[argc > 1 ? 1 : 0], option, NULL};
		if (strcmp(word, commands[i]->name) == 0)
			return commands[i]->run(2, words);
	}
	return usage_error("there is no command '%s'", word);
}

int main(int argc, char **argv)
{
	occupy_stdio();
	if (argc > 1 && strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	for (size_t i = 1; argc > 1 && commands[i]; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	return commands[0]->run(argc, argv);
}
