/* fake_log.c - test helper: a kernel log in the fake dump, written as the kernel's printk writes it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake_log.h"

#include "base/fail.h"
#include "fake.h"

#define ID_MASK ((1ULL << 62) - 1)
#define MAX_RECORDS 65536

enum {
	RING_COUNT_BITS = 0,
	RING_DESCS = 8,
	RING_INFOS = 16,
	RING_HEAD_ID = 24,
	RING_TAIL_ID = 32,
	RING_SIZE_BITS = 48,
	RING_DATA = 56,
	RING_HEAD_LPOS = 64,
	RING_TAIL_LPOS = 72,
	RING_BYTES = 88
};

static struct {
	unsigned count_bits, size_bits;
	bool exact_end;
	u64 next_sequence, oldest;
	u64 head_id, tail_id, head_lpos, tail_lpos;
	u64 begins[MAX_RECORDS], nexts[MAX_RECORDS];
} made;

void fake_log_types(void)
{
	fake_struct("atomic_long", 8, (struct fake_member[]){ { .name = "counter", .size = 8 } },
		    1);
	fake_struct("prb_data_blk_lpos", 16,
		    (struct fake_member[]){ { .name = "begin", .size = 8 },
					    { .name = "next", .offset = 8, .size = 8 } },
		    2);
	fake_struct("prb_desc", FAKE_DESC_BYTES,
		    (struct fake_member[]){
			    { .name = "state_var", .size = 8, .type = "atomic_long" },
			    { .name = "text_blk_lpos", .offset = 8, .type = "prb_data_blk_lpos" } },
		    2);
	fake_struct("dev_printk_info", 64,
		    (struct fake_member[]){
			    { .name = "subsystem", .size = 1, .count = 16 },
			    { .name = "device", .offset = 16, .size = 1, .count = 48 } },
		    2);
	fake_struct("printk_info", FAKE_INFO_BYTES,
		    (struct fake_member[]){
			    { .name = "seq", .size = 8 },
			    { .name = "ts_nsec", .offset = 8, .size = 8 },
			    { .name = "text_len", .offset = 16, .size = 2 },
			    { .name = "facility", .offset = 18, .size = 1 },
			    { .name = "flags", .offset = 19, .size = 1, .bit_size = 5 },
			    { .name = "level",
			      .offset = 19,
			      .size = 1,
			      .bit_offset = 5,
			      .bit_size = 3 },
			    { .name = "caller_id", .offset = 20, .size = 4 },
			    { .name = "dev_info", .offset = 24, .type = "dev_printk_info" } },
		    8);
	fake_struct("prb_desc_ring", 48,
		    (struct fake_member[]){
			    { .name = "count_bits", .size = 4 },
			    { .name = "descs", .offset = RING_DESCS, .size = 8 },
			    { .name = "infos", .offset = RING_INFOS, .size = 8 },
			    { .name = "head_id", .offset = RING_HEAD_ID, .type = "atomic_long" },
			    { .name = "tail_id", .offset = RING_TAIL_ID, .type = "atomic_long" } },
		    5);
	fake_struct("prb_data_ring", 32,
		    (struct fake_member[]){
			    { .name = "size_bits", .size = 4 },
			    { .name = "data", .offset = 8, .size = 8 },
			    { .name = "head_lpos", .offset = 16, .type = "atomic_long" },
			    { .name = "tail_lpos", .offset = 24, .type = "atomic_long" } },
		    4);
	fake_struct("printk_ringbuffer", RING_BYTES,
		    (struct fake_member[]){ { .name = "desc_ring", .type = "prb_desc_ring" },
					    { .name = "text_data_ring",
					      .offset = RING_SIZE_BITS,
					      .type = "prb_data_ring" } },
		    2);
	fake_symbol("prb", fake_kva(FAKE_LOG_POINTER));
}

static void put(u64 paddr, u64 value, size_t width)
{
	memcpy(fake_phys(paddr), &value, width);
}

static void put_heads(void)
{
	put(FAKE_LOG_RING + RING_HEAD_ID, made.head_id, 8);
	put(FAKE_LOG_RING + RING_TAIL_ID, made.tail_id, 8);
	put(FAKE_LOG_RING + RING_HEAD_LPOS, made.head_lpos, 8);
	put(FAKE_LOG_RING + RING_TAIL_LPOS, made.tail_lpos, 8);
}

static u64 index_of(u64 id)
{
	return id & ((1ULL << made.count_bits) - 1);
}

/* Ids and positions start just below the point where they overflow, as the kernel's do. */
void fake_log_start(unsigned count_bits, unsigned size_bits, bool exact_end)
{
	memset(&made, 0, sizeof(made));
	made.count_bits = count_bits;
	made.size_bits = size_bits;
	made.exact_end = exact_end;
	made.head_id = made.tail_id = -((1ULL << count_bits) + 1) & ID_MASK;
	made.head_lpos = made.tail_lpos = -(1ULL << size_bits);
	put(FAKE_LOG_POINTER, fake_kva(FAKE_LOG_RING), 8);
	put(FAKE_LOG_RING + RING_COUNT_BITS, count_bits, 4);
	put(FAKE_LOG_RING + RING_DESCS, fake_kva(FAKE_LOG_DESCS), 8);
	put(FAKE_LOG_RING + RING_INFOS, fake_kva(FAKE_LOG_INFOS), 8);
	put(FAKE_LOG_RING + RING_SIZE_BITS, size_bits, 4);
	put(FAKE_LOG_RING + RING_DATA, fake_kva(FAKE_LOG_TEXT), 8);
	put(FAKE_LOG_DESCS + index_of(made.head_id) * FAKE_DESC_BYTES, 3ULL << 62 | made.head_id,
	    8);
	put(FAKE_LOG_DESCS + index_of(made.head_id) * FAKE_DESC_BYTES + 8, 1, 8);
	put(FAKE_LOG_DESCS + index_of(made.head_id) * FAKE_DESC_BYTES + 16, 1, 8);
	put_heads();
}

/* The first record ever gets the id after the first head. */
static u64 id_of(u64 sequence)
{
	return (-((1ULL << made.count_bits) + 1) + 1 + sequence) & ID_MASK;
}

u64 fake_log_desc(u64 sequence)
{
	return FAKE_LOG_DESCS + index_of(id_of(sequence)) * FAKE_DESC_BYTES;
}

u64 fake_log_info(u64 sequence)
{
	return FAKE_LOG_INFOS + index_of(id_of(sequence)) * FAKE_INFO_BYTES;
}

void fake_log_set_state(u64 sequence, unsigned state)
{
	put(fake_log_desc(sequence), (u64)state << 62 | id_of(sequence), 8);
}

static void forget_oldest(void)
{
	/* Text is taken before descriptors are: the record stays, without its text. */
	if (made.next_sequence - made.oldest <= 1ULL << made.count_bits)
		fake_log_set_state(made.oldest, 3);
	made.oldest++;
}

/* Makes room up to lpos NEXT: records whose block is in the way lose it. */
static void push_text_tail(u64 next)
{
	u64 limit = next - (1ULL << made.size_bits);

	while (made.oldest < made.next_sequence) {
		u64 record = made.oldest;

		if (!(made.begins[record] & 1) && (s64)(limit - made.begins[record]) <= 0)
			break;
		if ((s64)(limit - made.tail_lpos) <= 0)
			break;
		if (!(made.nexts[record] & 1))
			made.tail_lpos = made.nexts[record];
		forget_oldest();
	}
}

static void add_block(u64 sequence, const char *text, size_t length)
{
	u64 mask = (1ULL << made.size_bits) - 1;
	u64 size = align_up(length + 8, 8), begin = made.head_lpos, next = begin + size,
	    offset = begin & mask;
	u64 last = made.exact_end ? next - 1 : next;

	if (size + 8 > mask + 1)
		fail("fake log: the text is too long");
	if (begin >> made.size_bits != last >> made.size_bits) {
		offset = 0;
		next = (last & ~mask) + size;
	}
	push_text_tail(next);
	made.begins[sequence] = begin;
	made.nexts[sequence] = next;
	made.head_lpos = next;
	put(FAKE_LOG_TEXT + offset, id_of(sequence), 8);
	memcpy(fake_phys(FAKE_LOG_TEXT + offset + 8), text, length);
}

u64 fake_log_add(const char *text, size_t length, unsigned level)
{
	u64 sequence = made.next_sequence, info = fake_log_info(sequence);

	if (sequence == MAX_RECORDS)
		fail("fake log: too many records");
	/* The slot's old record goes with its block. */
	if (sequence - made.oldest >= 1ULL << made.count_bits) {
		if (!(made.nexts[made.oldest] & 1))
			made.tail_lpos = made.nexts[made.oldest];
		made.oldest++;
	}
	made.head_id = id_of(sequence);
	if (((made.head_id - made.tail_id) & ID_MASK) >= 1ULL << made.count_bits)
		made.tail_id = (made.tail_id + 1) & ID_MASK;
	made.next_sequence++;
	if (length == 0)
		made.begins[sequence] = made.nexts[sequence] = 3;
	else
		add_block(sequence, text, length);
	memset(fake_phys(info), 0, FAKE_INFO_BYTES);
	put(info, sequence, 8);
	put(info + 8, sequence * 1000000, 8);
	put(info + 16, length, 2);
	put(info + 19, level << 5, 1);
	put(info + 20, 1, 4);
	put(fake_log_desc(sequence) + 8, made.begins[sequence], 8);
	put(fake_log_desc(sequence) + 16, made.nexts[sequence], 8);
	fake_log_set_state(sequence, 2);
	put_heads();
	return sequence;
}

u64 fake_log_oldest(void)
{
	return made.oldest;
}
