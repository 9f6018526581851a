/* dump/rawmem.c - raw images of memory, each given with its physical address: FILE@ADDRESS[,...]. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/rawmem.h"
#include "base/fail.h"
#include "dump/extents.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_PADDR (1ULL << 52)

struct rawmem {
	struct extents extents;
	char *paths; /* the file names, each with its NUL */
};

/* The '@' of a word that ends in @ADDRESS; NULL: there is none. */
static const char *find_address(const char *word, u64 *address)
{
	const char *at = strrchr(word, '@');

	return at && at != word && parse_u64(at + 1, 16, address) ? at : NULL;
}

bool rawmem_is_argument(const char *argument)
{
	char *words = xstrdup(argument), *rest = words, *word;
	bool good = access(argument, F_OK) != 0;
	u64 address;

	while (good && (word = strsep(&rest, ",")))
		good = find_address(word, &address) != NULL;
	free(words);
	return good;
}

static bool open_piece(struct dump *dump, char *word, struct strbuf *why)
{
	struct rawmem *rawmem = dump->state;
	struct file_map *file = &dump->files[dump->nr_files];
	struct strbuf reason = { 0 };
	struct extent extent = { 0 };
	char *at = (char *)find_address(word, &extent.start);
	bool good;

	if (!at)
		BUG("%s names no address", word);
	*at = '\0';
	good = file_map_open(file, word, &reason);
	dump->nr_files += good;
	if (good && !range_fits(extent.start, file->size, MAX_PADDR)) {
		strbuf_printf(&reason, "%llx is no place for %llu bytes of physical memory",
			      extent.start, file->size);
		good = false;
	}
	if (!good)
		strbuf_printf(why, "%s: %s", word, strbuf_text(&reason));
	strbuf_free(&reason);
	extent.end = extent.start + file->size;
	extent.file = file;
	if (good)
		extents_add(&rawmem->extents, &extent);
	return good;
}

bool rawmem_open(struct dump *dump, const char *argument, struct strbuf *why)
{
	struct rawmem *rawmem = xcalloc(1, sizeof(*rawmem));
	size_t nr_words = 1;
	char *rest, *word;

	dump->ops = &rawmem_ops;
	dump->state = rawmem;
	rest = rawmem->paths = xstrdup(argument);
	for (const char *c = argument; *c; c++)
		nr_words += *c == ',';
	/* Never moved: the extents point into it. */
	dump->files = xcalloc(nr_words, sizeof(*dump->files));
	while ((word = strsep(&rest, ","))) {
		if (!open_piece(dump, word, why))
			return false;
	}
	if (!extents_sort(&rawmem->extents, why))
		return false;
	dump->max_pfn = extents_max_pfn(&rawmem->extents);
	return true;
}

static bool rawmem_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			     struct fault *fault)
{
	struct rawmem *rawmem = dump->state;

	return extents_read(&rawmem->extents, paddr, buf, length, fault);
}

static bool rawmem_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	struct rawmem *rawmem = dump->state;

	return extents_next_present(&rawmem->extents, pfn, found_pfn);
}

static void rawmem_describe(const struct dump *dump, struct strbuf *text)
{
	const struct rawmem *rawmem = dump->state;

	strbuf_puts(text, "format: raw memory\n");
	extents_describe(&rawmem->extents, text);
}

static void rawmem_close(struct dump *dump)
{
	struct rawmem *rawmem = dump->state;

	extents_free(&rawmem->extents);
	free(rawmem->paths);
	free(rawmem);
	dump->state = NULL;
}

const struct dump_ops rawmem_ops = {
	.name = "raw memory",
	.read_page = rawmem_read_page,
	.next_present = rawmem_next_present,
	.describe = rawmem_describe,
	.close = rawmem_close,
};
