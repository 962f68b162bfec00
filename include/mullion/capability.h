/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lock guards what, in a form that Clang checks (-Wthread-safety). A build with GCC ignores
 * it. Arguments are locks, as in REQUIRES(&queue->lock); of a static variable, GUARDED_BY(lock).
 * In C, Clang 14 does not find the lock beside a field of a structure. So a comment names a field's
 * lock, and the functions that use the field have REQUIRES().
 */
#ifndef MULLION_CAPABILITY_H
#define MULLION_CAPABILITY_H

#ifdef __clang__
#define CAPABILITY(what) __attribute__((what))
#else
#define CAPABILITY(what)
#endif

/* A type whose objects can be held. */
#define LOCKABLE CAPABILITY(capability("lock"))
/* A variable that only a holder of the lock reads or writes. */
#define GUARDED_BY(lock) CAPABILITY(guarded_by(lock))
/* The caller holds the locks, before and after the call. */
#define REQUIRES(...) CAPABILITY(requires_capability(__VA_ARGS__))
/* The function returns with the locks held, or has released them. */
#define ACQUIRES(...) CAPABILITY(acquire_capability(__VA_ARGS__))
#define RELEASES(...) CAPABILITY(release_capability(__VA_ARGS__))
/* The function returns true with the lock held, false without. */
#define TRY_ACQUIRES(lock) CAPABILITY(try_acquire_capability(true, lock))
/* The analysis takes the lock as held from here on. */
#define ASSUMES(lock) CAPABILITY(assert_capability(lock))
/* The analysis cannot follow this function: locks by condition, or released on another stack. */
#define NO_LOCK_ANALYSIS CAPABILITY(no_thread_safety_analysis)

#endif
