/* kernel/mm/zsmalloc.c - struct zs_pool, zspage, size_class. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handle is the address of a word, which says where the object begins: a page frame, and the
 * object's number in its zspage, a chain of pages. How many bits the number has depends on what
 * the kernel was built for. Each way is tried; the right one leads to an object whose first word
 * names the handle again.
 */
#include "kernel/mm/zsmalloc.h"

#include "base/fail.h"
#include "kernel/mm/page.h"
#include "memory.h"

/* v6.14: zpdesc lies over struct page. */
static const struct modfield zpdesc_zspage = { "zpdesc", { "zspage" }, 0, 0, 0, 0 };
static const struct modfield zpdesc_next = { "zpdesc", { "next" }, 0, 0, 0, 0 };
KFIELD(page_zspage, "page.private");
KFIELD(page_next, "page.index");
static const struct modfield zspage_class = { "zspage", { "class" }, 0, 4, 2, 9 };
static const struct modfield zspage_magic = { "zspage", { "magic" }, 0, 4, 14, 8 };
static const struct modfield class_size = { "size_class", { "size" }, 72, 4, 0, 0 };
static const struct modfield class_objects = { "size_class", { "objs_per_zspage" }, 76, 4, 0, 0 };
static const struct modfield class_pages = { "size_class", { "pages_per_zspage" }, 80, 4, 0, 0 };
static const struct modfield pool_classes = { "zs_pool", { "size_class" }, 8, 255 * 8, 0, 0 };

#define ZSPAGE_MAGIC 0x58
#define MOST_CHAINED_PAGES 16
#define ALLOCATED 1ULL /* in the first word of an object, beside the handle */

/* Of the word behind a handle: the frame's place, and the number's. */
static const struct decoding {
	unsigned frame_shift, index_shift, index_bits;
} decodings[] = {
	{ 24, 0, 24 }, /* since v6.7 */
	{ 24, 0, 15 }, /* since v7.3: the class stands above the number */
	{ 24, 1, 23 }, /* 52 bits of physical addresses, and a bit that says "allocated" */
	{ 30, 1, 29 }, /* 46 bits */
};

struct object {
	u64 page; /* struct page (or zpdesc) that it begins in */
	u64 physical;
	u64 offset; /* in that page */
	u64 space; /* its size, the word with the handle included */
	bool alone; /* it fills its page: the handle stands in struct page */
};

u64 modfield_u64(u64 object, const struct modfield *field)
{
	struct member member;
	u64 bytes = 0;

	if (!modfield_find(field, &member) && !type_exists(field->type))
		fail("struct %s is not known: the types of its module were not read", field->type);
	if (!modfield_find(field, &member))
		fail("this kernel has no %s.%s", field->type, field->paths[0]);
	if (!member.size || member.size > sizeof(bytes))
		fail("%s.%s has %llu bytes: not a number", field->type, field->paths[0],
		     member.size);
	mem_read(object + member.offset, &bytes, member.size, field->paths[0]);
	return member_value(&member, &bytes, false);
}

static u64 zspage_of(u64 page)
{
	return type_exists("zpdesc") ? modfield_u64(page, &zpdesc_zspage)
				     : field_u64(page, &page_zspage);
}

/* Of an object that is alone in its page: its handle. */
static u64 next_of(u64 page)
{
	return type_exists("zpdesc") ? modfield_u64(page, &zpdesc_next)
				     : field_u64(page, &page_next);
}

static bool class_of(u64 pool, u64 zspage, u64 *class)
{
	struct member classes;
	u64 number = modfield_u64(zspage, &zspage_class);

	if (!modfield_find(&pool_classes, &classes) || number >= classes.size / sizeof(u64))
		return false;
	return mem_try_u64(pool + classes.offset + number * sizeof(u64), class, NULL) &&
	       mem_is_kernel_address(*class);
}

static bool fill_object(u64 class, u64 index, struct object *object)
{
	u64 objects = modfield_u64(class, &class_objects);
	u64 pages = modfield_u64(class, &class_pages);

	object->space = modfield_u64(class, &class_size);
	if (index >= objects || pages > MOST_CHAINED_PAGES || object->space > PAGE_BYTES ||
	    objects * object->space > pages * PAGE_BYTES)
		return false;
	object->alone = objects == 1 && pages == 1;
	object->offset = index * object->space % PAGE_BYTES;
	return true;
}

/* Does the word that stands before an object's bytes, or in its struct page, name HANDLE? */
static bool names_handle(const struct object *object, u64 handle)
{
	u64 word;

	if (object->alone)
		word = next_of(object->page);
	else if (object->offset % sizeof(u64) ||
		 !mem_try_read_in(PHYSICAL_SPACE, object->physical + object->offset, &word,
				  sizeof(word), NULL))
		return false;
	return (word | ALLOCATED) == (handle | ALLOCATED);
}

struct attempt {
	u64 pool, handle, word;
	const struct decoding *decoding;
	struct object *object;
	bool found;
};

/*
 * What is no object's place may lead anywhere: a read that fails tells the same as a wrong number.
 */
static void try_decoding(void *arg)
{
	struct attempt *attempt = arg;
	const struct decoding *decoding = attempt->decoding;
	u64 pfn = attempt->word >> decoding->frame_shift, zspage, class;
	u64 index = attempt->word >> decoding->index_shift & ((1ULL << decoding->index_bits) - 1);

	if (pfn >= memory_dump()->max_pfn)
		return;
	attempt->object->page = page_of_pfn(pfn);
	attempt->object->physical = pfn << PAGE_SHIFT;
	zspage = zspage_of(attempt->object->page);
	attempt->found = mem_is_kernel_address(zspage) &&
			 modfield_u64(zspage, &zspage_magic) == ZSPAGE_MAGIC &&
			 class_of(attempt->pool, zspage, &class) &&
			 fill_object(class, index, attempt->object) &&
			 names_handle(attempt->object, attempt->handle);
}

static void find_object(u64 pool, u64 handle, struct object *object)
{
	u64 word = mem_u64(handle, "zsmalloc handle");
	struct failure failure = { .text = "" }, *told = scope_alloc(sizeof(*told));

	for (size_t i = 0; i < ARRAY_SIZE(decodings); i++) {
		struct attempt attempt = { .pool = pool,
					   .handle = handle,
					   .word = word,
					   .decoding = &decodings[i],
					   .object = object };

		if (!protect_row(try_decoding, &attempt, &failure))
			*told = failure;
		if (attempt.found)
			return;
	}
	fail("zsmalloc: the word %llx behind handle %llx leads to no object%s%s", word, handle,
	     told->text[0] ? ": " : "", told->text);
}

static void read_frame(u64 physical, void *buf, size_t bytes)
{
	mem_read_in(PHYSICAL_SPACE, physical, buf, bytes, "a compressed page");
}

void zsmalloc_read(u64 pool, u64 handle, void *buf, size_t bytes)
{
	struct object object = { 0 };
	u64 begin, pfn, in_first;

	find_object(pool, handle, &object);
	begin = object.alone ? 0 : sizeof(u64);
	if (bytes > object.space - begin)
		fail("zsmalloc: %zu bytes in an object of %llu", bytes, object.space);
	begin += object.offset;
	in_first = begin < PAGE_BYTES ? min_u64(PAGE_BYTES - begin, bytes) : 0;
	if (in_first)
		read_frame(object.physical + begin, buf, in_first);
	if (in_first == bytes)
		return;
	if (!page_to_pfn(next_of(object.page), &pfn))
		fail("zsmalloc: the object at physical %llx goes on in a page that is none",
		     object.physical + object.offset);
	begin = begin < PAGE_BYTES ? 0 : begin - PAGE_BYTES;
	read_frame((pfn << PAGE_SHIFT) + begin, (u8 *)buf + in_first, bytes - in_first);
}
