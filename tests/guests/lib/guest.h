/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for test programs that run inside guests, without an operating system. A program has
 * guest_main(). The library starts it, reads the device tree, sets up MMU and interrupt controller,
 * prints, starts other CPUs and catches exceptions. The same images run on a bare emulated machine,
 * which tests the tests.
 *
 * This directory is the same on every architecture. guest_arch.h, in the architecture's directory,
 * has registers, exceptions, the interrupt controller, MMU and the start of CPUs.
 */
#ifndef GUEST_H
#define GUEST_H

#include <mullion/fdt.h>
#include <mullion/format.h>
#include <mullion/string.h>
#include <mullion/types.h>

#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)
#define ADD(x, v)   __atomic_fetch_add(&(x), (v), __ATOMIC_ACQ_REL)

#include "guest_arch.h"

/* --- Start ------------------------------------------------------------------------------------ */

struct machine {
	struct fdt fdt;
	u64 tree, tree_size; /* address, bytes */
	u64 image, image_end;
	u64 ram, ram_size;
	u32 num_cpus;
	u64 uart;     /* of stdout-path, 0 without one */
	u32 uart_irq; /* as the interrupt controller numbers it, 0 without one */
	const char *bootargs;
	bool mullion; /* the vendor calls answer */
	bool quiet;   /* print() is silent (measurements) */
	struct machine_arch arch;
};

extern struct machine machine;
extern char _head[], _end[];

/** guest_main() - the program; on CPU 0, MMU on, interrupt controller set up, interrupts masked. */
void guest_main(void);

/** tree_read() - fill @machine from the device tree at @address; nothing if it is no tree. */
void tree_read(u64 address);

/** boot_arg() - Returns @buf with the value of `key=value` in the boot arguments, cut at @size, or
 * "". */
const char *boot_arg(const char *key, char *buf, size_t size);

/** power_off() - end the guest, or the bare machine. */
void __noreturn power_off(void);

/* --- Print ------------------------------------------------------------------------------------ */

/** print() - a line or part of it, at most 255 bytes, to the hypervisor's log or the UART. */
void print(const char *fmt, ...) __printf(1, 2);
/** arch_print() - the text of print(). */
void arch_print(const char *text, size_t length);

/* --- Time ------------------------------------------------------------------------------------- */

/** time_ticks() - Returns the steps of time_now() in @us microseconds. */
u64 time_ticks(u64 us);

/* Spin until @condition or @ms milliseconds; true if it came. */
#define WAIT(condition, ms)                                         \
	({                                                          \
		u64 end_ = time_now() + time_ticks((u64)(ms)*1000); \
		bool came_;                                         \
		while (!(came_ = (condition)) && time_now() < end_) \
			yield();                                    \
		came_ || (condition);                               \
	})
#define WAIT_MS  5000 /* for what must come */
#define QUIET_MS 3    /* for what must not */

/* --- Other CPUs ------------------------------------------------------------------------------- */

/** cpu_on() - start CPU @index in @run; it switches itself off when that returns. Returns 0, or an
 * error of the architecture's firmware. */
s64 cpu_on(u32 index, void (*run)(void));
/** cpu_is_off() - Returns true if CPU @index is off. */
bool cpu_is_off(u32 index);
/** cpu_wait_off() - wait until its function has returned and it is off. Returns false after
 * WAIT_MS.
 */
bool cpu_wait_off(u32 index);
/** cpu_crashed() - Returns true if CPU @index had an unexpected exception since the last call. */
bool cpu_crashed(u32 index);

#endif
