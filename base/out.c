/* base/out.c - where a command's answer goes: the terminal, a pipe, a file or a string. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/out.h"

#include "base/fail.h"
#include "base/progress.h"

#include <errno.h>
#include <stdlib.h>

static FILE *stream;
static int error; /* see out_error() */
static FILE *broken; /* the stream that failed last, and why: errno tells it only just then */
static int broken_error;
static void (*taker)(const char *text, size_t length);

FILE *out_stream(void)
{
	return stream ? stream : stdout;
}

void out_failed(FILE *failed, int why)
{
	broken = failed;
	broken_error = why;
}

FILE *out_redirect(FILE *new_stream)
{
	FILE *old = stream;

	/* What that loses is found by the next check(), which needs the reason. */
	if (stream && stream != new_stream && fflush(stream) != 0)
		out_failed(stream, errno);
	if (new_stream && new_stream == broken && !ferror(new_stream))
		broken = NULL; /* a new one, where an old one was */
	stream = new_stream;
	return old;
}

/* Somebody wrote to a stream and did not look: trying again tells why it failed. */
static int retried(FILE *failed)
{
	return fflush(failed) != 0 ? errno : EIO;
}

/*
 * A reader that went away (`| head`) ends the command quietly; a full disk is said. Both are marked
 * as interrupts, because no single row of a listing is to blame.
 */
static void end_output(int result)
{
	struct failure failure = { .text = "", .interrupted = true };
	int why = errno;

	if (out_stream() == broken && ferror(broken))
		why = broken_error;
	else if (result >= 0)
		why = retried(out_stream());
	if (why == EINTR || why == EAGAIN) {
		clearerr(out_stream());
		interrupt_check();
		return;
	}
	out_failed(out_stream(), why);
	if (out_stream() == stdout && !error)
		error = why;
	if (why != EPIPE)
		snprintf(failure.text, sizeof(failure.text), "cannot write the output: %s",
			 strerror(why));
	fail_again(&failure);
}

static void check(int result)
{
	if (result < 0 || ferror(out_stream()))
		end_output(result);
}

/* The stream for what is printed now; the line of progress must not be in its way. */
static FILE *stream_to_write(void)
{
	if (out_stream() == stdout)
		progress_clear();
	return out_stream();
}

void out_check(void)
{
	check(0);
}

void out_set_taker(void (*new_taker)(const char *text, size_t length))
{
	taker = new_taker;
}

/*
 * One buffer for all: a taker that fails (a full disk, a reader that left) does not come back here.
 */
static void give_taker(const char *format, va_list args)
{
	static struct strbuf text;

	strbuf_reset(&text);
	strbuf_vprintf(&text, format, args);
	taker(strbuf_text(&text), text.length);
}

void out(const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	if (taker) {
		give_taker(format, args);
		va_end(args);
		return;
	}
	result = vfprintf(stream_to_write(), format, args);
	va_end(args);
	check(result);
}

int out_error(void)
{
	return error;
}

void out_flush(void)
{
	check(fflush(out_stream()));
}

void out_text(const char *text)
{
	if (taker) {
		taker(text, strlen(text));
		return;
	}
	check(fputs(text, stream_to_write()));
}

void out_bytes(const void *data, size_t length)
{
	if (taker) {
		taker(data, length);
		return;
	}
	check(fwrite(data, 1, length, stream_to_write()) == length ? 0 : -1);
}

struct capture {
	void (*body)(void *arg);
	void *arg;
};

static void capture_body(void *arg)
{
	struct capture *capture = arg;

	capture->body(capture->arg);
}

void out_capture(void (*body)(void *arg), void *arg, struct strbuf *text)
{
	struct capture capture = { body, arg };
	struct failure failure;
	char *data = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&data, &size);
	void (*outer_taker)(const char *text, size_t length) = taker;
	FILE *old;
	bool worked;

	if (!memory)
		fail("out of memory while catching output");
	old = out_redirect(memory);
	taker = NULL;
	worked = protect(capture_body, &capture, &failure);
	taker = outer_taker;
	out_redirect(old);
	fclose(memory);
	strbuf_add(text, data, size);
	free(data);
	if (!worked)
		fail_again(&failure);
}
