/* work-memory.c - lab guest: processes by their memory: IPC, mappings, pages in swap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "guest.h"
#include "workload.h"

#define PAGE 4096UL
#define HUGE_PAGE (2UL << 20)

/* Each 8 bytes of a patterned page hold its own address, so a reader can check any of it. */
static void fill(void *area, size_t length)
{
	unsigned long *word = area;

	for (size_t i = 0; i < length / sizeof(*word); i++)
		word[i] = (unsigned long)&word[i];
}

void work_shm(void)
{
	int id = shmget(0x1ab, 5 * PAGE, IPC_CREAT | 0640),
	    gone = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
	int huge = shmget(0x1ac, HUGE_PAGE, IPC_CREAT | SHM_HUGETLB | 0600);
	char *area = shmat(id, NULL, 0), *other = shmat(gone, NULL, 0);

	need(area != (void *)-1 && other != (void *)-1, "shm");
	memset(area, 's', 3 * PAGE);
	shmctl(gone, IPC_RMID, NULL);
	if (huge >= 0 && (area = shmat(huge, NULL, 0)) != (void *)-1)
		memset(area, 'h', PAGE);
	else
		fact("shm_huge", "none");
}

void work_sem(void)
{
	int id = semget(0x5e1, 3, IPC_CREAT | 0600);
	struct sembuf down = { .sem_num = 1, .sem_op = -1 };

	need(id >= 0, "semget");
	semctl(id, 0, SETVAL, 17);
	settled();
	semop(id, &down, 1);
}

void work_msg(void)
{
	int full = msgget(0x3a1, IPC_CREAT | 0600), empty = msgget(0x3a2, IPC_CREAT | 0600);
	struct {
		long type;
		char text[100];
	} message = { .type = 5, .text = "a message" };

	need(full >= 0 && empty >= 0, "msgget");
	for (int i = 0; i < 3; i++)
		need(msgsnd(full, &message, 50 + i, 0) == 0, "msgsnd");
	settled();
	msgrcv(empty, &message, 100, 0, 0);
}

void work_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	mqd_t queue = mq_open("/lab-queue", O_RDWR | O_CREAT, 0600, &attr);
	mqd_t empty = mq_open("/lab-empty", O_RDWR | O_CREAT, 0600, &attr);
	char text[64];

	need(queue >= 0 && empty >= 0 && mq_send(queue, "posix", 6, 3) == 0, "mqueue");
	settled();
	mq_receive(empty, text, sizeof(text), NULL);
}

void work_maps(void)
{
	int fd = open("/mnt/disk/mapped", O_RDWR);
	char *shared, *private, *anon, *sharedanon, sum = 0;

	need(fd >= 0, "/mnt/disk/mapped");
	shared = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	sharedanon = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			  0);
	anon = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(shared != MAP_FAILED && private != MAP_FAILED && sharedanon != MAP_FAILED &&
		     anon != MAP_FAILED,
	     "mmap");
	for (int i = 0; i < 4; i++)
		sum += shared[i * PAGE] + private[i * PAGE];
	private[5 * PAGE] = sum;
	memset(sharedanon, 'S', 2 * PAGE);
	memset(anon, 'A', 6 * PAGE);
	mprotect(anon + 4 * PAGE, 2 * PAGE, PROT_READ);
	mprotect(anon + 8 * PAGE, 2 * PAGE, PROT_NONE);
	mlock(anon, 2 * PAGE);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, anon, 4 * PAGE, "lab-area");
	madvise(anon + 12 * PAGE, 2 * PAGE, MADV_DONTFORK);
	mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
	     -1, 0);
	fd = open("/tmp/odd\nname\\ \t", O_RDWR | O_CREAT, 0600);
	need(fd >= 0 && mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "odd name");
}

void work_huge(void)
{
	char *area = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	need(area != MAP_FAILED, "hugetlb");
	fill(area, PAGE);
	fact("pattern", "%d %p %lx huge", getpid(), area, PAGE);
}

void work_thp(void)
{
	char *area = mmap(NULL, 3 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char *aligned = (char *)(((unsigned long)area + HUGE_PAGE - 1) & -HUGE_PAGE);

	madvise(aligned, HUGE_PAGE, MADV_HUGEPAGE);
	fill(aligned, HUGE_PAGE);
	fact("pattern", "%d %p %lx thp", getpid(), aligned, HUGE_PAGE);
}

void work_swap(void)
{
	char *area = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	fill(area, 64 * PAGE);
	need(madvise(area, 48 * PAGE, MADV_PAGEOUT) == 0, "pageout");
	fact("pattern", "%d %p %lx swapped", getpid(), area, 48 * PAGE);
}

void work_pattern(void)
{
	char *area = mmap((void *)0x200000000, 32 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	need(area != MAP_FAILED, "pattern");
	fill(area, 32 * PAGE);
	strcpy(area + PAGE, "a string to be found by a search");
	fact("pattern", "%d %p %lx plain", getpid(), area, PAGE);
}
