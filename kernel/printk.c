/* kernel/printk.c - the kernel's log, out of struct printk_ringbuffer. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/printk.h"

#include "base/fail.h"
#include "containers/kcopy.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>

/*
 * The buffer has three arrays: descriptors, infos (same index), and a ring of text.
 *
 *	id          counts records; its low bits index both arrays
 *	descriptor  state and id in one word; where the text begins and where the next one does
 *	info        sequence number, time, level, length of the text, device
 *	text block  the id again (8 bytes), then the text; never split: a block that would cross
 *	            the end of the ring is written at its start, and the space before the end stays
 *	            unused
 *
 * A position in the text ring only grows; its low bits are the offset. Odd positions mean "no
 * block": 3 for an empty line, anything else for text that was lost.
 */
KSYMBOL(prb, "prb"); /* v5.10 896fbe20b4e2 printk: use the lockless ringbuffer */
KTYPE(printk_ringbuffer, "struct printk_ringbuffer");
KTYPE(prb_desc, "struct prb_desc");
KTYPE(printk_info, "struct printk_info");
KFIELD(ring_count_bits, "printk_ringbuffer.desc_ring.count_bits");
KFIELD(ring_descs, "printk_ringbuffer.desc_ring.descs");
KFIELD(ring_infos, "printk_ringbuffer.desc_ring.infos");
KFIELD(ring_head_id, "printk_ringbuffer.desc_ring.head_id.counter");
KFIELD(ring_tail_id, "printk_ringbuffer.desc_ring.tail_id.counter");
KFIELD(ring_size_bits, "printk_ringbuffer.text_data_ring.size_bits");
KFIELD(ring_data, "printk_ringbuffer.text_data_ring.data");
KFIELD(desc_state, "prb_desc.state_var.counter");
KFIELD(desc_begin, "prb_desc.text_blk_lpos.begin");
KFIELD(desc_next, "prb_desc.text_blk_lpos.next");
KFIELD(info_seq, "printk_info.seq");
KFIELD(info_ts_nsec, "printk_info.ts_nsec");
KFIELD(info_text_len, "printk_info.text_len");
KFIELD(info_facility, "printk_info.facility");
KFIELD(info_flags, "printk_info.flags");
KFIELD(info_level, "printk_info.level");
KFIELD(info_caller_id, "printk_info.caller_id");
KFIELD(info_subsystem,
       "printk_info.dev_info.subsystem"); /* v5.10 74caba7f2a06 printk: move dictionary keys */
KFIELD(info_device, "printk_info.dev_info.device");

#define ID_BITS 62
#define ID_MASK ((1ULL << ID_BITS) - 1)
#define BLOCK_ID_BYTES 8
#define LPOS_EMPTY_LINE 3

/* The kernel's own limits are 2^26 descriptors and 2^31 bytes of text; more is damage. */
#define MAX_COUNT_BITS 28
#define MAX_SIZE_BITS 34
#define MAX_OBJECT_BYTES 4096

enum { STATE_RESERVED, STATE_COMMITTED, STATE_FINALIZED, STATE_REUSABLE };

struct ring {
	struct kcopy descs, infos, text;
	u64 nr_descs, text_bytes;
	unsigned size_bits;
	size_t desc_bytes, info_bytes;
	u8 *desc, *info; /* of the current record */
	char *text_copy; /* of the current record */
	size_t text_space;
	char dictionary[256];
	bool unreadable; /* the current record is on a page that cannot be read */
	struct fault fault; /* of the first such page */
	bool any_valid; /* a good record was seen: from here on a missing one is a loss */
};

static u64 object_bytes(struct ktype *type, const char *name)
{
	u64 size = ktype_size(type);

	if (size == 0 || size > MAX_OBJECT_BYTES)
		fail("the kernel's %s of %llu bytes makes no sense", name, size);
	return size;
}

static unsigned checked_bits(u64 bits, unsigned limit, const char *what)
{
	if (bits == 0 || bits > limit)
		fail("the log is damaged: %s is %llu", what, bits);
	return bits;
}

void printk_begin(struct printk_iter *it)
{
	struct ring *ring = scope_alloc(sizeof(*ring));
	u64 ring_bytes = object_bytes(&printk_ringbuffer, "printk_ringbuffer");
	u8 *head = scope_alloc(ring_bytes);
	u64 head_id, tail_id, used;

	memset(it, 0, sizeof(*it));
	it->state = ring;
	mem_read(mem_u64(ksymbol_address(&prb), "prb"), head, ring_bytes, "printk_ringbuffer");
	ring->nr_descs = 1ULL << checked_bits(kfield_in(&ring_count_bits, head, ring_bytes),
					      MAX_COUNT_BITS, "desc_ring.count_bits");
	ring->size_bits = checked_bits(kfield_in(&ring_size_bits, head, ring_bytes), MAX_SIZE_BITS,
				       "text_data_ring.size_bits");
	ring->text_bytes = 1ULL << ring->size_bits;
	/*
	 * The kernel has 2^5 bytes of text for a descriptor. Walking more of them takes for ever.
	 */
	if (ring->nr_descs > ring->text_bytes)
		fail("the log is damaged: %llu records in %llu bytes of text", ring->nr_descs,
		     ring->text_bytes);
	ring->desc_bytes = object_bytes(&prb_desc, "prb_desc");
	ring->info_bytes = object_bytes(&printk_info, "printk_info");
	ring->desc = scope_alloc(ring->desc_bytes);
	ring->info = scope_alloc(ring->info_bytes);
	kcopy_begin(&ring->descs, kfield_in(&ring_descs, head, ring_bytes),
		    ring->nr_descs * ring->desc_bytes);
	kcopy_begin(&ring->infos, kfield_in(&ring_infos, head, ring_bytes),
		    ring->nr_descs * ring->info_bytes);
	kcopy_begin(&ring->text, kfield_in(&ring_data, head, ring_bytes), ring->text_bytes);

	head_id = kfield_in(&ring_head_id, head, ring_bytes) & ID_MASK;
	tail_id = kfield_in(&ring_tail_id, head, ring_bytes) & ID_MASK;
	used = ((head_id - tail_id) & ID_MASK) + 1;
	if (used > ring->nr_descs) {
		snprintf(it->why, sizeof(it->why),
			 "head_id %llx and tail_id %llx do not belong together", head_id, tail_id);
		/* Every descriptor says its own id, so the newest full round is still readable. */
		tail_id = (head_id - ring->nr_descs + 1) & ID_MASK;
	}
	it->next_id = tail_id;
	it->end_id = (head_id + 1) & ID_MASK;
}

/* False: that part of the buffer is on a page that cannot be read. */
static bool read_part(struct ring *ring, struct kcopy *part, u64 offset, void *buf, size_t length)
{
	u8 byte;

	if (kcopy_read(part, offset, buf, length))
		return true;
	if (!range_fits(offset, length, part->size))
		return false;
	ring->unreadable = true;
	/* Which of the bytes is missing does not matter: the first or the last is on the page. */
	if (ring->fault.reason == FAULT_NONE &&
	    mem_try_read(part->address + offset, &byte, 1, &ring->fault))
		mem_try_read(part->address + offset + length - 1, &byte, 1, &ring->fault);
	return false;
}

/*
 * Reads the text of the record ID into ring->text_copy. False: overwritten or damaged. A block ends
 * where the next begins; when that is in the following round of the ring, and not just at its
 * start, the block was moved to offset 0.
 */
static bool read_text(struct ring *ring, u64 id, size_t *length)
{
	u64 begin = kfield_in(&desc_begin, ring->desc, ring->desc_bytes);
	u64 next = kfield_in(&desc_next, ring->desc, ring->desc_bytes);
	u64 mask = ring->text_bytes - 1;
	u64 offset = begin & mask, block_bytes, block_id;
	u8 id_bytes[BLOCK_ID_BYTES];

	if (begin & next & 1) {
		*length = 0;
		return begin == LPOS_EMPTY_LINE && next == LPOS_EMPTY_LINE;
	}
	if (begin >> ring->size_bits == (next - 1) >> ring->size_bits) {
		block_bytes = next - begin;
	} else if ((begin + ring->text_bytes) >> ring->size_bits == (next - 1) >> ring->size_bits) {
		offset = 0;
		block_bytes = ((next - 1) & mask) + 1;
	} else {
		return false;
	}
	if (begin % BLOCK_ID_BYTES != 0 || block_bytes < BLOCK_ID_BYTES ||
	    block_bytes > ring->text_bytes)
		return false;
	if (!read_part(ring, &ring->text, offset, id_bytes, sizeof(id_bytes)))
		return false;
	block_id = load_u64(id_bytes);
	if ((block_id & ID_MASK) != id)
		return false;
	*length = min_u64(kfield_in(&info_text_len, ring->info, ring->info_bytes),
			  block_bytes - BLOCK_ID_BYTES);
	if (*length >= ring->text_space) {
		ring->text_space = *length + 1024;
		ring->text_copy = scope_alloc(ring->text_space);
	}
	ring->text_copy[*length] = '\0';
	return read_part(ring, &ring->text, offset + BLOCK_ID_BYTES, ring->text_copy, *length);
}

static void add_dictionary(struct ring *ring, size_t *used, const char *key, struct kfield *field)
{
	u64 offset, size;
	const char *value;
	size_t length;

	if (!kfield_exists(field))
		return;
	offset = kfield_offset(field);
	size = kfield_size(field);
	if (!range_fits(offset, size, ring->info_bytes))
		return;
	value = (const char *)ring->info + offset;
	length = strnlen(value, size);
	if (length == 0 || *used + strlen(key) + length + 2 > sizeof(ring->dictionary))
		return;
	*used += 1 + (size_t)snprintf(ring->dictionary + *used, sizeof(ring->dictionary) - *used,
				      "%s=%.*s", key, (int)length, value);
}

/* Only the place of the main members is in vmcoreinfo, which may be all there is to go by. */
static u64 info_or_zero(const struct ring *ring, struct kfield *field)
{
	return kfield_exists(field) ? kfield_in(field, ring->info, ring->info_bytes) : 0;
}

static void fill_record(struct ring *ring, struct printk_record *record, unsigned state,
			size_t length)
{
	size_t used = 0;

	*record = (struct printk_record){
		.sequence = kfield_in(&info_seq, ring->info, ring->info_bytes),
		.nanoseconds = kfield_in(&info_ts_nsec, ring->info, ring->info_bytes),
		.caller_id = info_or_zero(ring, &info_caller_id),
		.facility = info_or_zero(ring, &info_facility),
		.level = info_or_zero(ring, &info_level),
		.flags = info_or_zero(ring, &info_flags),
		.is_open = state == STATE_COMMITTED,
		.text = length == 0 ? "" : ring->text_copy,
		.text_bytes = length,
		.dictionary = ring->dictionary,
	};
	add_dictionary(ring, &used, "SUBSYSTEM", &info_subsystem);
	add_dictionary(ring, &used, "DEVICE", &info_device);
	record->dictionary_bytes = used;
}

enum record_found { RECORD_GOOD, RECORD_NONE, RECORD_LOST };

static enum record_found read_record(struct ring *ring, u64 id, struct printk_record *record)
{
	u64 index = id & (ring->nr_descs - 1);
	unsigned state;
	size_t length;
	u64 word;

	if (!read_part(ring, &ring->descs, index * ring->desc_bytes, ring->desc, ring->desc_bytes))
		return RECORD_LOST;
	word = kfield_in(&desc_state, ring->desc, ring->desc_bytes);
	state = word >> ID_BITS;
	/* A descriptor that still has an older id was just being taken when the machine stopped. */
	if ((word & ID_MASK) != id)
		return (word & ID_MASK) == ((id - ring->nr_descs) & ID_MASK) ? RECORD_NONE
									     : RECORD_LOST;
	if (state == STATE_RESERVED)
		return RECORD_NONE;
	if (state == STATE_REUSABLE)
		return RECORD_LOST;
	if (!read_part(ring, &ring->infos, index * ring->info_bytes, ring->info, ring->info_bytes))
		return RECORD_LOST;
	if (!read_text(ring, id, &length))
		return RECORD_LOST;
	fill_record(ring, record, state, length);
	return RECORD_GOOD;
}

bool printk_next(struct printk_iter *it, struct printk_record *record)
{
	struct ring *ring = it->state;

	while (it->next_id != it->end_id) {
		u64 id = it->next_id;
		enum record_found found;

		ring->unreadable = false;
		found = read_record(ring, id, record);
		it->next_id = (id + 1) & ID_MASK;
		interrupt_check();
		if (found == RECORD_GOOD) {
			ring->any_valid = true;
			return true;
		}
		/*
		 * Older ones than the first good record were simply overwritten: that is how
		 * a ring works.
		 */
		if (found == RECORD_LOST && (ring->any_valid || ring->unreadable))
			it->nr_lost++;
		if (ring->unreadable)
			snprintf(it->lost_why, sizeof(it->lost_why), "%s",
				 fault_text(&ring->fault));
	}
	return false;
}
