/* shell/gdb_settings.c - how gdb reads and prints: what `set` and options of the run change of that. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/gdb_settings.h"

#include "bridge/gdb_bridge.h"

#include <stdio.h>

struct gdb_settings gdb_settings = { .radix = 10, .print_max = 256 };

/* What gdb was told last. All zero: nothing yet. */
static struct {
	bool told;
	unsigned radix, print_max;
	bool print_array, null_stop;
} gdb_knows;

static void tell_gdb(const char *setting, const char *value)
{
	struct strbuf output = { 0 }, command = { 0 };

	strbuf_printf(&command, "set %s %s", setting, value);
	/* A gdb without this setting prints in its own way, which is no reason to stop. */
	gdb_run(strbuf_text(&command), GDB_NO_DWARF, &output, NULL);
	strbuf_free(&command);
	strbuf_free(&output);
}

void gdb_settings_sync(void)
{
	bool first = !gdb_knows.told;
	char number[32];

	gdb_knows.told = true;
	if (first) {
		/* Every element as it is: "0 <repeats 12 times>" is no list of words to search. */
		tell_gdb("print repeats", "unlimited");
		/* On a live kernel tasks begin and end all the time. */
		tell_gdb("print thread-events", "off");
	}
	if (first || gdb_knows.radix != gdb_settings.radix)
		tell_gdb("output-radix", gdb_settings.radix == 16 ? "16" : "10");
	if (first || gdb_knows.print_max != gdb_settings.print_max) {
		snprintf(number, sizeof(number), "%u", gdb_settings.print_max);
		tell_gdb("print elements", number);
	}
	if (first || gdb_knows.print_array != gdb_settings.print_array)
		tell_gdb("print array", on_off(gdb_settings.print_array));
	if (first || gdb_knows.null_stop != gdb_settings.null_stop)
		tell_gdb("print null-stop", on_off(gdb_settings.null_stop));
	gdb_knows.radix = gdb_settings.radix;
	gdb_knows.print_max = gdb_settings.print_max;
	gdb_knows.print_array = gdb_settings.print_array;
	gdb_knows.null_stop = gdb_settings.null_stop;
}
