/* SPDX-License-Identifier: Apache-2.0 */
/* A source of random numbers (virtio 1.2 §5.4): the core's generator. */
#include "components/vmm/virtio.h"

#define TURN       16u  /* chains before the guest's next access is served */
#define CHAIN_FILL 256u /* bytes of a chain, at most: the driver asks again */

struct virtio_rng {
	struct virtio_state virtio;
};

_Static_assert(sizeof(struct virtio_rng) <= DEVICE_STATE, "device.h");

/* Returns how many bytes the chain has got; 0 for an empty chain, or without a source. */
static u32 rng_fill(const struct chain *chain)
{
	u64 words[RANDOM_WORDS];
	u32 done = 0, n = sizeof(words);

	while (done < CHAIN_FILL && n == sizeof(words) && sys_random(words)) {
		n = chain_put(chain, done, words, sizeof(words));
		done += n;
	}
	return done;
}

/* Without a source no chain is returned: the driver waits, and uses no bad numbers. */
static bool rng_serve(struct device *device)
{
	struct chain chain;

	for (u32 i = 0; i < TURN; i++) {
		u32 n;

		if (virtio_next(device, 0, &chain) != OK)
			return false;
		if (chain.num_read != 0 || chain.bytes == 0) {
			virtio_break(device);
			return false;
		}
		n = rng_fill(&chain);
		if (n == 0)
			return false;
		virtio_give(device, 0, &chain, n);
	}
	return true;
}

const struct virtio_model virtio_rng_model = {
	.model = VIRTIO_MODEL("virtio-rng", struct virtio_rng),
	.type = { .id = 4, .queues = 1 },
	.serve = rng_serve,
};
