/* lab-bpf.c - lab guest: BPF programs that other code runs through, loaded without any library. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab-bpf exit FUNCTION...	fexit programs: whoever sleeps in one of these functions has a BPF trampoline
 *				below it. Says which could be attached, and stays.
 * lab-bpf spin FUNCTION	a program with a function of its own that takes long, run by a kprobe at FUNCTION's
 *				start; then calls getpgid() for ever.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTRUCTION(op, to, from, distance, value)                                                 \
	((struct bpf_insn){ .code = (op),                                                          \
			    .dst_reg = (to),                                                       \
			    .src_reg = (from),                                                     \
			    .off = (distance),                                                     \
			    .imm = (value) })

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(union bpf_attr *attr, const struct bpf_insn *code, unsigned count, const char *name)
{
	attr->insns = (uintptr_t)code;
	attr->insn_cnt = count;
	attr->license = (uintptr_t) "GPL";
	strncpy(attr->prog_name, name, sizeof(attr->prog_name) - 1);
	return bpf(BPF_PROG_LOAD, attr);
}

static void *read_btf(size_t *size)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *data;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &status) != 0)
		return NULL;
	data = malloc(status.st_size);
	while (data && done < (size_t)status.st_size) {
		ssize_t some = read(fd, data + done, status.st_size - done);

		if (some <= 0)
			break;
		done += some;
	}
	close(fd);
	*size = done;
	return data;
}

/* Bytes that follow a type of this kind. */
static size_t tail_bytes(const struct btf_type *type)
{
	unsigned count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return count * sizeof(struct btf_enum64);
	default:
		return 0;
	}
}

/* The number of the BTF type of FUNCTION; 0: none. */
static unsigned function_id(const char *btf, const char *function)
{
	const struct btf_header *header = (const void *)btf;
	const char *types = btf + header->hdr_len + header->type_off;
	const char *names = btf + header->hdr_len + header->str_off;
	unsigned id = 1;

	for (size_t at = 0; at < header->type_len; id++) {
		const struct btf_type *type = (const void *)(types + at);

		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    strcmp(names + type->name_off, function) == 0)
			return id;
		at += sizeof(*type) + tail_bytes(type);
	}
	return 0;
}

static int attach_exit(const char *btf, const char *function)
{
	const struct bpf_insn code[] = {
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_TRACING };
	int fd;

	attr.expected_attach_type = BPF_TRACE_FEXIT;
	attr.attach_btf_id = function_id(btf, function);
	if (!attr.attach_btf_id)
		return -1;
	fd = load(&attr, code, 2, "lab_exit");
	if (fd < 0)
		return -1;
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = fd;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static int exits(char **functions)
{
	size_t size;
	char *btf = read_btf(&size);

	if (!btf)
		return 1;
	for (; *functions; functions++)
		if (attach_exit(btf, *functions) >= 0)
			printf("%s\n", *functions);
	free(btf);
	fflush(stdout);
	for (;;)
		pause();
}

/* Takes long enough that an interrupt finds it here. */
static int load_slow(void)
{
	enum { TURNS = 20000 };
	const struct bpf_insn code[] = {
		INSTRUCTION(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 2),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		/* the function */
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_6, 0, 0, 0),
		INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_6, 0, 0, 1),
		INSTRUCTION(BPF_JMP | BPF_JLT | BPF_K, BPF_REG_6, 0, -2, TURNS),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_KPROBE };

	return load(&attr, code, sizeof(code) / sizeof(code[0]), "lab_slow");
}

static int kprobe_type(void)
{
	char text[16] = "";
	int fd = open("/sys/bus/event_source/devices/kprobe/type", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return atoi(text);
}

static int spin(const char *function)
{
	struct perf_event_attr event = { .size = sizeof(event),
					 .sample_period = 1,
					 .wakeup_events = 1 };
	int program = load_slow(), probe;

	if (program < 0) {
		perror("no program");
		return 1;
	}
	event.type = kprobe_type();
	event.kprobe_func = (uintptr_t)function;
	probe = syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (probe < 0 || ioctl(probe, PERF_EVENT_IOC_SET_BPF, program) != 0 ||
	    ioctl(probe, PERF_EVENT_IOC_ENABLE, 0) != 0) {
		perror("no probe");
		return 1;
	}
	printf("%s\n", function);
	fflush(stdout);
	(void)!nice(19);
	if (fork() == 0)
		for (;;)
			getpgid(0);
	for (;;)
		getpgid(0);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "exit") == 0)
		return exits(argv + 2);
	if (argc == 3 && strcmp(argv[1], "spin") == 0)
		return spin(argv[2]);
	return 2;
}
