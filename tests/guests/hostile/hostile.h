/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile guest's ways of doing harm: one function each, chosen by bootargs case=NAME. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "guest.h"

#define NOWHERE 0x2000000000ull /* unused in each guest; inside this guest's map */

/* Faults that this guest's vectors took. */
extern u32 faults;

u64 random_next(void);
void map_nowhere(void);
/** attack() - one instruction with @data in x0 and x1, @address in x2; its fault is counted. */
void attack(u32 instruction, u64 data, u64 address);
/** report() - "hostile: NAME done" with what was counted, and power off. */
void __noreturn report(void);

/* memory.c */
/** attack_all() - attack() @address with every form of load, store and cache maintenance. */
void attack_all(u64 address);
void unmapped(void);
void permission(void);
void walks(void);
void forms(void);
void misaligned(void);
void jump(void);
void no_vectors(void);
void vector_loop(void);
void bad_tables(void);
/* interrupts.c */
void controller(void);
void storm(void);
void interface(void);
void line(void);
void sleep_masked(void);
/* calls.c */
void calls(void);
void cpu_nonsense(void);
void cpu_into_zeros(void);
void all_off(void);
void reset_often(void);
void log_noise(void);
/* registers.c */
void registers(void);
void instructions(void);
/* virtio.c, virtio_live.c, virtio_rings.c */
void virtio_chains(void);
void virtio_queues(void);
void virtio_registers(void);
void virtio_status(void);
void virtio_doorbells(void);
void virtio_changes(void);
void virtio_tables(void);
void virtio_events(void);
/* time.c */
void time_idle(void);
void time_setway(void);
void time_controller(void);
void time_interrupts(void);
void time_timer(void);
void time_calls(void);
void time_log(void);
void time_faults(void);
void time_registers(void);
void time_cpus(void);
void time_reset(void);
void time_uart(void);
void time_emulated(void);
void time_doorbells(void);

#endif
