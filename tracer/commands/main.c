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

int main(int argc, char **argv)
{
	occupy_stdio();
	for (size_t i = 1; argc > 1 && commands[i]; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	return commands[0]->run(argc, argv);
}
