// library: tls
static __thread int unused[3];
static __thread long library_counter = 60;

long tls_count(int by);

__attribute__((noinline)) long tls_count(int by)
{
	static __thread int calls = 20;
	library_counter += by;
	calls += by;
	unused[by % 3] = calls;
	return library_counter + calls;
}
