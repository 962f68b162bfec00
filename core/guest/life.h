/* SPDX-License-Identifier: Apache-2.0 */
/* The interface between the states of a guest and the table of guests (guest.c). */
#ifndef CORE_GUEST_LIFE_H
#define CORE_GUEST_LIFE_H

struct guest;

/** guest_tear_down() - stop @guest, forbid every new start, and wait until no vCPU runs. The last
 * one may still be on its way off its stack (sched_settle()). The caller has pinned the guest.
 * Blocks unless the guest is stopped already; no locks. */
void guest_tear_down(struct guest *guest);
/** guest_unwatch() - end what guest_watch() began, when its time is over. Any context. */
void guest_unwatch(struct guest *guest);

#endif
