/* kernel/modulebtf.c - reads the BTF that the kernel keeps of each loaded module. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands: the list btf_modules of struct btf_module, whose struct btf has a copy of the
 * module's .BTF section. (struct module forgets its own once it is loaded, and where a module was
 * built apart from its kernel, only the copy has ids that follow those of the kernel's BTF.)
 */
#include "kernel/modulebtf.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"
#include "names/kfield.h"
#include "names/types.h"

#include <stdlib.h>

#define MAX_MODULES 10000
#define MAX_BTF_BYTES (64ULL << 20)

/* v5.11 36e68442d1af bpf: Load and verify kernel module BTFs */
KSYMBOL(btf_modules, "btf_modules");
KSYMBOL(btf_start, "__start_BTF");
KSYMBOL(btf_stop, "__stop_BTF");
KFIELD(btf_module_list, "btf_module.list");
KFIELD(btf_module_btf, "btf_module.btf");
KFIELD(btf_data_address, "btf.data");
KFIELD(btf_data_size, "btf.data_size");
KFIELD(btf_name, "btf.name");

struct module_types {
	char name[64];
	struct btf *btf;
};

static const struct btf *base;
static VECTOR(struct module_types) found;
static bool loaded;

static void read_one(void *arg)
{
	u64 object = field_u64(*(u64 *)arg, &btf_module_btf);
	u64 address = field_u64(object, &btf_data_address);
	u64 size = field_u64(object, &btf_data_size);
	struct module_types types = { .name = "" };
	struct strbuf *why = scope_strbuf();
	struct fault fault;
	u8 *data;

	field_string(object, &btf_name, types.name, sizeof(types.name));
	if (size > MAX_BTF_BYTES)
		fail("BTF of module %s: %llu bytes make no sense", types.name, size);
	data = xmalloc(size);
	if (!mem_try_read(address, data, size, &fault)) {
		free(data);
		fail("BTF of module %s at %016llx: %s", types.name, fault.address,
		     fault_text(&fault));
	}
	types.btf = btf_open(data, size, base, why);
	if (!types.btf) {
		free(data);
		fail("BTF of module %s: %s", types.name, strbuf_text(why));
	}
	*vector_add(&found) = types;
	types_add_module_btf(types.btf);
}

/* Ids of split BTF continue those of the very BTF that the kernel has. */
static bool base_is_the_kernels(void)
{
	u64 size;

	btf_data(base, &size);
	return ksymbol_exists(&btf_start) && ksymbol_exists(&btf_stop) &&
	       ksymbol_address(&btf_stop) - ksymbol_address(&btf_start) == size;
}

static void read_all(UNUSED void *arg)
{
	struct klist_iter it;
	u64 entry, nr_seen = 0;

	if (!ksymbol_exists(&btf_modules) || !kfield_exists(&btf_module_list) ||
	    !base_is_the_kernels())
		return;
	klist_begin(&it, ksymbol_address(&btf_modules), kfield_offset(&btf_module_list));
	while (nr_seen++ < MAX_MODULES && klist_next(&it, &entry)) {
		struct failure failure;

		if (!protect(read_one, &entry, &failure))
			warn("%s", failure.text);
	}
	if (it.stopped)
		warn("the list of modules' BTF is incomplete: %s", klist_why(&it));
}

/* Called from lookups, some of them below gdb's frames: nothing may escape from here. */
static void load(void)
{
	struct failure failure;

	if (loaded)
		return;
	loaded = true;
	if (!protect(read_all, NULL, &failure))
		warn("types of modules: %s", failure.text);
}

void module_btf_setup(const struct btf *kernel_btf)
{
	base = kernel_btf;
	types_set_module_loader(load);
}

bool module_btf_at(size_t index, const char **name, const struct btf **btf)
{
	if (!base)
		return false;
	load();
	if (index >= found.count)
		return false;
	*name = found.items[index].name;
	*btf = found.items[index].btf;
	return true;
}
