/* kernel/modulebtf.h - types of modules: their split BTF, out of the kernel's memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODULEBTF_H
#define MODULEBTF_H

#include "names/btf.h"

/*
 * Makes modules' types known to types.h: read when somebody asks for one that the kernel itself
 * lacks. KERNEL_BTF is the kernel's own BTF. Kernels that keep none (CONFIG_DEBUG_INFO_BTF_MODULES,
 * v5.11) have none.
 */
void module_btf_setup(const struct btf *kernel_btf);
/*
 * The INDEXth of them and its module's name, which stay valid; false: there are no
 * more. Never fail()s.
 */
bool module_btf_at(size_t index, const char **name, const struct btf **btf);

#endif
