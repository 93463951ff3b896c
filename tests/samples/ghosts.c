// ghosts - what a popped frame leaves behind, and who overwrites it.
// expect: at the push of quiet, `later` is not written yet: its bytes are "local of dangling = 48"
// expect: at the push of louder, 4 bytes of `local` of dangling are overwritten (by its argument n)
// expect: at the second push of quiet, `later` is "n of louder = 7" until it is written
static int *keep(int *p)
{
	return p;
}

static int *dangling(void)
{
	int local = 48;
	return keep(&local);
}

static int quiet(void)
{
	int later;
	later = 3;
	return later;
}

static int louder(int n)
{
	return n + 1;
}

int main(void)
{
	volatile int sum = 0;
	int *p = dangling();
	sum += p != 0;
	sum += quiet();
	dangling();
	sum += louder(7);
	sum += quiet();
	return sum != 15;
}
