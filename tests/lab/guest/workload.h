/* workload.h - lab guest: the processes of the workload, by what they leave behind. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LAB_WORKLOAD_H
#define LAB_WORKLOAD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Tells the director that this process' things are in place. Each of the cast calls it exactly
 * once.
 */
void settled(void);
void sleep_for_good(void) __attribute__((noreturn));
/* Ends this process with a line on the console unless GOOD. */
void need(bool good, const char *what);
pid_t start(const char *name, void (*body)(void));

/* work-tasks.c: states, policies, signals, timers, namespaces. */
void work_nothing(void);
void work_threads(void);
void work_zombie(void);
void work_dead_leader(void);
void work_stopped(void);
void work_traced(void);
void work_vfork(void);
void work_uffd(void);
void work_fifo(void);
void work_rr(void);
void work_deadline(void);
void work_batch(void);
void work_idle(void);
void work_nice(void);
void work_signals(void);
void work_timers(void);
void work_namespaces(void);
void work_chroot(void);
void work_cgroup(void);
void work_environment(void);
void work_futex(void);
void work_nanosleep(void);
void work_sigwait(void);
void work_wait(void);
void work_many(void);
/* Starts tasks of every policy that never sleep, on both processors; returns. */
void work_hogs(void);

/* work-files.c: descriptors of every kind, sockets, locks. */
void work_pipes(void);
void work_unix(void);
void work_tcp(void);
void work_udp(void);
void work_netlink(void);
void work_epoll(void);
void work_poll(void);
void work_select(void);
void work_event_fds(void);
void work_memfd(void);
void work_deleted(void);
void work_locks(void);
void work_open_fifo(void);
void work_accept(void);
void work_recv(void);
void work_inotify(void);
void work_tty(void);
void work_loop_files(void);
void work_bpf(void);
void work_frozen(void);

/* work-memory.c: System V and POSIX IPC, mappings, swap. */
void work_shm(void);
void work_sem(void);
void work_msg(void);
void work_mqueue(void);
void work_maps(void);
void work_huge(void);
void work_thp(void);
void work_swap(void);
void work_pattern(void);

#endif
