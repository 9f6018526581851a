/* tests/sanitizers.c - what SAN=1 builds tell AddressSanitizer about GDB, which is not instrumented. */
/* SPDX-License-Identifier: GPL-3.0-or-later */

const char *__asan_default_options(void);

/*
 * GDB brings an operator new of its own that calls malloc, and libstdc++ calls the sanitizer's:
 * memory that one of them gave goes back through the other. Nothing else is switched off: leaks are
 * reported, GDB's too.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=1:alloc_dealloc_mismatch=0:exitcode=99";
}
