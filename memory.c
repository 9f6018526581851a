/* memory.c - L3: addresses become bytes, members of kernel objects become values. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include "base/debug.h"
#include "base/fail.h"

/*
 * Translations of 4 KB pieces of the kernel's mapped regions (vmalloc, modules, vmemmap
 * ...), one set a thread so that searches on several cores need no lock. Direct map and
 * image never come here.
 */
#define TLB_ENTRIES 1024

struct tlb_entry {
	u64 page; /* address of the piece; 0: empty */
	u64 paddr;
	u64 generation;
};

static _Thread_local struct tlb_entry tlb[TLB_ENTRIES];

static struct {
	struct dump *dump;
	const struct arch_ops *arch;
	struct kernel_layout layout;
	bool zero_excluded;
	bool (*read_swapped)(unsigned type, u64 offset, u64 in_page, void *buf, size_t length,
			     struct fault *fault);
	u64 generation; /* entries of another one are stale */
} memory;

void memory_init(struct dump *dump, const struct arch_ops *arch, const struct kernel_layout *layout)
{
	memory.dump = dump;
	memory.arch = arch;
	memory.layout = *layout;
	memory.generation++;
	if (debug_on(DEBUG_FILES))
		debug_say("memory: direct map at %llx, image moved by %llx, phys_base %llx, "
			  "page tables of %u levels at %llx",
			  layout->page_offset, layout->kaslr_offset, layout->phys_base,
			  layout->levels, layout->top_table);
}

void memory_forget_translations(void)
{
	memory.generation++;
}

const struct kernel_layout *memory_layout(void)
{
	return &memory.layout;
}

struct dump *memory_dump(void)
{
	return memory.dump;
}

bool memory_is_live(void)
{
	return memory.dump && memory.dump->live;
}

const struct arch_ops *memory_arch(void)
{
	return memory.arch;
}

void memory_set_zero_excluded(bool zero)
{
	memory.zero_excluded = zero;
}

bool memory_zero_excluded(void)
{
	return memory.zero_excluded;
}

void memory_set_swap_reader(bool (*read)(unsigned type, u64 offset, u64 in_page, void *buf,
					 size_t length, struct fault *fault))
{
	memory.read_swapped = read;
}

static bool translate_kernel(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault)
{
	u64 page = align_down(address, PAGE_BYTES);
	struct tlb_entry *entry = &tlb[(page >> PAGE_SHIFT) % TLB_ENTRIES];

	if (entry->page == page && page && entry->generation == memory.generation) {
		*paddr = entry->paddr + address % PAGE_BYTES;
		*run_bytes = PAGE_BYTES - address % PAGE_BYTES;
		return true;
	}
	if (!memory.arch->kernel_to_phys(address, paddr, run_bytes, fault))
		return false;
	if (address < memory.layout.page_offset || address >= memory.layout.direct_map_end)
		*entry = (struct tlb_entry){ page, *paddr - address % PAGE_BYTES,
					     memory.generation };
	return true;
}

/* On purpose, or because the dump's writer did not get to it. */
static bool is_left_out(u64 paddr, enum fault_reason reason)
{
	return reason == FAULT_EXCLUDED ||
	       (reason == FAULT_NOT_IN_DUMP && memory.dump->incomplete &&
		paddr >> PAGE_SHIFT < memory.dump->max_pfn);
}

/* One piece inside a page; a failure is told in terms of the address that the caller gave. */
static bool read_piece(enum address_space space, u64 address, u64 paddr, void *buf, size_t length,
		       struct fault *fault)
{
	struct fault inner;

	if (dump_try_read(memory.dump, paddr, buf, length, &inner))
		return true;
	if (memory.zero_excluded && is_left_out(paddr, inner.reason)) {
		memset(buf, 0, length);
		return true;
	}
	fault_set(fault, inner.reason, space, address);
	if (fault)
		fault->physical = paddr;
	return false;
}

static bool range_wraps(u64 address, size_t length)
{
	return length && address + (length - 1) < address;
}

static bool translate(struct space space, u64 address, u64 *paddr, u64 *run_bytes,
		      struct fault *fault)
{
	struct translation translation;

	if (space.kind == SPACE_KERNEL)
		return translate_kernel(address, paddr, run_bytes, fault);
	*run_bytes = PAGE_BYTES - address % PAGE_BYTES;
	*paddr = address;
	if (space.kind == SPACE_PHYSICAL)
		return true;
	if (space.kind != SPACE_USER)
		BUG("address space %d has no page tables", space.kind);
	if (!mem_walk_user(space.pgd, address, &translation, fault))
		return false;
	*paddr = translation.paddr;
	return true;
}

/* What a missing entry of this table leaves out. */
static u64 hole_bytes(const char *level)
{
	static const struct {
		const char *level;
		unsigned shift;
	} tables[] = { { "p4d", 39 }, { "pud", 30 }, { "pmd", 21 }, { "pte", 12 } };

	if (level && streq(level, "pgd"))
		return 1ULL << (memory_layout()->levels == 5 ? 48 : 39);
	for (size_t i = 0; level && i < ARRAY_SIZE(tables); i++)
		if (streq(level, tables[i].level))
			return 1ULL << tables[i].shift;
	return PAGE_BYTES;
}

bool mem_swap_place(u64 address, u64 entry, const struct fault *fault, unsigned *type, u64 *offset)
{
	u64 bytes = max_u64(hole_bytes(fault->level), PAGE_BYTES);

	if (fault->reason != FAULT_SWAPPED_OUT || !memory_arch()->swap_entry(entry, type, offset))
		return false;
	/* Huge pages are aligned; what is not is no page's number but a mark of all of them. */
	if (*offset % (bytes >> PAGE_SHIFT) == 0)
		*offset += address % bytes >> PAGE_SHIFT;
	return true;
}

/*
 * Of a page that has no frame, as much as lies in it: FAULT tells why there is none. Sets *PIECE.
 */
static bool read_without_frame(struct space space, u64 address, void *buf, size_t length,
			       size_t *piece, const struct fault *why, struct fault *fault)
{
	struct translation translation;
	struct fault inner = *why;
	unsigned type;
	u64 offset;

	*piece = (size_t)min_u64(length, PAGE_BYTES - address % PAGE_BYTES);
	if (why->reason == FAULT_SWAPPED_OUT && memory.read_swapped && space.kind == SPACE_USER &&
	    !mem_walk_user(space.pgd, address, &translation, NULL) &&
	    mem_swap_place(address, translation.entry, why, &type, &offset) &&
	    memory.read_swapped(type, offset, address % PAGE_BYTES, buf, *piece, &inner))
		return true;
	if (fault)
		*fault = inner;
	return false;
}

bool mem_try_read_in(struct space space, u64 address, void *buf, size_t length, struct fault *fault)
{
	u8 *to = buf;

	if (interrupt_pending())
		return fault_set(fault, FAULT_INTERRUPTED, space.kind, address);
	if (space.kind == SPACE_FILE)
		return dump_try_read_file(memory.dump, address, buf, length, fault);
	if (range_wraps(address, length))
		return fault_set(fault, FAULT_BAD_ADDRESS, space.kind, address);
	while (length) {
		u64 paddr, run_bytes;
		struct fault why;
		size_t piece;

		if (translate(space, address, &paddr, &run_bytes, &why)) {
			piece = (size_t)min_u64(min_u64(length, run_bytes),
						PAGE_BYTES - paddr % PAGE_BYTES);
			if (!read_piece(space.kind, address, paddr, to, piece, fault))
				return false;
		} else if (!read_without_frame(space, address, to, length, &piece, &why, fault)) {
			return false;
		}
		address += piece;
		to += piece;
		length -= piece;
	}
	return true;
}

bool mem_try_read(u64 kernel_address, void *buf, size_t length, struct fault *fault)
{
	return mem_try_read_in(KERNEL_SPACE, kernel_address, buf, length, fault);
}

bool mem_try_u64(u64 kernel_address, u64 *value, struct fault *fault)
{
	return mem_try_read(kernel_address, value, sizeof(*value), fault);
}

bool mem_try_uint(u64 kernel_address, size_t width, u64 *value, struct fault *fault)
{
	u8 bytes[8] = { 0 };

	if (width > sizeof(bytes))
		BUG("a number of %zu bytes", width);
	if (!mem_try_read(kernel_address, bytes, width, fault))
		return false;
	*value = load_u64(bytes);
	return true;
}

/*
 * The one message of a failed read. The fault names the first bad byte when it is not
 * the first one.
 */
static noreturn void fail_read(u64 address, const char *what, const struct fault *fault)
{
	if (fault->reason == FAULT_INTERRUPTED)
		interrupt_check();
	if (fault->address != address)
		fail("cannot read %s at %016llx: %s (at %016llx)", what, address, fault_text(fault),
		     fault->address);
	fail("cannot read %s at %016llx: %s", what, address, fault_text(fault));
}

void mem_read(u64 kernel_address, void *buf, size_t length, const char *what)
{
	struct fault fault;

	if (!mem_try_read(kernel_address, buf, length, &fault))
		fail_read(kernel_address, what, &fault);
}

void mem_read_in(struct space space, u64 address, void *buf, size_t length, const char *what)
{
	struct fault fault;

	if (mem_try_read_in(space, address, buf, length, &fault))
		return;
	if (space.kind == SPACE_KERNEL || fault.reason == FAULT_INTERRUPTED)
		fail_read(address, what, &fault);
	if (fault.reason == FAULT_PAST_END)
		fail("the dump file ends before offset %llx", address + length);
	fail("cannot read %s at %s %llx: %s", what, address_space_name(space.kind), address,
	     fault_text(&fault));
}

u64 mem_u64(u64 kernel_address, const char *what)
{
	u64 value;

	mem_read(kernel_address, &value, sizeof(value), what);
	return value;
}

u32 mem_u32(u64 kernel_address, const char *what)
{
	u32 value;

	mem_read(kernel_address, &value, sizeof(value), what);
	return value;
}

bool mem_try_string(u64 kernel_address, char *buf, size_t space, struct fault *fault)
{
	size_t length = 0;

	if (!space)
		return true;
	while (length < space - 1) {
		size_t piece = (size_t)min_u64(space - 1 - length,
					       PAGE_BYTES - (kernel_address + length) % PAGE_BYTES);
		char *end;

		if (!mem_try_read(kernel_address + length, buf + length, piece, fault)) {
			buf[length] = '\0';
			return length > 0;
		}
		end = memchr(buf + length, '\0', piece);
		if (end)
			return true;
		length += piece;
	}
	buf[length] = '\0';
	return true;
}

size_t mem_string(u64 kernel_address, char *buf, size_t space, const char *what)
{
	struct fault fault;

	if (!space)
		return 0;
	if (!mem_try_string(kernel_address, buf, space, &fault))
		fail_read(kernel_address, what, &fault);
	return strlen(buf);
}

bool mem_kernel_to_phys(u64 kernel_address, u64 *paddr, struct fault *fault)
{
	return mem_to_phys_in(KERNEL_SPACE, kernel_address, paddr, fault);
}

bool mem_to_phys_in(struct space space, u64 address, u64 *paddr, struct fault *fault)
{
	u64 run_bytes;

	return translate(space, address, paddr, &run_bytes, fault);
}

bool mem_phys_to_kernel(u64 paddr, u64 *kernel_address)
{
	if (paddr >= memory.layout.direct_map_end - memory.layout.page_offset)
		return false;
	*kernel_address = memory.layout.page_offset + paddr;
	return true;
}

bool mem_is_kernel_address(u64 address)
{
	return memory.arch->is_kernel_address(address);
}

bool mem_walk_kernel(u64 address, struct translation *translation, struct fault *fault)
{
	return memory.arch->walk(memory.layout.top_table, address, translation, fault);
}

bool mem_walk_user(u64 pgd, u64 address, struct translation *translation, struct fault *fault)
{
	if (address >= memory.layout.task_size) {
		memset(translation, 0, sizeof(*translation));
		return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_USER, address);
	}
	return memory.arch->walk(pgd, address, translation, fault);
}

static bool set_range(struct mapped_range *range, u64 address, const struct translation *to,
		      bool mapped, const struct fault *why, struct fault *fault)
{
	u64 step = max_u64(mapped ? to->page_bytes : hole_bytes(why->level), PAGE_BYTES);

	*range = (struct mapped_range){ .address = address,
					.bytes = step - (address & (step - 1)),
					.paddr = align_down(to->paddr, PAGE_BYTES),
					.entry = to->entry,
					.mapped_bytes = mapped ? to->page_bytes : 0 };
	if (!mapped && fault)
		*fault = *why;
	return mapped;
}

bool mem_look_up(struct space space, u64 address, struct mapped_range *range, struct fault *fault)
{
	struct translation to;
	struct fault why = { 0 };
	bool mapped = space.kind == SPACE_USER ? mem_walk_user(space.pgd, address, &to, &why)
					       : mem_walk_kernel(address, &to, &why);

	return set_range(range, address, &to, mapped, &why, fault);
}

/* What a last table maps has the same upper bits, and so the same way down to it. */
static bool ends_in_same_table(const struct last_walk *walk, u64 address)
{
	return walk->to.nr_steps == memory.layout.levels && address < memory.layout.task_size &&
	       !memory_is_live() && (walk->address ^ address) < hole_bytes("pmd");
}

bool mem_look_up_on(u64 pgd, u64 address, struct last_walk *walk, struct mapped_range *range,
		    struct fault *fault)
{
	struct fault why = { 0 };
	bool mapped = ends_in_same_table(walk, address)
			      ? memory.arch->walk_on(address, &walk->to, &why)
			      : mem_walk_user(pgd, address, &walk->to, &why);

	walk->address = address;
	return set_range(range, address, &walk->to, mapped, &why, fault);
}

bool mem_next_mapped(struct space space, u64 address, u64 last, struct mapped_range *range)
{
	for (address = align_down(address, PAGE_BYTES); address <= last; address += range->bytes) {
		interrupt_check();
		if (mem_look_up(space, address, range, NULL))
			return true;
		if (address + range->bytes < address)
			return false;
	}
	return false;
}

u64 field_address(u64 object, struct kfield *field)
{
	return object + kfield_offset(field);
}

/* Fails only when this kernel has no such member, or it is no number: whatever the dump holds. */
static bool try_field(u64 object, struct kfield *field, bool is_signed, u64 *value,
		      struct fault *fault)
{
	const struct member *member = kfield_member(field);
	u8 bytes[sizeof(*value)];

	if (member->size > sizeof(bytes))
		fail("%s has %llu bytes: not a number", field->k.spelling, member->size);
	if (!mem_try_read(object + member->offset, bytes, member->size, fault))
		return false;
	*value = member_value(member, bytes, is_signed);
	return true;
}

static u64 read_field(u64 object, struct kfield *field, bool is_signed)
{
	struct fault fault;
	u64 value;

	if (!try_field(object, field, is_signed, &value, &fault))
		fail_read(object + kfield_offset(field), field->k.spelling, &fault);
	return value;
}

bool field_try_u64(u64 object, struct kfield *field, u64 *value, struct fault *fault)
{
	return try_field(object, field, false, value, fault);
}

u64 field_u64(u64 object, struct kfield *field)
{
	return read_field(object, field, false);
}

s64 field_s64(u64 object, struct kfield *field)
{
	return (s64)read_field(object, field, true);
}

void field_read(u64 object, struct kfield *field, void *buf, size_t length)
{
	const struct member *member = kfield_member(field);

	if (length > member->size) {
		memset((u8 *)buf + member->size, 0, length - member->size);
		length = member->size;
	}
	mem_read(object + member->offset, buf, length, field->k.spelling);
}

void field_string(u64 object, struct kfield *field, char *buf, size_t space)
{
	const struct member *member = kfield_member(field);
	size_t length = (size_t)min_u64(space ? space - 1 : 0, member->size);

	if (!space)
		return;
	mem_read(object + member->offset, buf, length, field->k.spelling);
	buf[length] = '\0';
}

u64 ksymbol_u64(struct ksymbol *symbol, size_t width)
{
	u64 address = ksymbol_address(symbol), value;
	struct fault fault;

	if (!mem_try_uint(address, width, &value, &fault))
		fail_read(address, symbol->k.spelling, &fault);
	return value;
}
