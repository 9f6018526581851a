/* bridge/gdb_internal.hh - what the files that see GDB's headers share. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GDB is C++ and reports errors as exceptions; our callers are C and must see none. Every entry
 * point runs its work in guarded(), which catches all of them. What goes to the caller's strbufs is
 * collected in std::string first and added when no C++ object is alive, because adding may fail().
 */
#ifndef GDB_INTERNAL_HH
#define GDB_INTERNAL_HH

/* GDB has its own of these, with C++ linkage. */
#undef ARRAY_SIZE
#define streq crash_util_streq
#include "gdb_bridge.h"
#undef streq

#include <gdbsupport/function-view.h>
#include <gdbthread.h>

#include <string>

namespace bridge
{
/* What the bridge was given; never null. */
extern const struct gdb_bridge_ops *ops;

/* ---- gdb_start.cc ---- */

bool ensure_started(std::string *problem);
/* Runs WORK; false and why when it ends in any exception. */
bool guarded(std::string *problem, gdb::function_view<void()> work);
/*
 * Runs WORK with as much debug information as EFFORT allows. ANSWER is WORK's own text so far:
 * emptied before a second try.
 */
bool with_effort(enum gdb_effort effort, std::string *answer, std::string *problem,
		 gdb::function_view<void()> work);
/*
 * The only place where text goes to the caller: TEXT's storage is the one thing an
 * abort would leak.
 */
void add_text(struct strbuf *buf, const std::string &text);

/* ---- gdb_target.cc ---- */

/* The dump becomes what GDB looks at. */
void push_target();
/* The registers of tasks are asked for again. */
void forget_registers();
/* While GDB lists threads, those without registers count, too. */
void about_to_list_threads(bool listing);
/*
 * GDB's current thread is our current task. Until a command asks for threads there is one, which
 * stands for whatever task is current, so that nobody looks for tasks who only wants a type.
 */
void follow_current_task(bool threads_wanted);
/* And the other way round, after `thread N`. */
void lead_current_task();
thread_info *thread_of(u64 id, u32 pid);
}

#endif
