/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers of the core: seeds in guests' trees and the TRNG firmware calls.
 *
 * One generator (ChaCha20 with fast key erasure), seeded with what the machine has: the loader's
 * /chosen rng-seed, the CPU's random number instruction, and counter values. On a machine with
 * neither seed nor instruction the counter alone has too little entropy. Then random_is_seeded()
 * returns false, and the TRNG calls are not offered.
 */
#ifndef MULLION_RANDOM_H
#define MULLION_RANDOM_H

#include <mullion/types.h>

/** random_start() - seed from the CPU and @bytes at @seed, which the loader gave (0: none). Boot
 * CPU, once. */
void random_start(const void *seed, size_t bytes);
/** random_add() - mix @bytes at @data in. @entropy: they are unpredictable to a guest. Boot;
 * generator lock. */
void random_add(const void *data, size_t bytes, bool entropy);
/** random_fill() - @bytes of output. Any CPU; generator lock. */
void random_fill(void *to, size_t bytes);
/** random_is_seeded() - was unpredictable material ever added? */
bool random_is_seeded(void);

#endif
