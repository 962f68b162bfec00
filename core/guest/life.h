/* SPDX-License-Identifier: Apache-2.0 */
/* The interface between the states of a guest and the table of guests (guest.c). */
#ifndef CORE_GUEST_LIFE_H
#define CORE_GUEST_LIFE_H

#include <mullion/err.h>

struct guest;
struct vcpu;

/** guest_tear_down() - stop @guest, forbid every new start, and wait until no vCPU runs. The last
 * one may still be on its way off its stack (sched_settle()). The caller has pinned the guest.
 * Blocks unless the guest is stopped already; no locks. */
void guest_tear_down(struct guest *guest);
/** vcpu_begin() - start a vCPU that is off, and counted as running. Its guest's lock is held.
 * Returns ERR_STATE if it is on. */
enum err __must_check vcpu_begin(struct vcpu *vcpu);
/** guest_unwatch() - end what guest_watch() began, when its time is over. Any context. */
void guest_unwatch(struct guest *guest);

#endif
