/* SPDX-License-Identifier: Apache-2.0 */
/* The recording of a guest's exits with their times (core/guest/profile.c). */
#ifndef MULLION_PROFILE_H
#define MULLION_PROFILE_H

#include <mullion/guest.h>

/** guest_profile() - record the exits of @guest, from nothing. ERR_NO_MEMORY. The caller has pinned
 * the guest. */
enum err __must_check guest_profile(struct guest *guest);
/** guest_profile_end() - end that; the records stay. Returns OK. As guest_profile(). */
enum err __must_check guest_profile_end(struct guest *guest);
/** vcpu_profile() - @vcpu records from now on, or no longer, as its guest does. Own thread. */
void vcpu_profile(struct vcpu *vcpu);

/** profile_exit() - @vcpu, which records, has left its guest because of @code, which @name is for.
 * @address: what it accessed, or its instruction. Own thread, interrupts masked. */
void profile_exit(struct vcpu *vcpu, u32 code, const char *name, u64 address);
/** profile_entry() - @vcpu, which records, is about to enter its guest. As profile_exit(). */
void profile_entry(struct vcpu *vcpu);

#endif
