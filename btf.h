/* btf.h - L2: reads one BTF blob (Documentation/bpf/btf.rst): types by id and by name. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTF_H
#define BTF_H

#include "util.h"

struct btf;

/* DATA stays the caller's and must outlive the btf. BASE: the vmlinux BTF for a module's split BTF. */
struct btf *btf_open(const void *data, u64 size, const struct btf *base, struct strbuf *why);
void btf_close(struct btf *btf);
u32 btf_nr_types(const struct btf *btf);	/* including the base's and void (id 0) */
const void *btf_data(const struct btf *btf, u64 *size);

#endif
