/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial line through a channel's shared memory: two rings of bytes, one for each direction.
 * Indices run freely and are masked when used, so that a hostile other end can garble text but
 * never reach outside. The producer alone writes `in`, the consumer alone `out`. The bytes of a
 * ring remain when a component is restarted.
 *
 * A notification costs the producer more than a hundred bytes, so it sends few. It notifies when a
 * line ends after a pause, when the ring is half full, and SERIAL_PATIENCE_NS after the first byte
 * without a notification. It does not notify while notified bytes are still in the ring. The
 * consumer notifies when the rest falls to half of the ring or below. Both read the other's index
 * again behind a full barrier, so neither waits for a notification that does not come. When one of
 * them starts or ends, the core notifies the other, which then takes the rest.
 */
#ifndef ABI_SERIAL_H
#define ABI_SERIAL_H

#include <mullion/types.h>
#include <stdatomic.h>

#define SERIAL_RING_BYTES  2048u /* of data: a power of two, for indices wrap at 2^32 */
#define SERIAL_HALF        (SERIAL_RING_BYTES / 2)
#define SERIAL_PATIENCE_NS UINT64_C(1000000)

struct serial_ring {
	_Atomic u32 in, out; /* bytes ever put in and taken out, modulo 2^32 */
	u32 reserved[14];
	u8 data[SERIAL_RING_BYTES];
	u8 rest[4096u - 64u - SERIAL_RING_BYTES]; /* of the page */
};

struct serial_line {
	struct serial_ring to_first; /* from the second end to the first (GRANT_FIRST) */
	struct serial_ring to_second;
};

#endif
