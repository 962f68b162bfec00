/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of virtio devices behind virtio-mmio: registers, interrupt, doorbell, restart. A
 * device's file has a struct virtio_model with the functions that differ. Its state begins with a
 * struct virtio_state.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include "components/lib/virtio_mmio.h"
#include "components/vmm/device.h"

#define VIRTIO_CONFIG_BYTES 64u

struct virtio_state {
	struct virtio_mmio mmio;
	u32 resumed; /* guest memory is untouched since the vmm's restart */
	u32 reserved;
};

struct virtio_model {
	struct device_model model; /* VIRTIO_MODEL() */
	struct virtio_type type;
	/* Find further grants, or change device->virtio. NULL: nothing. */
	void (*init)(struct device *device, const struct grant_info *region);
	/* Serve the queues, bounded. Returns true if only that bound ended it. */
	bool (*serve)(struct device *device);
	/* The device stops: its queues are not accessed any more. NULL: nothing to do. */
	void (*reset)(struct device *device);
	/* The vmm was restarted; guest memory may be accessed. NULL: nothing to do. */
	void (*resumed)(struct device *device);
	/* The configuration space, zeroed before. NULL: there is none. */
	void (*config)(const struct device *device, u8 bytes[VIRTIO_CONFIG_BYTES]);
	/* Write @value at @offset bytes of it. NULL: without effect. */
	void (*config_write)(struct device *device, u64 offset, u64 value);
};

/** virtio_init() - of device_model: find the doorbell, and the device's own grants. */
void virtio_init(struct device *device, const struct grant_info *region);
/** virtio_reset() - of device_model: all of the state is zero. */
void virtio_reset(struct device *device);
/** virtio_resume() - of device_model: a queue that is unusable breaks the device. */
void virtio_resume(struct device *device);
/** virtio_read() - of device_model. Returns the register or bytes of the configuration space. */
u64 virtio_read(struct device *device, u64 offset, u64 number, u64 where);
/** virtio_write() - of device_model: a register, a reset, or the configuration space. */
bool virtio_write(struct device *device, u64 offset, u64 value, u64 number, u64 where);
/** virtio_timer() - of device_model: serve the queues. */
ns_t virtio_timer(struct device *device);
/** virtio_notify() - of device_model: the doorbell, or a serial line. Returns true. */
bool virtio_notify(struct device *device);

#define VIRTIO_MODEL(model_name, state)                                                \
	{                                                                              \
		.name = (model_name), .size = sizeof(state), .init = virtio_init,      \
		.reset = virtio_reset, .resume = virtio_resume, .read = virtio_read,   \
		.write = virtio_write, .timer = virtio_timer, .notify = virtio_notify, \
	}

/** virtio_next() - the next chain of queue @number. Returns ERR_NOT_FOUND if there is none or the
 * device is not ready. Returns ERR_FORMAT if the driver has broken the rules: the device is broken
 * until its reset. */
enum err __must_check virtio_next(struct device *device, u32 number, struct chain *chain);
/** virtio_give() - give the chain back, with @written bytes in it. */
void virtio_give(struct device *device, u32 number, const struct chain *chain, u32 written);

/** virtio_next_ahead() - as virtio_next(), for the chain @ahead behind it. */
enum err __must_check virtio_next_ahead(struct device *device, u32 number, u32 ahead,
					struct chain *chain);
/** virtio_fill() - write the used entry of the chain @ahead; virtio_give_filled() gives the first
 * @count chains back at once. */
void virtio_fill(struct device *device, u32 number, u32 ahead, const struct chain *chain,
		 u32 written);
void virtio_give_filled(struct device *device, u32 number, u32 count);

/** virtio_break() - the driver has broken the rules. */
static inline void virtio_break(struct device *device)
{
	virtio_mmio_break(&((struct virtio_state *)device->state)->mmio);
}

/* virtio_console.c: one port at the end of a serial line, with emergency write (virtio 1.2 §5.3).
 * virtio_blk.c: a disk (§5.2). virtio_rng.c: random numbers (§5.4).
 * virtio_net.c: a port of a network (§5.1). */
extern const struct virtio_model virtio_console_model, virtio_blk_model, virtio_rng_model,
	virtio_net_model;
/* All of them, in device_models of each architecture. */
#define VIRTIO_MODELS                                                                  \
	&virtio_console_model.model, &virtio_blk_model.model, &virtio_rng_model.model, \
		&virtio_net_model.model

#endif
