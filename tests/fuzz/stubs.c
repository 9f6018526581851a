/* stubs.c - tests: what the fuzz targets have instead of GDB and of the commands. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bridge/gdb_bridge.h"
#include "shell/command.h"

/* A few commands with options of every sort, for the parser. */
static void run_nothing(struct args *args UNUSED)
{
}

static const struct option plain_options[] = {
	{ "a", NULL, "no argument" },	{ "al", NULL, "a longer name" },
	{ "c", "cpus", "an argument" }, { "i", "=shared", "an argument that may be left out" },
	{ "16", NULL, "a number" },	{ NULL, NULL, NULL },
};

static const struct command with_options = { .name = "options",
					     .synopsis = "[-a | -al] [-c cpus]",
					     .options = plain_options,
					     .run = run_nothing };
static const struct command without_options = { .name = "plain", .run = run_nothing };
static const struct command raw = { .name = "raw", .flags = COMMAND_RAW_LINE, .run = run_nothing };

const struct command *const command_table[] = { &with_options, &without_options, &raw, NULL };

static bool no_gdb(struct strbuf *error)
{
	if (error)
		strbuf_puts(error, "no gdb here");
	return false;
}

void gdb_bridge_setup(const struct gdb_bridge_ops *ops UNUSED)
{
}

bool gdb_bridge_started(void)
{
	return false;
}

bool gdb_has_debug_files(void)
{
	return false;
}

void gdb_bridge_changed(void)
{
}

void gdb_bridge_symbols_changed(void)
{
}

bool gdb_bridge_has_python(void)
{
	return false;
}

const char *gdb_bridge_version(void)
{
	return "none";
}

bool gdb_run(const char *command UNUSED, enum gdb_effort effort UNUSED,
	     struct strbuf *output UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_evaluate(const char *expression UNUSED, enum gdb_effort effort UNUSED, u64 *value UNUSED,
		  struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_attach_dwarf(struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_has_dwarf(void)
{
	return false;
}

bool gdb_type_size(const char *type UNUSED, u64 *size UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_type_member(const char *type UNUSED, const char *path UNUSED,
		     struct gdb_member *member UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_enumerator(const char *name UNUSED, s64 *value UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_symbol_type(const char *name UNUSED, enum gdb_effort effort UNUSED,
		     struct strbuf *type UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_line_at(u64 pc UNUSED, struct strbuf *file UNUSED, u32 *line UNUSED, struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_source_lines(u64 pc UNUSED, u32 first UNUSED, u32 last UNUSED, struct strbuf *text UNUSED,
		      struct strbuf *error)
{
	return no_gdb(error);
}

bool gdb_is_command(const char *word UNUSED)
{
	return false;
}

bool gdb_command_name(const char *line UNUSED, char *name UNUSED, size_t space UNUSED)
{
	return false;
}

void gdb_each_aggregate(void (*each)(void *arg, const char *name) UNUSED, void *arg UNUSED)
{
}
