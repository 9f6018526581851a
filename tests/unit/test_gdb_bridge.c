/* test_gdb_bridge.c - L2 gdb_bridge: gdb over made-up memory, symbols and BTF, also damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bridge/gdb_bridge.h"
#include "names_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMORY_START 0xffff888000000000ULL
#define MEMORY_BYTES 8192
#define NODE_ADDRESS (MEMORY_START + 0x100)
#define COUNTER_ADDRESS (MEMORY_START + 0x800)
#define NUMBERS_ADDRESS (MEMORY_START + 0x900)
#define FUNCTION_ADDRESS 0xffffffff81000010ULL

static u8 memory[MEMORY_BYTES];
static struct built_btf kernel_btf, module_btf;
static const u8 *served; /* what is given out as vmlinux's BTF */
static size_t served_bytes;
static bool interrupt_next, has_registers;
static unsigned nr_messages;

static bool fake_read(UNUSED void *arg, u64 address, void *buf, size_t length)
{
	if (address < MEMORY_START || !range_fits(address - MEMORY_START, length, MEMORY_BYTES))
		return false;
	memcpy(buf, memory + (address - MEMORY_START), length);
	return true;
}

static bool fake_why(UNUSED void *arg, UNUSED u64 address, char *text, size_t space)
{
	snprintf(text, space, "page excluded from the dump");
	return true;
}

static const struct gdb_symbol known_symbols[] = {
	{ COUNTER_ADDRESS, 8, "counter", 'D' },
	{ FUNCTION_ADDRESS, 32, "vfs_read", 'T' },
	{ NODE_ADDRESS, 40, "first_node", 'd' },
	{ NUMBERS_ADDRESS, 12, "numbers", 'd' },
};

static bool fake_by_name(UNUSED void *arg, const char *name, struct gdb_symbol *symbol)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_symbols); i++) {
		if (streq(known_symbols[i].name, name)) {
			*symbol = known_symbols[i];
			return true;
		}
	}
	return false;
}

static bool fake_at(UNUSED void *arg, u64 address, struct gdb_symbol *symbol)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_symbols); i++) {
		if (address - known_symbols[i].address < known_symbols[i].size) {
			*symbol = known_symbols[i];
			return true;
		}
	}
	return false;
}

static bool fake_percpu_variable(void *arg, u64 value, struct gdb_symbol *symbol)
{
	return fake_at(arg, value, symbol) && symbol->address == value;
}

static bool fake_registers(UNUSED void *arg, UNUSED u64 id, struct gdb_registers *registers)
{
	registers->regs.ip = FUNCTION_ADDRESS + 4;
	registers->regs.sp = MEMORY_START + 0x1000;
	registers->regs.bx = 0x1234;
	registers->known = GDB_REGISTER_BIT(ip) | GDB_REGISTER_BIT(sp) | GDB_REGISTER_BIT(bx);
	return has_registers;
}

/* vfs_read+4 was called from vfs_read+8, which was interrupted at vfs_read+12, where the walk ends.
 */
static enum gdb_caller fake_caller(UNUSED void *arg, UNUSED u64 id, u64 pc, u64 sp,
				   struct gdb_registers *registers)
{
	if (pc == FUNCTION_ADDRESS + 4 && sp == MEMORY_START + 0x1000) {
		registers->regs.ip = FUNCTION_ADDRESS + 8;
		registers->regs.sp = MEMORY_START + 0x1010;
		registers->known = GDB_REGISTER_BIT(ip) | GDB_REGISTER_BIT(sp);
		return GDB_CALLER_RETURN;
	}
	if (pc == FUNCTION_ADDRESS + 8 && sp == MEMORY_START + 0x1010) {
		registers->regs.ip = FUNCTION_ADDRESS + 12;
		registers->regs.sp = MEMORY_START + 0x1080;
		registers->regs.r15 = 0x77;
		registers->known = GDB_REGISTERS_ALL;
		return GDB_CALLER_INTERRUPTED;
	}
	return pc == FUNCTION_ADDRESS + 12 ? GDB_CALLER_NONE : GDB_CALLER_UNKNOWN;
}

static bool fake_percpu(UNUSED void *arg, u64 variable, int cpu, u64 *address)
{
	*address = variable + (cpu < 0 ? 0 : (u64)cpu * 16);
	return cpu < 2;
}

static bool fake_btf(UNUSED void *arg, size_t index, struct gdb_btf *btf)
{
	if (index == 0 && served)
		*btf = (struct gdb_btf){ "vmlinux", served, served_bytes };
	else if (index == 1)
		*btf = (struct gdb_btf){ "ext4", module_btf.blob.text, module_btf.blob.length };
	else
		return false;
	return true;
}

static bool fake_debug_file(UNUSED void *arg, UNUSED struct gdb_debug_file *file, char *why,
			    size_t space)
{
	snprintf(why, space, "install the dbg package");
	return false;
}

static bool fake_interrupted(UNUSED void *arg)
{
	return interrupt_next;
}

static void fake_message(UNUSED void *arg, UNUSED const char *text)
{
	nr_messages++;
}

static const struct gdb_bridge_ops fake_ops = {
	.read = fake_read,
	.why_unreadable = fake_why,
	.symbol_by_name = fake_by_name,
	.symbol_at = fake_at,
	.percpu_variable_at = fake_percpu_variable,
	.registers = fake_registers,
	.caller = fake_caller,
	.percpu_address = fake_percpu,
	.btf = fake_btf,
	.debug_file = fake_debug_file,
	.interrupted = fake_interrupted,
	.message = fake_message,
};

enum {
	ID_INT = 1,
	ID_CHAR,
	ID_BOOL,
	ID_NODE_POINTER,
	ID_NAME,
	ID_NODE,
	ID_COLOUR,
	ID_FLAGS,
	ID_NODE_T,
	ID_PROTO,
	ID_FUNC,
	ID_VAR,
	ID_EMPTY,
	ID_ANON,
	ID_FLEXIBLE,
	ID_TAIL,
	ID_WIDE,
	ID_CONST_NODE,
	ID_CONST_POINTER,
	ID_FORWARD,
	ID_FORWARD_POINTER,
	ID_FLOAT,
	ID_DOUBLE,
	ID_LONG_DOUBLE,
	ID_VOLATILE_INT,
	ID_RESTRICTED,
	ID_TAGGED,
	ID_TAGGED_POINTER,
	ID_DECL_TAG,
	ID_FORWARD_UNION,
	ID_FORWARD_UNION_POINTER,
	ID_SIGNED_WIDE,
	ID_CALLBACK,
	ID_RARE,
	ID_DATASEC,
	ID_ROW,
	ID_MATRIX,
	ID_WITH_MATRIX,
	ID_NUMBERS,
};

/* The kinds that build_kernel() has not, as members of one structure. */
static void build_rare_kinds(struct built_btf *b)
{
	build_btf_type(b, "float", BTF_FLOAT, false, 0, 4);
	build_btf_type(b, "double", BTF_FLOAT, false, 0, 8);
	build_btf_type(b, "long double", BTF_FLOAT, false, 0, 16);
	build_btf_type(b, NULL, BTF_VOLATILE, false, 0, ID_INT);
	build_btf_type(b, NULL, BTF_RESTRICT, false, 0, ID_NODE_POINTER);
	build_btf_type(b, "rcu", BTF_TYPE_TAG, false, 0, ID_NODE);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_TAGGED);
	build_btf_type(b, "bpf_kfunc", BTF_DECL_TAG, false, 0, ID_FUNC);
	build_btf_word(b, (u32)-1);
	build_btf_type(b, "secret", BTF_FWD, true, 0, 0);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_FORWARD_UNION);
	build_btf_type(b, "signed_wide", BTF_ENUM64, true, 2, 8);
	build_btf_word(b, build_btf_text(b, "LOWEST"));
	build_btf_word(b, 0);
	build_btf_word(b, 0x80000000);
	build_btf_word(b, build_btf_text(b, "ABOVE_32"));
	build_btf_word(b, 2);
	build_btf_word(b, 1);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_PROTO);
	build_btf_type(b, "rare", BTF_STRUCT, false, 9, 96);
	build_btf_field(b, "f", ID_FLOAT, 0);
	build_btf_field(b, "v", ID_VOLATILE_INT, 32);
	build_btf_field(b, "d", ID_DOUBLE, 64);
	build_btf_field(b, "e", ID_LONG_DOUBLE, 128);
	build_btf_field(b, "r", ID_RESTRICTED, 256);
	build_btf_field(b, "t", ID_TAGGED_POINTER, 320);
	build_btf_field(b, "u", ID_FORWARD_UNION_POINTER, 384);
	build_btf_field(b, "w", ID_SIGNED_WIDE, 448);
	build_btf_field(b, "call", ID_CALLBACK, 512);
	build_btf_type(b, ".data..percpu", BTF_DATASEC, false, 1, 40);
	build_btf_field(b, NULL, 0, 40);
	build_btf_array(b, ID_INT, 3);
	build_btf_array(b, ID_ROW, 2);
	build_btf_type(b, "matrix", BTF_STRUCT, false, 1, 24);
	build_btf_field(b, "rows", ID_MATRIX, 0);
	build_btf_type(b, "numbers", BTF_VAR, false, 0, ID_ROW);
	build_btf_word(b, 1);
}

static void build_node(struct built_btf *b)
{
	build_btf_type(b, "node", BTF_STRUCT, true, 7,
		       40); /* kind flag: places hold widths of bit-fields */
	build_btf_field(b, "next", ID_NODE_POINTER, 0);
	build_btf_field(b, "name", ID_NAME, 64);
	build_btf_field(b, "low", ID_INT, 3u << 24 | 128);
	build_btf_field(b, "high", ID_INT, 5u << 24 | 131);
	build_btf_field(b, "ready", ID_BOOL, 160);
	build_btf_field(b, NULL, ID_ANON, 192);
	build_btf_field(b, "other", ID_FORWARD_POINTER, 256);
}

static void build_kernel(struct built_btf *b)
{
	build_btf_start(b, 1, 0);
	build_btf_int(b, "int", 4, true);
	build_btf_int(b, "char", 1, true);
	build_btf_type(b, "_Bool", BTF_INT, false, 0, 1);
	build_btf_word(b, 4u << 24 | 8);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_NODE);
	build_btf_array(b, ID_CHAR, 8);
	build_node(b);
	build_btf_type(b, "colour", BTF_ENUM, true, 2, 4);
	build_btf_word(b, build_btf_text(b, "RED"));
	build_btf_word(b, 7);
	build_btf_word(b, build_btf_text(b, "UNKNOWN"));
	build_btf_word(b, (u32)-3);
	build_btf_type(b, "flags", BTF_ENUM, false, 2, 4);
	build_btf_word(b, build_btf_text(b, "F_A"));
	build_btf_word(b, 1);
	build_btf_word(b, build_btf_text(b, "F_B"));
	build_btf_word(b, 4);
	build_btf_type(b, "node_t", BTF_TYPEDEF, false, 0, ID_NODE);
	build_btf_type(b, NULL, BTF_FUNC_PROTO, false, 2, ID_INT);
	build_btf_word(b, build_btf_text(b, "from"));
	build_btf_word(b, ID_CONST_POINTER);
	build_btf_word(b, 0);
	build_btf_word(b, 0);
	build_btf_type(b, "vfs_read", BTF_FUNC, false, 1, ID_PROTO);
	build_btf_type(b, "first_node", BTF_VAR, false, 0, ID_NODE);
	build_btf_word(b, 1);
	build_btf_type(b, "nothing", BTF_STRUCT, false, 0, 0);
	build_btf_type(b, NULL, BTF_UNION, false, 2, 8);
	build_btf_field(b, "number", ID_INT, 0);
	build_btf_field(b, "link", ID_NODE_POINTER, 0);
	build_btf_array(b, ID_INT, 0);
	build_btf_type(b, "tail", BTF_STRUCT, false, 3, 8);
	build_btf_field(b, "count", ID_INT, 0);
	build_btf_field(b, "mark", ID_FLEXIBLE, 32);
	build_btf_field(b, "item", ID_FLEXIBLE, 32);
	build_btf_type(b, "wide", BTF_ENUM64, false, 1, 8);
	build_btf_word(b, build_btf_text(b, "HUGE"));
	build_btf_word(b, 1);
	build_btf_word(b, 0x80000000);
	build_btf_type(b, NULL, BTF_CONST, false, 0, ID_NODE);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_CONST_NODE);
	build_btf_type(b, "hidden", BTF_FWD, false, 0, 0);
	build_btf_type(b, NULL, BTF_PTR, false, 0, ID_FORWARD);
	build_rare_kinds(b);
	build_btf_finish(b);
}

static int start(UNUSED void **state)
{
	u64 next = MEMORY_START + 0x300;

	build_kernel(&kernel_btf);
	build_btf_start(&module_btf, kernel_btf.nr_types + 1, (u32)kernel_btf.strings.length);
	build_btf_type(&module_btf, "ext4_thing", BTF_STRUCT, false, 1, 40);
	build_btf_field(&module_btf, "inner", ID_NODE, 0);
	build_btf_finish(&module_btf);
	served = (const u8 *)kernel_btf.blob.text;
	served_bytes = kernel_btf.blob.length;

	memcpy(memory + 0x100, &next, 8);
	memcpy(memory + 0x108, "init\0", 5);
	memory[0x110] = 0x2d; /* low 5 of 3 bits: -3; high 00101: 5 */
	memory[0x114] = 1;
	memory[0x118] = 42;
	memory[0x800] = 99;
	for (u8 i = 0; i < 3; i++)
		memory[0x910 + 4 * i] = 5 + i; /* the second CPU's numbers */
	gdb_bridge_setup(&fake_ops);
	return 0;
}

static int finish(UNUSED void **state)
{
	gdb_bridge_setup(NULL);
	build_btf_discard(&kernel_btf);
	build_btf_discard(&module_btf);
	return 0;
}

static void expect_output(const char *command, const char *wanted)
{
	struct strbuf output = { 0 }, error = { 0 };
	bool worked = gdb_run(command, GDB_NO_DWARF, &output, &error);

	if (!worked)
		fail_msg("%s: %s", command, strbuf_text(&error));
	assert_string_equal(strbuf_text(&output), wanted);
	strbuf_free(&output);
	strbuf_free(&error);
}

static void expect_error(const char *command, enum gdb_effort effort, const char *wanted)
{
	struct strbuf output = { 0 }, error = { 0 };

	assert_false(gdb_run(command, effort, &output, &error));
	assert_string_equal(strbuf_text(&error), wanted);
	strbuf_free(&output);
	strbuf_free(&error);
}

static void handler(UNUSED int number)
{
}

static void test_starting_leaves_signals_alone(UNUSED void **state)
{
	struct sigaction ours = { .sa_handler = handler }, after;

	sigaction(SIGINT, &ours, NULL);
	sigaction(SIGWINCH, &ours, NULL);
	expect_output("output 6*7", "42");
	assert_true(gdb_bridge_started());
	sigaction(SIGINT, NULL, &after);
	assert_ptr_equal(after.sa_handler, handler);
	sigaction(SIGWINCH, NULL, &after);
	assert_ptr_equal(after.sa_handler, handler);
}

static void test_types_read_like_source(UNUSED void **state)
{
	expect_output("ptype struct node", "type = struct node {\n"
					   "    struct node *next;\n"
					   "    char name[8];\n"
					   "    int low : 3;\n"
					   "    int high : 5;\n"
					   "    _Bool ready;\n"
					   "    union {\n"
					   "        int number;\n"
					   "        struct node *link;\n"
					   "    };\n"
					   "    struct hidden *other;\n"
					   "}\n");
	expect_output("whatis node_t", "type = struct node\n");
	expect_output("whatis (node_t *)0", "type = node_t *\n");
	expect_output("ptype enum colour", "type = enum colour {RED = 7, UNKNOWN = -3}\n");
	expect_output("ptype struct nothing", "type = struct nothing {\n    <no data fields>\n}\n");
	expect_output("ptype struct tail",
		      "type = struct tail {\n    int count;\n    int mark[0];\n"
		      "    int item[];\n}\n");
	expect_output("whatis vfs_read", "type = int (const struct node *, ...)\n");
	expect_output("output sizeof(struct node)", "40");
	expect_output("output &((struct node *)0)->number", "(int *) 0x18");
	expect_output("output HUGE", "HUGE");
	expect_output("output/x HUGE", "0x8000000000000001");
}

static void test_rare_kinds(UNUSED void **state)
{
	const float single = 0.5;
	const double normal = -2.25;
	u8 *at = memory + 0x400;

	memset(at, 0, 96);
	memcpy(at, &single, sizeof(single));
	at[4] = 7;
	memcpy(at + 8, &normal, sizeof(normal));
	at[56] = 2;
	at[60] = 1;
	expect_output("ptype struct rare", "type = struct rare {\n"
					   "    float f;\n"
					   "    volatile int v;\n"
					   "    double d;\n"
					   "    long double e;\n"
					   "    struct node * restrict r;\n"
					   "    struct node *t;\n"
					   "    union secret *u;\n"
					   "    enum signed_wide w;\n"
					   "    int (*call)(const struct node *, ...);\n"
					   "}\n");
	expect_output("output *(struct rare *)0xffff888000000400",
		      "{\n  f = 0.5,\n  v = 7,\n  d = -2.25,\n  e = 0,\n  r = 0x0,\n  t = 0x0,\n"
		      "  u = 0x0,\n  w = ABOVE_32,\n  call = 0x0\n}");
	expect_output("ptype enum signed_wide",
		      "type = enum signed_wide {LOWEST = -9223372036854775808, "
		      "ABOVE_32 = 4294967298}\n");
	expect_output("output/d LOWEST", "-9223372036854775808");
	expect_output("output sizeof(struct rare)", "96");
	expect_output("output &((struct rare *)0)->call",
		      "(int (**)(const struct node *, ...)) 0x40");
}

/*
 * A header with layouts, as kernels from v7.1 on have it; a kind of the future, and one
 * of 70,000 members.
 */
static void test_kinds_of_the_future(UNUSED void **state)
{
	static const u8 layouts[4 * 128] = {
		[4 * 35] = 8, [4 * 35 + 1] = 4, [4 * 127] = 0, [4 * 127 + 1] = 12
	};
	u32 header[8] = { 0xeb9f | 1 << 16, 32 };
	struct built_btf future = { 0 };
	struct strbuf blob = { 0 };

	build_btf_start(&future, 1, 0);
	build_btf_int(&future, "int", 4, true);
	/* In five bits, 35 would be an array and 127 a kind that has no layout. */
	build_btf_type(&future, "strange", (enum btf_kind)35, false, 3, 1);
	for (unsigned i = 0; i < 2 + 3; i++)
		build_btf_word(&future, 0xffffffff);
	build_btf_type(&future, NULL, (enum btf_kind)127, false, 1, 1);
	for (unsigned i = 0; i < 3; i++)
		build_btf_word(&future, 0xffffffff);
	build_btf_type(&future, "large", BTF_STRUCT, false, 70000, 4 * 70000);
	for (u32 i = 0; i < 70000; i++)
		build_btf_field(&future, i == 69999 ? "last" : NULL, 1, 32 * i);
	build_btf_type(&future, "node", BTF_STRUCT, false, 1, 4);
	build_btf_field(&future, "alone", 1, 0);
	header[3] = header[4] = future.types.length;
	header[5] = future.strings.length;
	header[6] = future.types.length + future.strings.length;
	header[7] = sizeof(layouts);
	strbuf_add(&blob, header, sizeof(header));
	strbuf_add(&blob, future.types.text, future.types.length);
	strbuf_add(&blob, future.strings.text, future.strings.length);
	strbuf_add(&blob, layouts, sizeof(layouts));
	served = (const u8 *)blob.text;
	served_bytes = blob.length;
	gdb_bridge_symbols_changed();
	expect_output("ptype struct node", "type = struct node {\n    int alone;\n}\n");
	expect_output("output &((struct large *)0)->last", "(int *) 0x445bc");
	served = (const u8 *)kernel_btf.blob.text;
	served_bytes = kernel_btf.blob.length;
	gdb_bridge_symbols_changed();
	build_btf_discard(&future);
	strbuf_free(&blob);
}

static void test_module_types_come_after_the_kernels(UNUSED void **state)
{
	expect_output("ptype struct ext4_thing",
		      "type = struct ext4_thing {\n    struct node inner;\n}\n");
	expect_error("ptype struct ext4_nothing", GDB_NO_DWARF,
		     "No struct type named ext4_nothing.");
}

static void test_memory_through_types(UNUSED void **state)
{
	expect_output(
		"output *(struct node *)0xffff888000000100",
		"{\n  next = 0xffff888000000300,\n  name = \"init\\000\\000\\000\",\n  low = -3,\n"
		"  high = 5,\n  ready = true,\n  {\n    number = 42,\n    link = 0x2a\n  },\n"
		"  other = 0x0\n}");
	expect_output("output first_node.name", "\"init\\000\\000\\000\"");
	expect_output("output &first_node", "(struct node *) 0xffff888000000100 <first_node>");
	expect_output("output (enum flags)5", "(F_A | F_B)");
	expect_output("output (enum flags)6", "(F_B | unknown: 0x2)");
	expect_output("output *(long *)&counter", "99");
	expect_output("info symbol 0xffffffff81000014", "vfs_read + 4\n");
	/* The fake's copies lie 16 bytes apart. */
	expect_output("output $percpu(first_node, 1).name[0]", "42 '*'");
	/* gdb hands an array over as a pointer to its first element. */
	expect_output("output $percpu(numbers, 1)", "{5, 6, 7}");
	expect_output("output $percpu(numbers, 1)[2]", "7");
	expect_output("output $percpu(&numbers, 1)", "(int (*)[3]) 0xffff888000000910");
	expect_output("output &$percpu(first_node, 1)->name",
		      "(char (*)[8]) 0xffff888000000118 <first_node+24>");
	expect_output("output $percpu(&first_node, 1)->name[0]", "42 '*'");
	expect_error("output $percpu(3, 1)", GDB_NO_DWARF,
		     "$percpu wants a variable or a pointer to one, not its value");
	/* One row of the two-dimensional array is three numbers. */
	expect_output("output sizeof((*(struct matrix *)0).rows[0])", "12");
}

static void test_errors_say_why(UNUSED void **state)
{
	expect_error("output *(int *)0x10", GDB_NO_DWARF,
		     "Cannot access memory at address 0x10: page excluded from the dump");
	expect_error("output counter", GDB_DWARF_IF_NEEDED,
		     "'counter' has unknown type; cast it to its declared type "
		     "(install the dbg package)");
	expect_error("output nothing_at_all", GDB_NO_DWARF,
		     "No symbol \"nothing_at_all\" in current context.");
	expect_error("info line vfs_read", GDB_DWARF, "install the dbg package");
	interrupt_next = true;
	expect_error("output first_node", GDB_NO_DWARF, "interrupted");
	interrupt_next = false;
	expect_output("output 1", "1");
}

static void test_an_internal_error_ends_the_command_only(UNUSED void **state)
{
	struct strbuf output = { 0 };

	assert_false(gdb_run("maintenance internal-error made up", GDB_NO_DWARF, &output, NULL));
	assert_non_null(strstr(strbuf_text(&output), "made up"));
	strbuf_free(&output);
	expect_output("output 1", "1");
}

static void test_registers_of_the_current_task(UNUSED void **state)
{
	has_registers = false;
	gdb_bridge_changed();
	expect_error("output $rip", GDB_NO_DWARF, "No registers.");
	has_registers = true;
	gdb_bridge_changed();
	expect_output("output/x $rbx", "0x1234");
	expect_output("output $rip", "(void (*)()) 0xffffffff81000014 <vfs_read+4>");
	expect_output("output $r15", "<unavailable>");
	expect_output(
		"bt",
		"#0  0xffffffff81000014 in vfs_read ()\n#1  0xffffffff81000018 in vfs_read ()\n"
		"#2  0xffffffff8100001c in vfs_read ()\n");
	assert_true(gdb_run("frame 2", GDB_NO_DWARF, NULL, NULL));
	expect_output("output/x $r15", "0x77");
	has_registers = false;
	gdb_bridge_changed();
}

static void test_questions_about_types(UNUSED void **state)
{
	struct strbuf text = { 0 };
	struct gdb_member member;
	u64 value;
	s64 number;

	assert_true(gdb_type_size("node_t", &value, NULL));
	assert_int_equal(value, 40);
	assert_false(gdb_type_size("struct missing", &value, &text));
	assert_string_equal(strbuf_text(&text), "No struct type named missing.");
	assert_true(gdb_type_member("struct node", "high", &member, NULL));
	assert_int_equal(member.offset, 16);
	assert_int_equal(member.size, 4);
	assert_int_equal(member.bit_offset, 3);
	assert_int_equal(member.bit_size, 5);
	assert_true(member.is_signed);
	assert_true(gdb_type_member("struct node", "link", &member, NULL));
	assert_int_equal(member.offset, 24);
	assert_true(gdb_type_member("struct ext4_thing", "inner.name[3]", &member, NULL));
	assert_int_equal(member.offset, 11);
	assert_int_equal(member.size, 1);
	assert_false(gdb_type_member("struct node", "nowhere", &member, NULL));
	assert_true(gdb_enumerator("UNKNOWN", &number, NULL));
	assert_int_equal(number, -3);
	assert_false(gdb_enumerator("counter", &number, NULL));
	assert_true(gdb_evaluate("(char)counter + 1", GDB_NO_DWARF, &value, NULL));
	assert_int_equal(value, 100);
	assert_true(gdb_evaluate("first_node.name", GDB_NO_DWARF, &value, NULL));
	assert_int_equal(value, NODE_ADDRESS + 8);
	assert_false(gdb_evaluate("first_node", GDB_NO_DWARF, &value, NULL));
	strbuf_reset(&text);
	assert_true(gdb_symbol_type("first_node", GDB_NO_DWARF, &text, NULL));
	assert_string_equal(strbuf_text(&text), "struct node");
	assert_false(gdb_symbol_type("counter", GDB_NO_DWARF, NULL, NULL));
	strbuf_free(&text);
}

/* Whatever the blob says: an answer or an error, in reasonable time. */
static void ask_about_everything(void)
{
	static const char *const commands[] = {
		"ptype struct node",
		"ptype /o struct tail",
		"output sizeof(node_t)",
		"output first_node",
		"output *(struct ext4_thing *)0xffff888000000100",
		"output RED",
		"whatis vfs_read",
		"info types node",
		"ptype enum wide",
	};

	gdb_bridge_symbols_changed();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct strbuf output = { 0 }, error = { 0 };

		if (!gdb_run(commands[i], GDB_NO_DWARF, &output, &error))
			assert_true(error.length > 0);
		strbuf_free(&output);
		strbuf_free(&error);
	}
}

static void test_truncated_btf(UNUSED void **state)
{
	size_t whole = served_bytes;

	for (served_bytes = 0; served_bytes < whole; served_bytes += 3)
		ask_about_everything();
	served_bytes = whole;
	assert_true(nr_messages > 0);
}

static void test_damaged_btf(UNUSED void **state)
{
	u64 seed = 20240607;
	u8 *copy = xmalloc(served_bytes);

	served = copy;
	for (unsigned round = 0; round < 600; round++) {
		memcpy(copy, kernel_btf.blob.text, served_bytes);
		for (unsigned i = 0; i < 1 + round % 3; i++)
			copy[noise(&seed) % served_bytes] = (u8)noise(&seed);
		ask_about_everything();
	}
	served = (const u8 *)kernel_btf.blob.text;
	gdb_bridge_symbols_changed();
	free(copy);
	expect_output("output sizeof(struct node)", "40");
}

static void test_structures_that_contain_themselves(UNUSED void **state)
{
	struct built_btf loop = { 0 };

	build_btf_start(&loop, 1, 0);
	build_btf_type(&loop, "inside", BTF_STRUCT, false, 1, 8);
	build_btf_field(&loop, "out", 2, 0);
	build_btf_type(&loop, "outside", BTF_TYPEDEF, false, 0, 3);
	build_btf_array(&loop, 1, 1);
	build_btf_type(&loop, "chain", BTF_TYPEDEF, false, 0, 5);
	build_btf_type(&loop, NULL, BTF_CONST, false, 0, 4);
	build_btf_finish(&loop);
	served = (const u8 *)loop.blob.text;
	served_bytes = loop.blob.length;
	gdb_bridge_symbols_changed();
	expect_output("ptype struct inside", "type = struct inside {\n    <no data fields>\n}\n");
	expect_output("ptype chain", "type = void\n");
	served = (const u8 *)kernel_btf.blob.text;
	served_bytes = kernel_btf.blob.length;
	gdb_bridge_symbols_changed();
	build_btf_discard(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starting_leaves_signals_alone),
		cmocka_unit_test(test_types_read_like_source),
		cmocka_unit_test(test_rare_kinds),
		cmocka_unit_test(test_kinds_of_the_future),
		cmocka_unit_test(test_module_types_come_after_the_kernels),
		cmocka_unit_test(test_memory_through_types),
		cmocka_unit_test(test_errors_say_why),
		cmocka_unit_test(test_an_internal_error_ends_the_command_only),
		cmocka_unit_test(test_registers_of_the_current_task),
		cmocka_unit_test(test_questions_about_types),
		cmocka_unit_test(test_structures_that_contain_themselves),
		cmocka_unit_test(test_truncated_btf),
		cmocka_unit_test(test_damaged_btf),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
