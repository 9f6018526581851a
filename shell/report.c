/* shell/report.c - where messages about what went wrong go. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/report.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/progress.h"
#include "shell/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct report_settings report_settings;
static struct strbuf *error_text; /* where error messages go instead; NULL: nobody catches them */

/* Every place where an error message goes; see `help set`, error. */
void report_error(const char *name, const char *text)
{
	const char *separator = *name ? ": " : "";
	FILE *redirected = process_output();
	FILE *file;

	progress_clear();
	if (starts_with(text, "Usage:\n") && !json_on())
		name = separator = "";
	if (error_text) {
		strbuf_printf(error_text, "%s%s%s%s", error_text->length ? "\n" : "", name,
			      separator, text);
		return;
	}
	if (report_settings.file) {
		file = fopen(report_settings.file, "ae");
		if (file) {
			fprintf(file, "%s%s%s\n", name, separator, text);
			fclose(file);
			return;
		}
	}
	if (json_on()) {
		if (!out_error()) /* else it goes nowhere */
			json_error(name, text);
		return;
	}
	if (redirected)
		fprintf(redirected, "%s%s%s\n", name, separator, text);
	if (!redirected ||
	    !(process_output_is_paged() || report_settings.redirect || report_settings.file)) {
		fflush(stdout);
		printf("%s%s%s\n", name, separator, text);
	}
	fflush(stdout);
	if (report_settings.core_dump) {
		report_settings.core_dump = false;
		signal(SIGABRT, SIG_DFL);
		abort();
	}
}

static void stop_catching(void *arg)
{
	error_text = arg;
}

void report_catch(struct strbuf *error)
{
	scope_cleanup(stop_catching, error_text);
	error_text = error;
}
