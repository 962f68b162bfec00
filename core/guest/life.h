/* SPDX-License-Identifier: Apache-2.0 */
/* Between a guest's life (life.c) and the table of guests (guest.c). */
#ifndef CORE_GUEST_LIFE_H
#define CORE_GUEST_LIFE_H

struct guest;

/** guest_doom() - stop @guest for good, and wait until none of its vCPUs uses it any more. It is
 * pinned. Sleeps unless it is stopped already. */
void guest_doom(struct guest *guest);
/** guest_unwatch() - end what guest_watch() began, when its time is over. Any context. */
void guest_unwatch(struct guest *guest);

#endif
