/*
 * fuzz.h - what the harnesses share: the entry that libFuzzer calls, and one that tries files.
 *
 * With libFuzzer (make fuzz) its own main() drives the harness. Without, FUZZ_MAIN is a main() that
 * runs every file named on its command line once: tests/fuzz_corpus.py, any compiler.
 */
#ifndef FT_FUZZ_H
#define FT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef FUZZ_PLAIN
#include <stdio.h>
#include <stdlib.h>

enum { FUZZ_LARGEST = 1 << 24 };

static int fuzz_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(FUZZ_LARGEST);

	if (!file || !bytes) {
		perror(path);
		free(bytes);
		if (file)
			fclose(file);
		return 1;
	}
	size_t len = fread(bytes, 1, FUZZ_LARGEST, file);
	fclose(file);
	uint8_t *exact = malloc(len ? len : 1); // so that a tool sees every byte read behind it
	if (exact) {
		for (size_t i = 0; i < len; i++)
			exact[i] = bytes[i];
		LLVMFuzzerTestOneInput(exact, len);
	}
	free(exact);
	free(bytes);
	return 0;
}

#define FUZZ_MAIN                                                                                  \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		int bad = 0;                                                                       \
		for (int i = 1; i < argc; i++)                                                     \
			bad |= fuzz_file(argv[i]);                                                 \
		return bad;                                                                        \
	}
#else
#define FUZZ_MAIN
#endif

#endif
