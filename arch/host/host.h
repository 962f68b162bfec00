/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core as a Linux process, for tests and fuzz targets.
 *
 * The machine has some RAM, an arena with host-physical addresses from HOST_RAM_BASE on. The
 * calling thread runs its CPUs one at a time; its clock advances only by a call. RAM outside the
 * core's heap is accessible only through a mapped copy window, which AddressSanitizer enforces.
 */
#ifndef ARCH_HOST_HOST_H
#define ARCH_HOST_HOST_H

#include <arch/user.h>
#include <arch/vcpu.h>
#include <mullion/cpu.h>
#include <mullion/exit.h>
#include <mullion/types.h>
#include <setjmp.h>

struct guest;
struct vcpu;

#define HOST_RAM_BASE UINT64_C(0x40000000)

/** host_start() - a machine with @count CPUs and @bytes of RAM, the first @pages pages of which are
 * the core's heap. ram_*, page_* and interrupts are set up; routes need irq_allocate(). The calling
 * thread is CPU 0. Once per process. */
void host_start(u32 count, u64 bytes, u64 pages);
/** host_cpu_select() - the calling thread plays CPU @id from now on. */
void host_cpu_select(u32 id);
/** host_ram() - @bytes at @pa as the test sees them, made accessible; NULL outside RAM. */
void *host_ram(hpa_t pa, u64 bytes);

/** host_time_set() - the clock's time. A CPU whose deadline has passed is interrupted when it next
 * takes interrupts. */
void host_time_set(ns_t now);

/** host_script() - the exits that @vcpu's next runs end with; @exits must stay. */
void host_script(struct vcpu *vcpu, const struct vcpu_exit *exits, u32 count);
/** host_set_wants_irq() - @vcpu gets, or loses, a virtual interrupt. */
void host_set_wants_irq(struct vcpu *vcpu, bool wants);
/** host_step() - one pass as the vCPU loop makes it: run, serve the exit. On the vCPU's own CPU. */
void host_step(struct vcpu *vcpu);

/* The end of a scripted component's run. */
struct host_call {
	enum user_trap trap;
	u32 number; /* of a system call */
	u64 arguments[6];
};
/** host_user_script() - how the next runs of the component end; @calls must stay. At its end it
 * waits (SYS_WAIT); USER_INTERRUPTED: it computes (HOST_BUSY) and is interrupted. */
void host_user_script(struct arch_user *user, const struct host_call *calls, u32 count);

/* The reason why a CPU stopped. The reasons: its vCPU runs and its script has ended, it is idle, or
 * a thread of a test stopped it. Or the machine ended (host_end), and the next host_loop() begins
 * again.
 */
enum host_pause { HOST_WANTS_EXIT, HOST_IDLE, HOST_BUSY, HOST_ENDED };
/** host_loop() - continue CPU @id where it paused, until it pauses again. It begins in
 * sched_loop(), on a stack of its own. A vCPU that wanted an exit and still finds none in its
 * script is interrupted (EXIT_NONE) first. */
enum host_pause host_loop(u32 id);
/** host_yield() - from inside host_loop(), on whichever thread's stack: pause. False when the test
 * itself is running. */
bool host_yield(enum host_pause pause);
/** host_on_relax - called when the test itself, which acts for a CPU, spins. It may let other CPUs
 * continue; with NULL they stand. */
extern void (*host_on_relax)(void);

/** host_last_event() - the latest thing of @kind that the core did to @vcpu; NULL when none is
 * kept. */
const struct host_event *host_last_event(const struct vcpu *vcpu, enum host_event_kind kind);
/** host_line() - the level of a guest's shared line, as the core last set it. */
bool host_line(const struct guest *guest, u32 line);

/** host_raise() - the machine's line @line becomes pending; arch_irq_take() serves it once it is
 * enabled. */
void host_raise(u32 line);
/** host_irq_enabled(), host_irq_active() - state of the machine's line @line. */
bool host_irq_enabled(u32 line);
bool host_irq_active(u32 line);

/* How the machine ends. A panic prints the console and aborts. Otherwise host_loop() returns
 * HOST_ENDED; outside it the end jumps to host_end_jump, or is the process's end without one. */
enum host_end { HOST_END_NONE, HOST_END_POWEROFF, HOST_END_REBOOT, HOST_END_STOP, HOST_END_PARK };
extern enum host_end host_end;
extern jmp_buf *host_end_jump;

/* The core's output, with a NUL at the end. A full buffer drops the oldest text. */
#define HOST_CONSOLE_BYTES 16384
extern char host_console[HOST_CONSOLE_BYTES];
/** host_console_clear() - drop the output so far. */
void host_console_clear(void);

/* Requested maintenance, for tests. */
struct host_counts {
	u32 space_syncs, space_flushes, windows;
	u64 cleaned_bytes;
	u64 swept_bytes; /* arch_clean_invalidate() */
};
extern struct host_counts host_counts;

#endif
