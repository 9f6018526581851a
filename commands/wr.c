/* commands/wr.c - the command wr: writes a value into the memory of the running kernel. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "dump/dumpfile.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/command.h"

/* 8, 16, 32 or 64 bits; an unsigned long when none is asked for. */
static size_t wanted_bytes(const struct args *args)
{
	static const struct {
		const char *option;
		size_t bytes;
	} widths[] = { { "8", 1 }, { "16", 2 }, { "32", 4 }, { "64", 8 } };
	size_t bytes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		if (!option_given(args, widths[i].option))
			continue;
		if (bytes)
			fail("only one of -8, -16, -32 and -64 can be given");
		bytes = widths[i].bytes;
	}
	return bytes ? bytes : sizeof(u64);
}

static enum address_space wanted_space(const struct args *args, u64 address)
{
	unsigned count = (option_given(args, "k") != 0) + (option_given(args, "u") != 0) +
			 (option_given(args, "p") != 0);

	if (count > 1)
		fail("only one of -k, -u and -p can be given");
	if (option_given(args, "p"))
		return SPACE_PHYSICAL;
	if (option_given(args, "u"))
		return SPACE_USER;
	if (option_given(args, "k") || mem_is_kernel_address(address))
		return SPACE_KERNEL;
	if (address < memory_layout()->task_size)
		fail("%llx could be a user or a physical address: say -u or -p", address);
	fail("%llx is no address", address);
}

static u64 physical_of(enum address_space kind, u64 address)
{
	struct fault fault;
	u64 paddr;

	if (!mem_to_phys_in(current_space(kind), address, &paddr, &fault))
		fail("%s %llx: %s", address_space_name(kind), address, fault_text(&fault));
	return paddr;
}

static bool is_too_large(u64 value, size_t bytes)
{
	return bytes < sizeof(value) && value >> (8 * bytes);
}

/* Readers are not told what they asked for. */
static const struct column columns[] = {
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "value", NULL, .kind = CELL_ADDRESS },
	{ "bytes", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

struct written {
	u64 address, value, bytes;
};

static void put_written(struct row *row, UNUSED size_t index, void *arg)
{
	const struct written *written = arg;

	row_address(row, written->address);
	row_address(row, written->value);
	row_number(row, written->bytes);
}

static void run_wr(struct args *args)
{
	struct strbuf *why = scope_strbuf();
	u64 address, value, paddr;
	size_t bytes = wanted_bytes(args);
	struct written written;
	unsigned mark;

	if (option_given(args, "f"))
		fail("-f: a dump file is never written to");
	if (option_given(args, "m"))
		fail("-m is for the machine addresses of a Xen hypervisor, which is not read here");
	args_check_words(args, args->nr_words ? "the value" : "an address", 2, 2);
	if (!memory_is_live())
		fail("a dump is a record of the past: "
		     "only a live system's memory can be written to");
	address = argument_address(args->words[0]);
	value = argument_address(args->words[1]);
	if (is_too_large(value, bytes))
		fail("%llx does not fit into %zu bits", value, 8 * bytes);
	mark = doing("writing to %llx", address);
	paddr = physical_of(wanted_space(args, address), address);
	if (!dump_write(memory_dump(), paddr, &value, bytes, why))
		fail_with(why);
	gdb_bridge_changed();
	done(mark);
	written = (struct written){ address, value, bytes };
	table_show(&ONE_ROW("wr", columns, put_written, &written));
}

COMMAND(wr) = {
	.name = "wr",
	.summary = "write to the memory of the running kernel",
	.synopsis = "[-u | -k | -p] [-8 | -16 | -32 | -64] [address | symbol] value",
	.options =
		(const struct option[]){
			{ "k", NULL, "the address is one of the kernel" },
			{ "u", NULL, "the address is one of the current task's user space" },
			{ "p", NULL, "the address is a physical one" },
			{ "8", NULL, "write 8 bits" },
			{ "16", NULL, "write 16 bits" },
			{ "32", NULL, "write 32 bits" },
			{ "64", NULL, "write 64 bits (the default)" },
			{ "f", NULL, NULL },
			{ "m", NULL, NULL },
			{ NULL, NULL, NULL },
		},
	.description =
		"Writes VALUE, which is hexadecimal (or a symbol, or an expression in "
		"parentheses), to an address of a live system. A value must not cross a page "
		"boundary. wr reads back what it wrote, and fails when memory did not keep it.\n"
		"\n"
		"wr writes through /dev/mem, which takes root, a kernel that is not locked down "
		"and, for RAM, one without CONFIG_STRICT_DEVMEM. Most distributions' kernels "
		"refuse, and the message says so. wr never writes to a dump.",
	.example = "crash> rd -32 panic_on_oops\n"
		   "ffffffff9a3e5d84:  00000000                              ....\n"
		   "crash> wr -32 panic_on_oops 1\n"
		   "crash> rd -32 panic_on_oops\n"
		   "ffffffff9a3e5d84:  00000001                              ....\n",
	.arguments = "address|symbol value",
	.run = run_wr,
};
