/* crash-symbols.c - kernel symbols from crash's tables as minimal symbols, made when asked for. */
/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "crash-embed.h"
#include "gdb_bfd.h"
#include "objfiles.h"
#include "observable.h"
#include "progspace.h"

#include <elf.h>
#include <string.h>
#include <string>
#include <unordered_map>
#include <unordered_set>

void (*crash_want_minimal_symbol)(const char *name);
bound_minimal_symbol (*crash_minimal_symbol_at)(CORE_ADDR pc);
bool crash_skip_elf_minimal_symbols;

static const crash_embed_ops *embed_ops;
static objfile *types_objfile; /* types, enumerators and all minimal symbols */
static objfile *code_objfile; /* functions and variables of BTF; null once DWARF knows better */
static bool dwarf_attached;

static std::unordered_set<std::string> names_asked;
static std::unordered_map<CORE_ADDR, minimal_symbol *> symbols_by_address;

/*
 * GDB's object files want a BFD with a section for their symbols to lie in. This is the smallest
 * ELF file that has one: an empty .text at 0, so that every offset is 0 and no address is inside.
 */
struct tiny_elf {
	Elf64_Ehdr header;
	Elf64_Shdr sections[3];
	char names[24];
};

static tiny_elf make_tiny_elf()
{
	tiny_elf elf = {};

	memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
	elf.header.e_ident[EI_CLASS] = ELFCLASS64;
	elf.header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.header.e_ident[EI_VERSION] = EV_CURRENT;
	elf.header.e_type = ET_EXEC;
	elf.header.e_machine = EM_X86_64;
	elf.header.e_version = EV_CURRENT;
	elf.header.e_ehsize = sizeof(Elf64_Ehdr);
	elf.header.e_shoff = offsetof(tiny_elf, sections);
	elf.header.e_shentsize = sizeof(Elf64_Shdr);
	elf.header.e_shnum = 3;
	elf.header.e_shstrndx = 2;
	memcpy(elf.names, "\0.text\0.shstrtab", 17);
	elf.sections[1].sh_name = 1;
	elf.sections[1].sh_type = SHT_PROGBITS;
	elf.sections[1].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	elf.sections[1].sh_addralign = 1;
	elf.sections[2].sh_name = 7;
	elf.sections[2].sh_type = SHT_STRTAB;
	elf.sections[2].sh_offset = offsetof(tiny_elf, names);
	elf.sections[2].sh_size = sizeof(elf.names);
	elf.sections[2].sh_addralign = 1;
	return elf;
}

class tiny_elf_file : public gdb_bfd_iovec_base {
public:
	file_ptr read(bfd *, void *buffer, file_ptr nbytes, file_ptr offset) override
	{
		if (offset < 0 || offset >= (file_ptr)sizeof(m_elf))
			return 0;
		nbytes = std::min(nbytes, (file_ptr)sizeof(m_elf) - offset);
		memcpy(buffer, (const char *)&m_elf + offset, nbytes);
		return nbytes;
	}

	int stat(bfd *, struct stat *sb) override
	{
		memset(sb, 0, sizeof(*sb));
		sb->st_size = sizeof(m_elf);
		return 0;
	}

private:
	tiny_elf m_elf = make_tiny_elf();
};

static objfile *make_objfile(const char *name)
{
	gdb_bfd_ref_ptr file = gdb_bfd_openr_iovec(
		name, "elf64-x86-64",
		[](bfd *) -> gdb_bfd_iovec_base * { return new tiny_elf_file; });

	if (file == nullptr || !bfd_check_format(file.get(), bfd_object))
		error("cannot make an object file for the kernel's symbols: %s",
		      bfd_errmsg(bfd_get_error()));
	objfile *made = objfile::make(file, current_program_space, name, OBJF_NOT_FILENAME);
	made->section_offsets.assign(gdb_bfd_count_sections(file.get()), 0);
	made->sect_index_text = 0;
	return made;
}

static enum minimal_symbol_type minimal_type(char letter)
{
	switch (letter) {
	case 'T':
	case 'W':
	case 'i':
		return mst_text;
	case 't':
	case 'w':
		return mst_file_text;
	case 'D':
	case 'R':
	case 'V':
	case 'G':
		return mst_data;
	case 'B':
		return mst_bss;
	case 'b':
		return mst_file_bss;
	case 'A':
	case 'a':
		/* Per-cpu variables are absolute in kallsyms; GDB's mst_abs has no type to cast
		 * from. */
		return mst_data;
	default:
		return mst_file_data;
	}
}

/* The minimal symbol for SYMBOL, made on first use; found by name from then on. */
static minimal_symbol *minimal_symbol_for(const crash_symbol &symbol)
{
	objfile *holder = types_objfile;
	auto known = symbols_by_address.find(symbol.address);

	if (known != symbols_by_address.end() && streq(known->second->linkage_name(), symbol.name))
		return known->second;

	unsigned int hash = msymbol_hash(symbol.name) % MINIMAL_SYMBOL_HASH_SIZE;
	minimal_symbol **chain = &holder->per_bfd->msymbol_hash[hash];
	for (minimal_symbol *made = *chain; made != nullptr; made = made->hash_next)
		if (CORE_ADDR(made->unrelocated_address()) == symbol.address &&
		    streq(made->linkage_name(), symbol.name))
			return made;

	minimal_symbol *made = OBSTACK_ZALLOC(&holder->objfile_obstack, minimal_symbol);
	made->m_name = symbol.name;
	made->set_language(language_unknown, &holder->objfile_obstack);
	made->name_set = 1;
	made->set_unrelocated_address(unrelocated_addr(symbol.address));
	made->set_type(minimal_type(symbol.type));
	made->set_section_index(0);
	/* GDB names no address after a symbol without extent: the linker script's marks stay out of
	 * values. */
	made->set_size(symbol.size);
	made->hash_next = *chain;
	*chain = made;
	symbols_by_address[symbol.address] = made;
	return made;
}

static void want_minimal_symbol(const char *name)
{
	crash_symbol symbol;

	if (embed_ops->symbol_by_name == nullptr || !names_asked.insert(name).second)
		return;
	if (embed_ops->symbol_by_name(name, &symbol))
		minimal_symbol_for(symbol);
}

static bound_minimal_symbol find_minimal_symbol_at(CORE_ADDR pc)
{
	crash_symbol symbol;

	if (embed_ops->symbol_at == nullptr || !embed_ops->symbol_at(pc, &symbol))
		return {};
	return { minimal_symbol_for(symbol), types_objfile };
}

static void make_objfiles()
{
	types_objfile = make_objfile("<kernel types>");
	code_objfile = dwarf_attached ? nullptr : make_objfile("<kernel functions>");
	crash_btf_attach(types_objfile, code_objfile, embed_ops);
	crash_want_minimal_symbol = want_minimal_symbol;
	crash_minimal_symbol_at = find_minimal_symbol_at;
	/* Observers drop what they remember of names that were not found before. */
	gdb::observers::new_objfile.notify(types_objfile);
	if (code_objfile != nullptr)
		gdb::observers::new_objfile.notify(code_objfile);
}

void crash_symbols_install(const crash_embed_ops *ops)
{
	embed_ops = ops;
	make_objfiles();
}

void crash_symbols_forget()
{
	crash_want_minimal_symbol = nullptr;
	crash_minimal_symbol_at = nullptr;
	names_asked.clear();
	symbols_by_address.clear();
	if (code_objfile != nullptr)
		code_objfile->unlink();
	code_objfile = nullptr;
	types_objfile->unlink();
	make_objfiles();
}

void crash_symbols_dwarf_attached()
{
	dwarf_attached = true;
	if (code_objfile != nullptr)
		code_objfile->unlink();
	code_objfile = nullptr;
}
