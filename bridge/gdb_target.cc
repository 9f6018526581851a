/* bridge/gdb_target.cc - the dump as GDB's target: memory, tasks as threads, their registers and frames. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb_internal.hh"

#include <amd64-tdep.h>
#include <arch/amd64.h>
#include <event-top.h>
#include <frame.h>
#include <frame-unwind.h>
#include <inferior.h>
#include <objfiles.h>
#include <process-stratum-target.h>
#include <regcache.h>
#include <target.h>
#include <target-descriptions.h>
#include <user-regs.h>
#include <value.h>

#include <gdbsupport/x86-xstate.h>

#include <unordered_set>

using namespace bridge;

/*
 * The dump as a target: memory, and tasks as threads, whose registers are found when they
 * are asked for.
 */
static const target_info crash_target_info = { "crash", "kernel memory",
					       "The kernel that crash has opened." };

class crash_target final : public process_stratum_target {
public:
	const target_info &info() const override { return crash_target_info; }
	void close() override {}
	bool has_all_memory() override { return true; }
	bool has_memory() override { return true; }
	bool has_stack() override { return has_registers(); }
	bool has_execution(inferior *) override { return false; }
	bool has_registers() override
	{
		/* A list of threads goes on over those whose registers nobody saved. */
		load_registers(inferior_ptid.tid());
		return m_registers.known != 0 || m_listing;
	}
	bool thread_alive(ptid_t) override { return true; }
	std::string pid_to_str(ptid_t) override;
	const char *thread_name(thread_info *) override;
	const char *extra_thread_info(thread_info *) override;
	void update_thread_list() override;
	void fetch_registers(regcache *cache, int number) override;
	const struct target_desc *read_description() override;
	enum target_xfer_status xfer_partial(enum target_object object, const char *annex,
					     gdb_byte *readbuf, const gdb_byte *writebuf,
					     ULONGEST offset, ULONGEST len,
					     ULONGEST *done) override;
	void forget_registers() { m_asked = false; }
	void about_to_list(bool listing) { m_listing = listing; }

private:
	void load_registers(u64 id);
	enum target_xfer_status read_memory(ULONGEST address, gdb_byte *buf, ULONGEST len,
					    ULONGEST *done);

	struct gdb_registers m_registers = {};
	u64 m_id = 0; /* whose they are */
	bool m_asked = false, m_listing = false;
	struct gdb_thread m_thread = {}; /* what the last name and text were taken from */
};

static crash_target the_target;

void crash_target::load_registers(u64 id)
{
	if (m_asked && m_id == id)
		return;
	m_asked = true;
	m_id = id;
	memset(&m_registers, 0, sizeof(m_registers));
	if (ops->registers && !ops->registers(ops->arg, id, &m_registers))
		m_registers.known = 0;
}

/* All of them are of GDB's one inferior. */
static ptid_t ptid_of(u64 id, u32 pid)
{
	return id ? ptid_t(1, pid, id) : ptid_t(1, 1);
}

std::string crash_target::pid_to_str(ptid_t ptid)
{
	return ptid.tid() ? string_printf("PID %ld, task %s", ptid.lwp(), phex_nz(ptid.tid(), 8))
			  : std::string("current task");
}

const char *crash_target::thread_name(thread_info *thread)
{
	if (!thread->ptid.tid() || !ops->thread_by_id ||
	    !ops->thread_by_id(ops->arg, thread->ptid.tid(), &m_thread))
		return nullptr;
	return m_thread.name;
}

const char *crash_target::extra_thread_info(thread_info *thread)
{
	return thread_name(thread) ? m_thread.about : nullptr;
}

thread_info *bridge::thread_of(u64 id, u32 pid)
{
	ptid_t ptid = ptid_of(id, pid);
	thread_info *known = the_target.find_thread(ptid);

	return known ? known : add_thread_silent(&the_target, ptid);
}

/* On a live system tasks end, and others begin. */
void crash_target::update_thread_list()
{
	std::unordered_set<u64> there;
	struct gdb_thread thread;

	if (!ops->thread)
		return;
	for (size_t i = 0; ops->thread(ops->arg, i, &thread); i++) {
		QUIT;
		there.insert(thread.id);
		thread_of(thread.id, thread.pid);
	}
	if (there.empty())
		return;
	for (thread_info *each : current_inferior()->threads_safe()) {
		if (!there.count(each->ptid.tid()) && each->ptid != inferior_ptid)
			delete_thread(each);
	}
}

void bridge::follow_current_task(bool threads_wanted)
{
	static bool threads_known;
	struct gdb_thread thread = {};
	u64 id;

	if (!threads_known && !threads_wanted)
		return;
	id = ops->current_thread ? ops->current_thread(ops->arg) : 0;
	if (!id || inferior_ptid.tid() == id || !ops->thread_by_id ||
	    !ops->thread_by_id(ops->arg, id, &thread))
		return;
	if (!threads_known) {
		/*
		 * The numbers begin anew with the current task; Python, started just now,
		 * sees it come.
		 */
		switch_to_no_thread();
		init_thread_list();
		current_inferior()->highest_thread_num = 0;
	}
	threads_known = true;
	switch_to_thread(thread_of(id, thread.pid));
}

void bridge::lead_current_task()
{
	u64 id = inferior_ptid.tid();

	if (id && ops->select_thread && ops->current_thread && ops->current_thread(ops->arg) != id)
		ops->select_thread(ops->arg, id);
}

/* Where struct gdb_registers keeps the registers that GDB knows by number. */
static const struct {
	int number;
	size_t offset;
} register_places[] = {
#define PLACE(number, member)                                                                      \
	{                                                                                          \
		number, offsetof(struct gdb_registers, member)                                     \
	}
#define REGISTER(number, member) PLACE(number, regs.member)
#define SEGMENT(number, member) PLACE(number, segments.member)
	REGISTER(AMD64_RAX_REGNUM, ax),	 REGISTER(AMD64_RBX_REGNUM, bx),
	REGISTER(AMD64_RCX_REGNUM, cx),	 REGISTER(AMD64_RDX_REGNUM, dx),
	REGISTER(AMD64_RSI_REGNUM, si),	 REGISTER(AMD64_RDI_REGNUM, di),
	REGISTER(AMD64_RBP_REGNUM, bp),	 REGISTER(AMD64_RSP_REGNUM, sp),
	REGISTER(AMD64_R8_REGNUM, r8),	 REGISTER(AMD64_R9_REGNUM, r9),
	REGISTER(AMD64_R10_REGNUM, r10), REGISTER(AMD64_R11_REGNUM, r11),
	REGISTER(AMD64_R12_REGNUM, r12), REGISTER(AMD64_R13_REGNUM, r13),
	REGISTER(AMD64_R14_REGNUM, r14), REGISTER(AMD64_R15_REGNUM, r15),
	REGISTER(AMD64_RIP_REGNUM, ip),	 REGISTER(AMD64_EFLAGS_REGNUM, flags),
	REGISTER(AMD64_CS_REGNUM, cs),	 REGISTER(AMD64_SS_REGNUM, ss),
	SEGMENT(AMD64_DS_REGNUM, ds),	 SEGMENT(AMD64_ES_REGNUM, es),
	SEGMENT(AMD64_FS_REGNUM, fs),	 SEGMENT(AMD64_FSBASE_REGNUM, fs_base),
	SEGMENT(AMD64_GS_REGNUM, gs),	 SEGMENT(AMD64_GSBASE_REGNUM, gs_base),
#undef SEGMENT
#undef REGISTER
#undef PLACE
};

/* Bits of KNOWN count them in one row. */
static_assert(offsetof(struct gdb_registers, segments) == sizeof(struct x86_regs));

/* GDB's bare machine has no orig_rax. */
const struct target_desc *crash_target::read_description()
{
	static const struct target_desc *description;

	if (!description)
		description =
			amd64_create_target_description(X86_XSTATE_SSE_MASK, false, true, true);
	return description;
}

/* The value of the register NUMBER in REGISTERS; nullptr: it is not known. */
static const char *known_register(const struct gdb_registers &registers, gdbarch *arch, int number)
{
	size_t offset = sizeof(registers);
	/*
	 * The description alone has this one: its number follows those of GDB's own list. There
	 * is one machine.
	 */
	static const int orig_rax = user_reg_map_name_to_regnum(arch, "orig_rax", -1);

	if (number == orig_rax)
		offset = offsetof(struct gdb_registers, regs.orig_ax);
	for (const auto &place : register_places) {
		if (place.number == number)
			offset = place.offset;
	}
	if (offset == sizeof(registers) || !(registers.known & 1u << offset / 8))
		return nullptr;
	return (const char *)&registers + offset;
}

void crash_target::fetch_registers(regcache *cache, int)
{
	load_registers(cache->ptid().tid());
	for (int number = 0; number < gdbarch_num_regs(cache->arch()); number++) {
		const char *value = known_register(m_registers, cache->arch(), number);

		if (value)
			cache->raw_supply(number, value);
	}
}

/*
 * Our own stack walk as one of GDB's unwinders, asked first. It knows what an exception or
 * interrupt interrupted and where a stack ends, which no DWARF says; and, from the kernel's ORC
 * tables, the caller of code that has no debug information.
 */
struct walked_frame {
	enum gdb_caller kind;
	struct gdb_registers caller;
	u64 sp;
};

static int walk_sniffs(const struct frame_unwind *, const frame_info_ptr &frame, void **cache)
{
	CORE_ADDR pc;

	if (!ops->caller || !get_frame_pc_if_available(frame, &pc))
		return 0;
	walked_frame walked = {};
	walked.sp = get_frame_register_unsigned(frame, AMD64_RSP_REGNUM);
	walked.kind = ops->caller(ops->arg, inferior_ptid.tid(), pc, walked.sp, &walked.caller);
	if (walked.kind == GDB_CALLER_UNKNOWN ||
	    (walked.kind == GDB_CALLER_RETURN && find_pc_compunit_symtab(pc) != nullptr))
		return 0;
	walked_frame *kept = FRAME_OBSTACK_ZALLOC(walked_frame);
	*kept = walked;
	*cache = kept;
	return 1;
}

static enum unwind_stop_reason walk_stops(const frame_info_ptr &, void **cache)
{
	return ((walked_frame *)*cache)->kind == GDB_CALLER_NONE ? UNWIND_OUTERMOST
								 : UNWIND_NO_REASON;
}

static void walk_identifies(const frame_info_ptr &frame, void **cache, frame_id *id)
{
	*id = frame_id_build(((walked_frame *)*cache)->sp, get_frame_func(frame));
}

static value *walk_finds_register(const frame_info_ptr &frame, void **cache, int number)
{
	const walked_frame *walked = (const walked_frame *)*cache;

	const char *value = known_register(walked->caller, frame_unwind_arch(frame), number);

	return value ? frame_unwind_got_constant(frame, number, load_u64(value))
		     : frame_unwind_got_optimized(frame, number);
}

static const struct frame_unwind walk_unwinder = {
	"crash", NORMAL_FRAME, walk_stops, walk_identifies, walk_finds_register,
	nullptr, walk_sniffs,  nullptr,	   nullptr,
};

/* Our readers give all or nothing; GDB is content with the bytes before the first that is missing.
 */
enum target_xfer_status crash_target::read_memory(ULONGEST address, gdb_byte *buf, ULONGEST len,
						  ULONGEST *done)
{
	ULONGEST to_page_end = PAGE_BYTES - address % PAGE_BYTES;

	if (!ops->read)
		return TARGET_XFER_E_IO;
	if (!ops->read(ops->arg, address, buf, len)) {
		if (len <= to_page_end || !ops->read(ops->arg, address, buf, to_page_end))
			return TARGET_XFER_E_IO;
		len = to_page_end;
	}
	*done = len;
	return TARGET_XFER_OK;
}

enum target_xfer_status crash_target::xfer_partial(enum target_object object, const char *,
						   gdb_byte *readbuf, const gdb_byte *writebuf,
						   ULONGEST offset, ULONGEST len, ULONGEST *done)
{
	if (object != TARGET_OBJECT_MEMORY)
		return TARGET_XFER_E_IO;
	if (readbuf != nullptr)
		return read_memory(offset, readbuf, len, done);
	if (writebuf == nullptr || !ops->write || !ops->write(ops->arg, offset, writebuf, len))
		return TARGET_XFER_E_IO;
	*done = len;
	return TARGET_XFER_OK;
}

/*
 * A kernel's trace goes from one stack to another, wherever that lies: no order of
 * addresses is corruption.
 */
static bool never_inner(CORE_ADDR, CORE_ADDR)
{
	return false;
}

void bridge::push_target()
{
	inferior *inf = current_inferior();

	inf->push_target(&the_target);
	inferior_appeared(inf, 1);
	switch_to_thread(add_thread_silent(&the_target, ptid_t(1, 1)));
	target_find_description();
	frame_unwind_prepend_unwinder(inf->arch(), &walk_unwinder);
	set_gdbarch_inner_than(inf->arch(), never_inner);
}

void bridge::forget_registers()
{
	the_target.forget_registers();
}

void bridge::about_to_list_threads(bool listing)
{
	the_target.about_to_list(listing);
}
