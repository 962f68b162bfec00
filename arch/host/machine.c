/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake machine: RAM, CPUs, clock, console and the ways it ends. It replaces the system
 * registers of a real architecture, and records the requests of the core.
 */
#include <sanitizer/asan_interface.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>
#include <mullion/timer.h>

#include "arch/host/host.h"

#define FREQUENCY_HZ     UINT64_C(1000000000)
#define WINDOW_MAX       MIB(2)
#define COPY_CLEAN_BYTES 128

/* The same words in every run: a test must not depend on chance. */
struct boot_info boot_info = { .counter_hz = FREQUENCY_HZ,
			       .entropy = { 1, 2, 3 },
			       .has_entropy = true };
u32 cpu_count;
_Thread_local struct cpu *host_this_cpu;
enum host_end host_end;
jmp_buf *host_end_jump;
char host_console[HOST_CONSOLE_BYTES];
struct host_counts host_counts;

static struct cpu cpus[CONFIG_MAX_CPUS];
static u8 *ram;
static u64 ram_bytes, heap_bytes;
static ns_t clock_now;
static size_t console_used;

static void end(enum host_end how) __noreturn;

static void end(enum host_end how)
{
	host_end = how;
	if (how == HOST_END_STOP) {
		fprintf(stderr, "%s", host_console);
		abort();
	}
	(void)host_yield(HOST_ENDED);
	if (host_end_jump != NULL)
		longjmp(*host_end_jump, 1);
	exit(0);
}

static size_t console_put(const char *text, size_t n, bool wait)
{
	(void)wait;
	for (size_t i = 0; i < n; i++) {
		if (console_used == HOST_CONSOLE_BYTES - 1) {
			console_used = HOST_CONSOLE_BYTES / 2;
			memmove(host_console, host_console + HOST_CONSOLE_BYTES / 2 - 1,
				console_used);
		}
		host_console[console_used++] = text[i];
	}
	host_console[console_used] = '\0';
	return n;
}

void host_console_clear(void)
{
	console_used = 0;
	host_console[0] = '\0';
}

static void host_check(bool condition, const char *text)
{
	if (!condition) {
		(void)console_put(text, strlen(text), true);
		end(HOST_END_STOP);
	}
}

void host_start(u32 count, u64 bytes, u64 pages)
{
	host_check(ram == NULL && count > 0 && count <= CONFIG_MAX_CPUS &&
			   pages * PAGE_SIZE <= bytes,
		   "host_start: called twice, or out of bounds\n");
	ram = aligned_alloc(MIB(2), ALIGN_UP(bytes, MIB(2)));
	host_check(ram != NULL, "host_start: no memory\n");
	ram_bytes = bytes;
	heap_bytes = pages * PAGE_SIZE;
	cpu_count = count;
	for (u32 i = 0; i < count; i++) {
		cpus[i].id = i;
		atomic_store(&cpus[i].online, true);
	}
	host_cpu_select(0);
	log_attach_console(console_put);
	page_init(ram, HPA(HOST_RAM_BASE), pages);
	host_check(ram_add(HPA(HOST_RAM_BASE), bytes) == OK &&
			   ram_reserve(HPA(HOST_RAM_BASE), heap_bytes) == OK,
		   "host_start: RAM was refused\n");
	host_check(irq_init(NULL) == OK, "host_start: no interrupts\n");
	host_console_clear();
	ASAN_POISON_MEMORY_REGION(ram + heap_bytes, bytes - heap_bytes);
}

void host_cpu_select(u32 id)
{
	host_check(id < cpu_count, "host_cpu_select: no such CPU\n");
	host_this_cpu = &cpus[id];
}

struct cpu *cpu_get(u32 id)
{
	return id < cpu_count ? &cpus[id] : NULL;
}

static u8 *ram_at(hpa_t pa, u64 bytes)
{
	if (pa.v < HOST_RAM_BASE || pa.v - HOST_RAM_BASE > ram_bytes ||
	    bytes > ram_bytes - (pa.v - HOST_RAM_BASE))
		return NULL;
	return ram + (pa.v - HOST_RAM_BASE);
}

void *host_ram(hpa_t pa, u64 bytes)
{
	u8 *p = ram_at(pa, bytes);

	if (p != NULL)
		ASAN_UNPOISON_MEMORY_REGION(p, bytes);
	return p;
}

void *arch_window_map(hpa_t pa, u64 bytes)
{
	struct arch_cpu *cpu = &host_this_cpu->arch;

	host_check(cpu->window_bytes == 0, "copy window: mapped twice\n");
	host_check(bytes > 0 && bytes <= WINDOW_MAX, "copy window: bad size\n");
	cpu->window_pa = pa.v;
	cpu->window_bytes = bytes;
	host_counts.windows++;
	host_check(ram_at(pa, bytes) != NULL, "copy window: not RAM\n");
	return host_ram(pa, bytes);
}

void arch_window_unmap(void)
{
	struct arch_cpu *cpu = &host_this_cpu->arch;
	u64 from, to;

	host_check(cpu->window_bytes != 0, "copy window: not mapped\n");
	/* Poison is kept for whole groups of 8 bytes: round inwards, and never over the heap. */
	from = MAX(ALIGN_UP(cpu->window_pa - HOST_RAM_BASE, 8), heap_bytes);
	to = ALIGN_DOWN(cpu->window_pa - HOST_RAM_BASE + cpu->window_bytes, 8);
	if (to > from)
		ASAN_POISON_MEMORY_REGION(ram + from, to - from);
	cpu->window_bytes = 0;
}

void arch_space_init(struct space *space, enum space_use use)
{
	(void)use;
	space->kind = SPACE_STAGE2;
	space->address_bits = PTE_S2_MAX_IPA_BITS;
	space->start_level = (u8)pte_s2_start_level(PTE_S2_MAX_IPA_BITS);
}

void arch_space_sync(const struct space *space, gpa_t gpa, u64 bytes)
{
	(void)gpa, (void)bytes;
	host_counts.space_syncs++;
	host_counts.space_flushes += space->cpus != 0;
}

void arch_clean_invalidate(const void *va, u64 bytes)
{
	(void)va;
	host_counts.swept_bytes += bytes;
}

void arch_copy_clean(void *to, const void *from, u64 bytes)
{
	host_check(bytes % COPY_CLEAN_BYTES == 0 && IS_ALIGNED((uintptr_t)to | (uintptr_t)from, 16),
		   "arch_copy_clean: misaligned\n");
	memcpy(to, from, bytes);
	host_counts.cleaned_bytes += bytes;
}

void arch_zero_clean(void *va, u64 bytes)
{
	host_check(IS_ALIGNED((uintptr_t)va | bytes, PAGE_SIZE), "arch_zero_clean: misaligned\n");
	memset(va, 0, bytes);
	host_counts.cleaned_bytes += bytes;
}

enum err arch_cpu_start(struct cpu *cpu)
{
	cpu->arch.starts++;
	return OK;
}

void arch_cpu_kick(u32 cpu)
{
	host_check(cpu < cpu_count, "arch_cpu_kick: no such CPU\n");
	cpus[cpu].arch.kicks++;
}

void arch_cpu_idle(void)
{
	if (!host_yield(HOST_IDLE))
		end(HOST_END_PARK);
	arch_irq_take();
}

ns_t arch_time_now(void)
{
	return clock_now;
}

u64 arch_time_wall(const struct host *host)
{
	(void)host;
	return 0;
}

void host_time_set(ns_t now)
{
	clock_now = now;
}

void arch_time_set_deadline(ns_t when)
{
	host_this_cpu->arch.deadlines++;
	host_this_cpu->arch.has_deadline = when.v != NS_NEVER.v;
	host_this_cpu->arch.deadline = when;
}

void arch_reboot(void)
{
	end(HOST_END_REBOOT);
}

void arch_poweroff(void)
{
	end(HOST_END_POWEROFF);
}

void arch_stop(void)
{
	end(HOST_END_STOP);
}

void arch_backtrace(void)
{
}
