/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load that verifies a disk, for Linux in a guest.
 *
 *	blocks DEVICE WORKERS STOP   until the file STOP exists
 *
 * Each worker has BLOCKS blocks of 4 KiB of its own. In each round it writes all of them past the
 * page cache, 1 to 16 at once, in an order of that round. Each word of a block depends on block
 * and round. Then the worker flushes, and reads all blocks again: no error, and each word of this
 * round. The last line is "blocks: passed" or says what differs; before it, a worker has a line
 * with its last round.
 */
#include "call.h"

#define SIGCHLD     17
#define AT_FDCWD    (-100L)
#define O_RDWR      2
#define BLOCK       4096u
#define BLOCKS      64u
#define RUN_MAX     16u
#define WORKERS_MAX 16u

static u64 buffer[RUN_MAX * BLOCK / sizeof(u64)] __attribute__((aligned(4096)));
static u32 worker;

static __attribute__((noreturn)) void end(int code)
{
	for (;;)
		call(SYS_EXIT_GROUP, code, 0, 0, 0, 0);
}

static u32 add_text(char *line, u32 at, const char *text)
{
	while (*text != '\0')
		line[at++] = *text++;
	return at;
}

static u32 add_number(char *line, u32 at, u64 value)
{
	char digits[20];
	u32 n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	while (n > 0)
		line[at++] = digits[--n];
	return at;
}

/* One line, in one call. */
static void say(const char *text, u64 block, u64 round)
{
	char line[160];
	u32 n = add_text(line, 0, "blocks: worker ");

	n = add_number(line, n, worker);
	n = add_text(line, n, text);
	n = add_number(line, n, block);
	n = add_text(line, n, " round ");
	n = add_number(line, n, round);
	n = add_text(line, n, "\n");
	(void)call(SYS_WRITE, 1, (long)line, n, 0, 0);
}

static u64 word_of(u64 block, u64 round, u64 index)
{
	return (block << 32 | round) + index * 0x9e3779b97f4a7c15;
}

static void must(int condition, const char *text, u64 block, u64 round)
{
	if (condition)
		return;
	say(text, block, round);
	end(1);
}

static void write_run(long disk, u64 first, u32 num, u64 round)
{
	for (u32 i = 0; i < num; i++)
		for (u32 j = 0; j < BLOCK / 8; j++)
			buffer[i * (BLOCK / 8) + j] = word_of(first + i, round, j);
	must(call(SYS_PWRITE64, disk, (long)buffer, (long)num * BLOCK, (long)(first * BLOCK), 0) ==
		     (long)num * BLOCK,
	     " failed to write block ", first, round);
}

static void read_run(long disk, u64 first, u32 num, u64 round)
{
	must(call(SYS_PREAD64, disk, (long)buffer, (long)num * BLOCK, (long)(first * BLOCK), 0) ==
		     (long)num * BLOCK,
	     " failed to read block ", first, round);
	for (u32 i = 0; i < num; i++)
		for (u32 j = 0; j < BLOCK / 8; j++)
			must(buffer[i * (BLOCK / 8) + j] == word_of(first + i, round, j),
			     " found other words in block ", first + i, round);
}

/* Runs of blocks, in an order that depends on the round. */
static void all_runs(long disk, u64 round, void (*act)(long, u64, u32, u64))
{
	u32 num = 1u << (round % 5), runs = BLOCKS / num;

	for (u32 i = 0; i < runs; i++)
		act(disk, (u64)worker * BLOCKS + ((i * 5 + round) % runs) * num, num, round);
}

static __attribute__((noreturn)) void work(const char *device, const char *stop)
{
	long disk = call(SYS_OPENAT, AT_FDCWD, (long)device, O_RDWR | O_DIRECT, 0, 0);
	u64 round = 0;

	must(disk >= 0, " cannot open the device: ", (u64)-disk, 0);
	do {
		round++;
		all_runs(disk, round, write_run);
		must(call(SYS_FSYNC, disk, 0, 0, 0, 0) == 0, " failed to flush: ", 0, round);
		all_runs(disk, round, read_run);
	} while (call(SYS_FACCESSAT, AT_FDCWD, (long)stop, 0, 0, 0) != 0);
	say(" ended with blocks from ", (u64)worker * BLOCKS, round);
	end(0);
}

/* @stack: argc, argv (System V ABI). */
static __attribute__((noreturn, used)) void start(const u64 *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	u32 workers = 0, failed = 0;
	const char *at;

	must(stack[0] == 4, " usage: blocks DEVICE WORKERS STOP ", 0, 0);
	for (at = argv[2]; *at >= '0' && *at <= '9'; at++)
		workers = workers * 10 + (u32)(*at - '0');
	must(workers > 0 && workers <= WORKERS_MAX, " one of too many: ", workers, 0);
	for (worker = 0; worker < workers; worker++) {
		long pid = call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0);

		must(pid >= 0, " has no process ", 0, 0);
		if (pid == 0)
			work(argv[1], argv[3]);
	}
	for (u32 i = 0; i < workers; i++) {
		int status = 0;

		must(call(SYS_WAIT4, -1, (long)&status, 0, 0, 0) > 0, " is lost ", i, 0);
		failed += status != 0;
	}
	must(failed == 0, " failed workers: ", failed, 0);
	(void)call(SYS_WRITE, 1, (long)"blocks: passed\n", 15, 0, 0);
	end(0);
}
