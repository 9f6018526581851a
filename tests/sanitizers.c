/* tests/sanitizers.c - what SAN=1 builds tell AddressSanitizer about GDB, which is not instrumented. */
/* SPDX-License-Identifier: GPL-3.0-or-later */

const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

/*
 * GDB brings an operator new of its own that calls malloc, and libstdc++ calls the sanitizer's: memory that
 * one of them gave goes back through the other. Stacks below GDB have no frame pointers: the slow unwinder
 * follows them, so that what is suppressed below can be named.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=1:alloc_dealloc_mismatch=0:fast_unwind_on_malloc=0:exitcode=99";
}

/* Names of functions of GDB's and Python's only: whatever our own code forgets is reported. */
const char *__lsan_default_suppressions(void)
{
	return "leak:_PyObject_\n"
	       "leak:libpython\n";
}
