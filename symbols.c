/* symbols.c - L2: the kernel's and its modules' symbols, by name and by address. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's table is built once from vmlinux's .symtab: shifted by the KASLR offset and in the
 * order of the kernel's own kallsyms, so that symbol_at() names an address as its Call Trace does.
 * Names stay in the mapped string table. Module symbols are copied into chunks that never move and
 * merged into one ordered array when somebody asks after an addition.
 */
#include "symbols.h"

#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Open addressing over the indices of a list of symbols; a slot leads to the first symbol of its
 * name and next[] from there to the others. Thousands of symbols share names like "__key.0":
 * without the chains, building the table would take quadratic time. space is a power of two.
 */
struct name_slot {
	u32 hash;
	u32 index; /* plus 1; 0: empty */
};

struct name_table {
	struct name_slot *slots;
	u32 *next; /* plus 1; 0: last */
	size_t space, count;
};

struct text_range {
	u64 start, end;
};

struct module_entry {
	struct symbol_module public; /* first: symbols point at it */
	struct address_range *ranges;
	size_t nr_ranges;
	VECTOR(const struct symbol *) symbols;
	bool sorted;
	struct module_entry *next;
};

#define SYMBOLS_PER_CHUNK 1024
struct symbol_chunk {
	struct symbol_chunk *next;
	size_t used;
	struct symbol symbols[SYMBOLS_PER_CHUNK];
};

static struct {
	struct symbol *symbols; /* in kallsyms order */
	size_t count;
	char *name_block; /* of a table without vmlinux: where the names are */
	u32 *visible; /* indices of those that symbol_at() may answer */
	size_t nr_visible;
	u64 start, end; /* the kernel image at this boot's addresses */
	u64 kaslr_offset;
	struct text_range text[16];
	size_t nr_text;
	struct name_table names;
} kernel;

static struct {
	struct module_entry *first, **last;
	struct symbol_chunk *chunks;
	VECTOR(const struct symbol *) ordered; /* of all modules; valid when is_ordered */
	bool is_ordered;
	struct name_table names; /* of added; valid when its count is the same */
	VECTOR(const struct symbol *) added; /* in the order of addition */
	void (*load)(void);
	char *name_block; /* names are cut from here */
	size_t name_space;
	VECTOR(char *) name_blocks;
} modules;

static unsigned version; /* counts changes */

unsigned symbols_version(void)
{
	return version;
}

static void names_free(struct name_table *table)
{
	free(table->slots);
	free(table->next);
	memset(table, 0, sizeof(*table));
}

static void names_init(struct name_table *table, size_t count)
{
	names_free(table);
	table->space = 64;
	while (table->space < count * 2)
		table->space *= 2;
	table->slots = xcalloc(table->space, sizeof(*table->slots));
	table->next = xcalloc(count + 1, sizeof(*table->next));
	table->count = count;
}

static struct name_slot *names_slot(const struct name_table *table, const char *name, u32 hash,
				    const struct symbol *(*symbol_of)(size_t index))
{
	size_t i = hash & (table->space - 1);

	while (table->slots[i].index && (table->slots[i].hash != hash ||
					 !streq(symbol_of(table->slots[i].index - 1)->name, name)))
		i = (i + 1) & (table->space - 1);
	return &table->slots[i];
}

/* Puts symbol INDEX before those of its name that are in the table. */
static void names_prepend(struct name_table *table, size_t index,
			  const struct symbol *(*symbol_of)(size_t index))
{
	const char *name = symbol_of(index)->name;
	u32 hash = hash_text(name);
	struct name_slot *slot = names_slot(table, name, hash, symbol_of);

	table->next[index] = slot->index;
	slot->hash = hash;
	slot->index = index + 1;
}

/* The first symbol of NAME, or the one after AFTER when that is given. */
static const struct symbol *names_find(const struct name_table *table, const char *name,
				       const struct symbol *after,
				       const struct symbol *(*symbol_of)(size_t index))
{
	u32 index;

	if (!table->space)
		return NULL;
	index = names_slot(table, name, hash_text(name), symbol_of)->index;
	while (after && index) {
		if (symbol_of(index - 1) == after)
			after = NULL;
		index = table->next[index - 1];
	}
	return index ? symbol_of(index - 1) : NULL;
}

/*
 * What nm prints and crash's users know. Constants (absolute symbols outside of the image: "i" is
 * 5, OFFSETOF_BSWAP_MASK is -80, the value of xen_elfnote_phys32_entry lies somewhere behind it)
 * are left out: they name no address.
 */
static bool is_wanted(const struct vmlinux *vmlinux, u64 image_end, const Elf64_Sym *entry)
{
	unsigned type = ELF64_ST_TYPE(entry->st_info);

	if (entry->st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE ||
	    type == STT_TLS)
		return false;
	return entry->st_shndx != SHN_ABS ||
	       (entry->st_value >= vmlinux->link_start && entry->st_value <= image_end);
}

/* Local labels: the kernel names no address by them, its own or a module's. */
static bool is_label(const char *name)
{
	return name[0] == '$' || (name[0] == '.' && name[1] == 'L') ||
	       (name[0] == 'L' && name[1] == '0' && (unsigned char)name[2] < ' ' && name[2]);
}

/*
 * Those, and checksums and strings of exports: the kernel's table leaves them out
 * (scripts/mksysmap). Tables of modules have them.
 */
static bool is_hidden_name(const char *name)
{
	if (is_label(name))
		return true;
	return name[0] == '_' && name[1] == '_' && (name[2] == 'c' || name[2] == 'k') &&
	       (starts_with(name, "__crc_") || starts_with(name, "__kstrtab_") ||
		starts_with(name, "__kstrtabns_"));
}

static bool is_label_or_string(const struct symbol *symbol)
{
	return symbol->hidden && symbol->type != 'a' && symbol->type != 'A' &&
	       (starts_with(symbol->name, ".L") || starts_with(symbol->name, "__kstrtab"));
}

/* The letter that nm gives to symbols of a section, in its form for local symbols. */
static char section_letter(const Elf64_Shdr *section)
{
	if (section->sh_flags & SHF_EXECINSTR)
		return 't';
	if (section->sh_type == SHT_NOBITS)
		return 'b';
	if (!(section->sh_flags & SHF_ALLOC))
		return 'n';
	return section->sh_flags & SHF_WRITE ? 'd' : 'r';
}

static char symbol_letter(const Elf64_Sym *entry, const char *section_letters, u32 nr_sections)
{
	unsigned type = ELF64_ST_TYPE(entry->st_info), binding = ELF64_ST_BIND(entry->st_info);
	char letter;

	if (binding == STB_WEAK)
		return type == STT_OBJECT ? 'V' : 'W';
	if (binding == STB_GNU_UNIQUE)
		return 'u';
	if (type == STT_GNU_IFUNC)
		return 'i';
	if (entry->st_shndx == SHN_ABS)
		letter = 'a';
	else if (entry->st_shndx == SHN_COMMON)
		letter = 'c';
	else if (entry->st_shndx < nr_sections)
		letter = section_letters[entry->st_shndx];
	else
		return '?';
	return binding == STB_GLOBAL ? letter - 'a' + 'A' : letter;
}

/* "__start_x", "__x_end" ...: names that a linker script may have made. */
static bool looks_like_linker_script(const char *name)
{
	if (name[0] != '_' || name[1] != '_' || strlen(name) < 8)
		return false;
	return starts_with(name + 2, "start_") || starts_with(name + 2, "stop_") ||
	       starts_with(name + 2, "end_") || ends_with(name, "_start") ||
	       ends_with(name, "_end");
}

/*
 * Names at one address, in the order of the kernel's own table (scripts/kallsyms.c): weak ones
 * last, then those of the linker script, then by leading underscores, then as `nm -n` has them.
 * Hidden symbols, which that table does not have, come after all.
 */
static int compare_aliases(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	int order = (int)x->hidden - (int)y->hidden;

	/*
	 * Ten thousand empty __kstrtabns_ strings share one address: no more than needed for those.
	 */
	if (!order && x->hidden)
		return strcmp(x->name, y->name);
	if (!order)
		order = (x->type == 'W' || x->type == 'w') - (y->type == 'W' || y->type == 'w');
	if (!order)
		order = looks_like_linker_script(x->name) - looks_like_linker_script(y->name);
	if (!order)
		order = (int)strspn(x->name, "_") - (int)strspn(y->name, "_");
	if (!order)
		order = strcmp(x->name, y->name);
	/* Same name and address (assembler constants): any order, but always the same one. */
	return order ? order : (x->type > y->type) - (x->type < y->type);
}

/* A symbol table entry on its way into order. */
struct sort_item {
	u64 value;
	u32 entry;
};

/* By value: radix sort, skipping digits that are all alike (the upper half of most addresses). */
static struct sort_item *sort_items(struct sort_item *items, struct sort_item *other, size_t count)
{
	enum { DIGIT_BITS = 11, NR_DIGITS = 1 << DIGIT_BITS };
	struct sort_item *swap;
	unsigned shift;
	size_t i;

	for (shift = 0; shift < 64; shift += DIGIT_BITS) {
		u32 starts[NR_DIGITS] = { 0 }, sum = 0;

		for (i = 0; i < count; i++)
			starts[(items[i].value >> shift) & (NR_DIGITS - 1)]++;
		if (count && starts[(items[0].value >> shift) & (NR_DIGITS - 1)] == count)
			continue;
		for (i = 0; i < NR_DIGITS; i++) {
			u32 here = starts[i];

			starts[i] = sum;
			sum += here;
		}
		for (i = 0; i < count; i++)
			other[starts[(items[i].value >> shift) & (NR_DIGITS - 1)]++] = items[i];
		swap = items;
		items = other;
		other = swap;
	}
	return items;
}

static void order_aliases(void)
{
	size_t i, end;

	for (i = 0; i < kernel.count; i = end) {
		for (end = i + 1; end < kernel.count; end++)
			if (kernel.symbols[end].value != kernel.symbols[i].value)
				break;
		if (end - i > 1)
			qsort(&kernel.symbols[i], end - i, sizeof(*kernel.symbols),
			      compare_aliases);
	}
}

static u64 shifted(u64 link_address, u64 kaslr_offset)
{
	return link_address >= KERNEL_MAP_START ? link_address + kaslr_offset : link_address;
}

/* Is it part of the kernel's image, and not longer than the addresses there are? */
static bool is_of_image(const Elf64_Shdr *section)
{
	return (section->sh_flags & SHF_ALLOC) && section->sh_addr >= KERNEL_MAP_START &&
	       section->sh_size <= -section->sh_addr;
}

/* Where the last section of the kernel map ends; 0: there is none. */
static u64 sections_end(const struct vmlinux *vmlinux)
{
	u64 end = 0;

	for (u32 i = 0; i < vmlinux->nr_sections; i++) {
		const Elf64_Shdr *section = vmlinux_section_header(vmlinux, i);

		if (is_of_image(section))
			end = max_u64(end, section->sh_addr + section->sh_size);
	}
	return end;
}

/* END: of the image's last section. */
static void take_symbols(const struct vmlinux *vmlinux, u64 end, u64 kaslr_offset)
{
	size_t space = (size_t)vmlinux->nr_symtab + 1, count = 0, i;
	struct sort_item *items = xmalloc(space * sizeof(*items));
	struct sort_item *other = xmalloc(space * sizeof(*other)), *sorted;
	char *letters = xmalloc(vmlinux->nr_sections + 1);

	for (i = 0; i < vmlinux->nr_sections; i++)
		letters[i] = section_letter(vmlinux_section_header(vmlinux, i));
	for (i = 0; i < vmlinux->nr_symtab; i++)
		if (is_wanted(vmlinux, end, &vmlinux->symtab[i]))
			items[count++] = (struct sort_item){
				shifted(vmlinux->symtab[i].st_value, kaslr_offset), i
			};
	sorted = sort_items(items, other, count);
	kernel.symbols = xmalloc((count + 1) * sizeof(*kernel.symbols));
	for (i = 0; i < count; i++) {
		const Elf64_Sym *entry = &vmlinux->symtab[sorted[i].entry];
		const char *name = vmlinux_symbol_name(vmlinux, entry);

		if (!name[0])
			continue;
		kernel.symbols[kernel.count++] = (struct symbol){
			.value = sorted[i].value,
			.name = name,
			.size = min_u64(entry->st_size, UINT32_MAX),
			.type = symbol_letter(entry, letters, vmlinux->nr_sections),
			.hidden = entry->st_shndx == SHN_ABS || is_hidden_name(name),
		};
	}
	free(letters);
	free(items);
	free(other);
}

/*
 * Older kernels (v5.10) have local labels and strings of exports in kallsyms as well, but not
 * checksums and constants. How many symbols this kernel's table has tells which way it was built.
 */
static void unhide_what_kallsyms_has(const struct vmlinux *vmlinux)
{
	u64 address, nr_hidden = 0, nr_visible = 0, nr_own;
	const u8 *own;
	size_t i;

	if (!vmlinux_symbol(vmlinux, "kallsyms_num_syms", &address))
		return;
	own = vmlinux_at(vmlinux, address, sizeof(u32));
	if (!own)
		return;
	for (i = 0; i < kernel.count; i++) {
		nr_hidden += is_label_or_string(&kernel.symbols[i]);
		nr_visible += !kernel.symbols[i].hidden;
	}
	nr_own = load_u32(own);
	if (nr_own < nr_visible + nr_hidden / 2)
		return;
	for (i = 0; i < kernel.count; i++)
		if (is_label_or_string(&kernel.symbols[i]))
			kernel.symbols[i].hidden = false;
}

/* What is below the image are offsets into per-cpu areas: no address means one of those. */
static void list_visible(void)
{
	size_t i;

	kernel.visible = xmalloc((kernel.count + 1) * sizeof(*kernel.visible));
	for (i = 0; i < kernel.count; i++)
		if (!kernel.symbols[i].hidden && kernel.symbols[i].value >= kernel.start)
			kernel.visible[kernel.nr_visible++] = i;
}

/* Where the image starts and ends in memory, and which parts of it are code. */
static void take_ranges(const struct vmlinux *vmlinux, u64 end, u64 kaslr_offset)
{
	u64 linker_end;
	u32 i;

	for (i = 0; i < vmlinux->nr_sections; i++) {
		const Elf64_Shdr *section = vmlinux_section_header(vmlinux, i);
		struct text_range range = { section->sh_addr + kaslr_offset,
					    section->sh_addr + section->sh_size + kaslr_offset };

		if (!is_of_image(section))
			continue;
		/* v7's .data is marked executable too: code is what nothing may write. */
		if ((section->sh_flags & (SHF_EXECINSTR | SHF_WRITE)) == SHF_EXECINSTR &&
		    kernel.nr_text < ARRAY_SIZE(kernel.text))
			kernel.text[kernel.nr_text++] = range;
	}
	/* Sections after _end (.init.scratch) are gone once the kernel runs. */
	if (vmlinux_symbol(vmlinux, "_end", &linker_end) && linker_end > vmlinux->link_start)
		end = linker_end;
	kernel.start = vmlinux->link_start + kaslr_offset;
	kernel.end = end + kaslr_offset;
}

static void forget_kernel(void)
{
	version++;
	free(kernel.symbols);
	free(kernel.visible);
	free(kernel.name_block);
	names_free(&kernel.names);
	memset(&kernel, 0, sizeof(kernel));
}

static void forget_modules(void)
{
	struct module_entry *module;
	struct symbol_chunk *chunk;
	size_t i;

	version++;
	while ((module = modules.first)) {
		modules.first = module->next;
		vector_free(&module->symbols);
		free(module->ranges);
		free((char *)module->public.name);
		free(module);
	}
	while ((chunk = modules.chunks)) {
		modules.chunks = chunk->next;
		free(chunk);
	}
	for (i = 0; i < modules.name_blocks.count; i++)
		free(modules.name_blocks.items[i]);
	vector_free(&modules.name_blocks);
	vector_free(&modules.ordered);
	vector_free(&modules.added);
	names_free(&modules.names);
	memset(&modules, 0, sizeof(modules));
}

static void (*tell_forgotten)(void);

void symbols_set_forgotten(void (*forgotten)(void))
{
	tell_forgotten = forgotten;
}

void symbols_forget_modules(void)
{
	forget_modules();
	if (tell_forgotten)
		tell_forgotten();
}

void symbols_reset(void)
{
	forget_kernel();
	forget_modules();
}

bool symbols_load_vmlinux(const struct vmlinux *vmlinux, u64 kaslr_offset, struct strbuf *why)
{
	u64 end = sections_end(vmlinux);

	forget_kernel();
	take_symbols(vmlinux, end, kaslr_offset);
	if (!kernel.count) {
		strbuf_printf(why, "%s: its symbol table is empty", vmlinux->file.path);
		forget_kernel();
		return false;
	}
	unhide_what_kallsyms_has(vmlinux);
	order_aliases();
	take_ranges(vmlinux, end, kaslr_offset);
	list_visible();
	kernel.kaslr_offset = kaslr_offset;
	return true;
}

/* Equal values stay in their order, which says what the kernel calls an address. */
static void sort_table(void)
{
	struct sort_item *items, *other, *sorted;
	struct symbol *ordered;
	size_t i;

	for (i = 1; i < kernel.count && kernel.symbols[i - 1].value <= kernel.symbols[i].value;)
		i++;
	if (i >= kernel.count)
		return;
	items = xmalloc(kernel.count * sizeof(*items));
	other = xmalloc(kernel.count * sizeof(*other));
	ordered = xmalloc(kernel.count * sizeof(*ordered));
	for (i = 0; i < kernel.count; i++)
		items[i] = (struct sort_item){ kernel.symbols[i].value, i };
	sorted = sort_items(items, other, kernel.count);
	for (i = 0; i < kernel.count; i++)
		ordered[i] = kernel.symbols[sorted[i].entry];
	free(items);
	free(other);
	free(kernel.symbols);
	kernel.symbols = ordered;
}

static u64 table_value(const char *name)
{
	for (size_t i = kernel.count; i-- > 0;) {
		if (streq(kernel.symbols[i].name, name))
			return kernel.symbols[i].value;
	}
	return 0;
}

static void add_text_between(const char *first, const char *end)
{
	struct text_range range = { table_value(first), table_value(end) };

	if (range.start && range.end > range.start)
		kernel.text[kernel.nr_text++] = range;
}

void symbols_load_table(struct symbol *table, size_t count, char *names, u64 kaslr_offset)
{
	forget_kernel();
	kernel.symbols = table;
	kernel.count = count;
	kernel.name_block = names;
	kernel.kaslr_offset = kaslr_offset;
	sort_table();
	add_text_between("_stext", "_etext");
	add_text_between("_sinittext", "_einittext");
	kernel.start = table_value("_text");
	if (!kernel.start)
		kernel.start = table_value("_stext");
	kernel.end = table_value("_end");
	list_visible();
}

static int compare_values(const void *a, const void *b)
{
	u64 left = ((const struct symbol *)a)->value, right = ((const struct symbol *)b)->value;

	return (left > right) - (left < right);
}

void symbols_load_list(const struct symbol *list, size_t count)
{
	forget_kernel();
	kernel.symbols = xmalloc((count + 1) * sizeof(*list));
	memcpy(kernel.symbols, list, count * sizeof(*list));
	kernel.count = count;
	qsort(kernel.symbols, count, sizeof(*list), compare_values);
	list_visible();
}

u64 symbols_kaslr_offset(void)
{
	return kernel.kaslr_offset;
}

/* The loader may itself look symbols up, and may fail(): it is forgotten before it runs. */
static void load_modules(void)
{
	void (*load)(void) = modules.load;

	modules.load = NULL;
	if (load)
		load();
}

void symbols_set_module_loader(void (*load)(void))
{
	modules.load = load;
}

const struct symbol_module *symbols_add_module(const char *name, u64 module_address, u64 base,
					       u64 size, const struct address_range *ranges,
					       size_t nr_ranges)
{
	struct module_entry *module = xcalloc(1, sizeof(*module));

	module->public = (struct symbol_module){
		.name = xstrdup(name), .base = base, .size = size, .address = module_address
	};
	module->ranges = xcalloc(nr_ranges + 1, sizeof(*ranges));
	if (nr_ranges)
		memcpy(module->ranges, ranges, nr_ranges * sizeof(*ranges));
	module->nr_ranges = nr_ranges;
	if (!modules.last)
		modules.last = &modules.first;
	*modules.last = module;
	modules.last = &module->next;
	return &module->public;
}

void symbols_set_percpu(const struct symbol_module *module, u64 start, u64 size)
{
	struct symbol_module *own = &((struct module_entry *)module)->public;

	own->percpu = start;
	own->percpu_size = size;
}

/* Module names are many and short: cut from blocks, all released together. */
static const char *keep_name(const char *name)
{
	size_t bytes = strlen(name) + 1, block_bytes = 1 << 16;
	char *kept;

	if (bytes > modules.name_space) {
		modules.name_space = max_u64(bytes, block_bytes);
		modules.name_block = xmalloc(modules.name_space);
		*vector_add(&modules.name_blocks) = modules.name_block;
	}
	kept = modules.name_block;
	memcpy(kept, name, bytes);
	modules.name_block += bytes;
	modules.name_space -= bytes;
	return kept;
}

void symbols_add(const struct symbol_module *module, const char *name, u64 value, u32 size,
		 char type)
{
	struct module_entry *entry = (struct module_entry *)module;
	struct symbol_chunk *chunk = modules.chunks;
	struct symbol *symbol;

	version++;
	if (!chunk || chunk->used == SYMBOLS_PER_CHUNK) {
		chunk = xcalloc(1, sizeof(*chunk));
		chunk->next = modules.chunks;
		modules.chunks = chunk;
	}
	symbol = &chunk->symbols[chunk->used++];
	*symbol = (struct symbol){ .value = value,
				   .name = keep_name(name),
				   .module = module,
				   .size = size,
				   .type = type,
				   .hidden = is_label(name) };
	*vector_add(&entry->symbols) = symbol;
	*vector_add(&modules.added) = symbol;
	entry->sorted = false;
	modules.is_ordered = false;
}

static int compare_pointed_values(const void *a, const void *b)
{
	const struct symbol *x = *(const struct symbol *const *)a,
			    *y = *(const struct symbol *const *)b;

	return (x->value > y->value) - (x->value < y->value);
}

/* By value; equal ones stay in the order of addition, which is the module's own table's. */
static void order_pointers(const struct symbol **symbols, size_t count)
{
	/* glibc's qsort is a merge sort up to 2.36 and not stable after: merge by hand. */
	const struct symbol **other = xmalloc((count + 1) * sizeof(*other)), **from = symbols,
			    **to = other;
	size_t width, start;

	for (width = 1; width < count; width *= 2) {
		for (start = 0; start < count; start += 2 * width) {
			size_t middle = min_u64(start + width, count),
			       end = min_u64(start + 2 * width, count);
			size_t a = start, b = middle, i;

			for (i = start; i < end; i++) {
				bool take_b = a == middle ||
					      (b < end &&
					       compare_pointed_values(&from[b], &from[a]) < 0);

				to[i] = take_b ? from[b++] : from[a++];
			}
		}
		from = to;
		to = from == other ? symbols : other;
	}
	if (from != symbols)
		memcpy(symbols, from, count * sizeof(*symbols));
	free(other);
}

static void order_modules(void)
{
	size_t i;

	if (modules.is_ordered)
		return;
	modules.ordered.count = 0;
	for (i = 0; i < modules.added.count; i++)
		*vector_add(&modules.ordered) = modules.added.items[i];
	order_pointers(modules.ordered.items, modules.ordered.count);
	modules.is_ordered = true;
}

static const struct symbol *kernel_symbol(size_t index)
{
	return &kernel.symbols[index];
}

static const struct symbol *added_symbol(size_t index)
{
	return modules.added.items[index];
}

static void build_kernel_names(void)
{
	size_t i;

	if (kernel.names.space || !kernel.count)
		return;
	names_init(&kernel.names, kernel.count);
	/* nm's capital letters are global symbols: prepended last, they are met first. */
	for (i = kernel.count; i-- > 0;)
		if (kernel.symbols[i].type >= 'a')
			names_prepend(&kernel.names, i, kernel_symbol);
	for (i = kernel.count; i-- > 0;)
		if (kernel.symbols[i].type < 'a')
			names_prepend(&kernel.names, i, kernel_symbol);
}

static void build_module_names(void)
{
	size_t i;

	if (modules.names.count == modules.added.count)
		return;
	names_init(&modules.names, modules.added.count);
	for (i = modules.added.count; i-- > 0;)
		names_prepend(&modules.names, i, added_symbol);
}

static const struct symbol *find_in_modules(const char *name, const struct symbol *after)
{
	load_modules();
	build_module_names();
	return names_find(&modules.names, name, after, added_symbol);
}

const struct symbol *symbol_by_name(const char *name)
{
	const struct symbol *symbol;

	build_kernel_names();
	symbol = names_find(&kernel.names, name, NULL, kernel_symbol);
	return symbol ? symbol : find_in_modules(name, NULL);
}

u64 symbol_value(const char *name)
{
	const struct symbol *symbol = symbol_by_name(name);

	return symbol ? symbol->value : 0;
}

const struct symbol *symbol_next_same_name(const struct symbol *symbol)
{
	const struct symbol *next;

	if (symbol->module)
		return find_in_modules(symbol->name, symbol);
	build_kernel_names();
	next = names_find(&kernel.names, symbol->name, symbol, kernel_symbol);
	return next ? next : find_in_modules(symbol->name, NULL);
}

static const struct symbol *find_part(const struct symbol_module *module, const char *name)
{
	static const char *const marks[] = { ".isra.", ".part.", ".constprop." };
	size_t count = symbols_count(module), length = strlen(name);

	for (size_t i = 0; i < count; i++) {
		const struct symbol *symbol = symbols_get(module, i);

		if (!symbol || strncmp(symbol->name, name, length) != 0 ||
		    symbol->name[length] != '.')
			continue;
		for (size_t m = 0; m < ARRAY_SIZE(marks); m++) {
			if (starts_with(symbol->name + length, marks[m]))
				return symbol;
		}
	}
	return NULL;
}

const struct symbol *symbol_by_source_name(const char *name)
{
	const struct symbol *symbol = symbol_by_name(name);
	const struct symbol_module *module;

	if (symbol || !*name)
		return symbol;
	symbol = find_part(NULL, name);
	for (module = symbols_first_module(); module && !symbol;
	     module = symbols_next_module(module))
		symbol = find_part(module, name);
	return symbol;
}

/* How many of the ordered module symbols have a value of at most ADDRESS. */
static size_t modules_upto(u64 address)
{
	size_t low = 0, high = modules.ordered.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (modules.ordered.items[middle]->value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct symbol *kernel_symbol_at(u64 address)
{
	size_t low = 0, high = kernel.nr_visible;
	u64 value;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kernel.symbols[kernel.visible[middle]].value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	value = kernel.symbols[kernel.visible[low - 1]].value;
	/* Past _end only a symbol's very address counts. */
	if (address >= kernel.end && value != address)
		return NULL;
	while (low > 1 && kernel.symbols[kernel.visible[low - 2]].value == value)
		low--;
	return &kernel.symbols[kernel.visible[low - 1]];
}

static const struct address_range *module_range_at(u64 address, const struct module_entry **module)
{
	size_t i;

	for (*module = modules.first; *module; *module = (*module)->next)
		for (i = 0; i < (*module)->nr_ranges; i++)
			if (address >= (*module)->ranges[i].start &&
			    address < (*module)->ranges[i].end)
				return &(*module)->ranges[i];
	return NULL;
}

const struct symbol_module *symbol_module_at(u64 address)
{
	const struct module_entry *module;

	if (address >= kernel.start && address < kernel.end)
		return NULL;
	load_modules();
	return module_range_at(address, &module) ? &module->public : NULL;
}

static const struct symbol *module_symbol_at(u64 address)
{
	const struct module_entry *module;
	const struct address_range *range;
	const struct symbol *found = NULL;
	size_t i;

	load_modules();
	range = module_range_at(address, &module);
	if (!range)
		return NULL;
	order_modules();
	for (i = modules_upto(address); i > 0; i--) {
		const struct symbol *symbol = modules.ordered.items[i - 1];

		if (symbol->value < range->start || (found && symbol->value != found->value))
			break;
		if (symbol->module == &module->public && !symbol->hidden)
			found = symbol;
	}
	return found;
}

const struct symbol *symbol_at(u64 address, u64 *offset)
{
	const struct symbol *symbol = kernel_symbol_at(address);

	if (!symbol && !(address >= kernel.start && address < kernel.end))
		symbol = module_symbol_at(address);
	if (symbol && offset)
		*offset = address - symbol->value;
	return symbol;
}

const struct symbol *symbol_before(const struct symbol *symbol)
{
	size_t i;

	if (!symbol->module)
		return symbol > kernel.symbols ? symbol - 1 : NULL;
	order_modules();
	i = modules_upto(symbol->value);
	while (i > 0 && modules.ordered.items[i - 1] != symbol)
		i--;
	if (i > 1)
		return modules.ordered.items[i - 2];
	return kernel.count ? &kernel.symbols[kernel.count - 1] : NULL;
}

const struct symbol *symbol_after(const struct symbol *symbol)
{
	size_t i = 0;

	if (!symbol->module && symbol + 1 < kernel.symbols + kernel.count)
		return symbol + 1;
	load_modules();
	order_modules();
	if (symbol->module) {
		i = modules_upto(symbol->value);
		while (i > 0 && modules.ordered.items[i - 1] != symbol)
			i--;
	}
	return i < modules.ordered.count ? modules.ordered.items[i] : NULL;
}

size_t symbols_count(const struct symbol_module *module)
{
	return module ? ((const struct module_entry *)module)->symbols.count : kernel.count;
}

const struct symbol *symbols_get(const struct symbol_module *module, size_t index)
{
	struct module_entry *entry = (struct module_entry *)module;

	if (index >= symbols_count(module))
		return NULL;
	if (!module)
		return &kernel.symbols[index];
	if (!entry->sorted) {
		order_pointers(entry->symbols.items, entry->symbols.count);
		entry->sorted = true;
	}
	return entry->symbols.items[index];
}

size_t symbols_first_from(const struct symbol_module *module, u64 value)
{
	size_t low = 0, high = symbols_count(module);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct symbol *symbol = symbols_get(module, middle);

		if (symbol && symbol->value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct symbol_module *symbols_first_module(void)
{
	load_modules();
	return modules.first ? &modules.first->public : NULL;
}

const struct symbol_module *symbols_next_module(const struct symbol_module *module)
{
	const struct module_entry *next = ((const struct module_entry *)module)->next;

	return next ? &next->public : NULL;
}

bool symbol_format(u64 address, bool hex_offset, char *text, size_t space)
{
	u64 offset;
	const struct symbol *symbol = symbol_at(address, &offset);
	char distance[32] = "", module[80] = "";

	if (!symbol) {
		if (space)
			text[0] = '\0';
		return false;
	}
	if (offset)
		snprintf(distance, sizeof(distance), hex_offset ? "+%#llx" : "+%llu", offset);
	if (symbol->module && symbol->module->address)
		snprintf(module, sizeof(module), " [%s]", symbol->module->name);
	snprintf(text, space, "%s%s%s", symbol->name, distance, module);
	return true;
}

const char *symbol_words(u64 address)
{
	char text[256];

	return symbol_format(address, false, text, sizeof(text)) ? scope_strdup(text)
								 : scope_printf("%llx", address);
}

bool address_is_text(u64 address)
{
	const struct symbol *symbol;
	size_t i;

	for (i = 0; i < kernel.nr_text; i++)
		if (address >= kernel.text[i].start && address < kernel.text[i].end)
			return true;
	if (address >= kernel.start && address < kernel.end)
		return false;
	symbol = module_symbol_at(address);
	return symbol && strchr("TtWw", symbol->type);
}
