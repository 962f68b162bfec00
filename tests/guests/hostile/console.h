/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Common parts of the cases against a virtio console. The vmm must survive all of them. It reports
 * a broken rule (DEVICE_NEEDS_RESET) or answers, and a reset restores the device.
 */
#ifndef HOSTILE_CONSOLE_H
#define HOSTILE_CONSOLE_H

#include "hostile.h"
#include "virtio.h"

#define BROKEN   BIT(0) /* DEVICE_NEEDS_RESET */
#define ANSWERED BIT(1) /* a chain was returned */
#define NOTHING  BIT(2)

#define SCRATCH_BYTES 0x10000u

#define CHAIN_MAX 32u /* buffers that the vmm takes as a chain */

/* The device's registers; memory that it may write to. */
extern u64 console;
extern u8 scratch[SCRATCH_BYTES];

/** console_failed() - "hostile: FAILED", for the suite. */
void console_failed(const char *what, u64 index);
/** console_start() - find the device, and see that it runs in both directions: something was typed.
 */
void console_start(void);
/** console_restart() - reset it and initialise it again, which must always work. */
void console_restart(void);
/** console_end() - the same, and it sends a line. */
void console_end(void);
/** console_broken() - the status has DEVICE_NEEDS_RESET. */
bool console_broken(void);
/** console_outcome() - what becomes of queue @number since virtio_used() was @before. */
u32 console_outcome(u32 number, u16 before);
/** console_offer() - offer @head, @step at a time, and see that one of @wanted becomes of it. */
void console_offer(const char *what, u64 index, u32 number, u32 head, u32 step, u32 wanted);

/** console_direction() - flags of queue @number's descriptors. */
static inline u32 console_direction(u32 number)
{
	return number == VIRTIO_RECEIVE ? VIRTIO_DESC_WRITE : 0;
}

#endif
