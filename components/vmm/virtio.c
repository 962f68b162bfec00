/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of virtio devices: see virtio.h. */
#include "components/vmm/virtio.h"

#include <mullion/string.h>

static const struct virtio_model *model_of(const struct device *device)
{
	return (const struct virtio_model *)device->model;
}

static void update(struct device *device)
{
	const struct virtio_state *s = device->state;

	device_set_level(device, s->mmio.interrupts != 0);
}

void virtio_init(struct device *device, const struct grant_info *region)
{
	const struct grant_info *doorbell = grant_find(device->info, GRANT_DOORBELL, region->name);

	if (doorbell != NULL && doorbell->bit < NOTIFY_GRANTS)
		device->bits |= BIT(doorbell->bit);
	device->virtio = &model_of(device)->type;
	if (model_of(device)->init != NULL)
		model_of(device)->init(device, region);
}

void virtio_reset(struct device *device)
{
	struct virtio_state *s = device->state;

	s->mmio.status = 0;
	keep_order();
	if (model_of(device)->reset != NULL)
		model_of(device)->reset(device);
	memset(device->state, 0, device->model->size);
	device_force_level(device, false);
}

void virtio_resume(struct device *device)
{
	struct virtio_state *s = device->state;

	virtio_mmio_resume(&s->mmio, device->virtio, device->info);
	s->resumed = 1;
	device_force_level(device, s->mmio.interrupts != 0);
}

static u64 virtio_config_read(const struct device *device, u64 offset, u32 width)
{
	u8 bytes[VIRTIO_CONFIG_BYTES] = { 0 };
	u64 value = 0;

	if (model_of(device)->config == NULL || width > sizeof(value) ||
	    offset > sizeof(bytes) - width)
		return 0;
	model_of(device)->config(device, bytes);
	memcpy(&value, bytes + offset, width);
	return value;
}

u64 virtio_read(struct device *device, u64 offset, u64 number, u64 where)
{
	const struct virtio_state *s = device->state;

	(void)number;
	if (offset >= VIRTIO_MMIO_CONFIG)
		return virtio_config_read(device, offset - VIRTIO_MMIO_CONFIG, EXIT_WIDTH(where));
	return virtio_mmio_read(&s->mmio, device->virtio, offset);
}

bool virtio_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct virtio_state *s = device->state;
	bool due;

	(void)number;
	(void)where;
	if (virtio_mmio_is_reset(offset, (u32)value)) {
		virtio_reset(device);
		return true;
	}
	if (offset >= VIRTIO_MMIO_CONFIG) {
		if (model_of(device)->config_write != NULL)
			model_of(device)->config_write(device, offset - VIRTIO_MMIO_CONFIG, value);
		return false;
	}
	due = virtio_mmio_write(&s->mmio, device->virtio, device->info, offset, (u32)value);
	update(device);
	return due;
}

ns_t virtio_timer(struct device *device)
{
	struct virtio_state *s = device->state;
	bool more;

	if (s->resumed != 0) {
		s->resumed = 0;
		virtio_mmio_repeat(&s->mmio, device->virtio);
		if (model_of(device)->resumed != NULL)
			model_of(device)->resumed(device);
	}
	more = model_of(device)->serve(device);
	update(device);
	return more ? NS(0) : NS(UINT64_MAX);
}

bool virtio_notify(struct device *device)
{
	(void)device;
	return true;
}

enum err virtio_next_ahead(struct device *device, u32 number, u32 ahead, struct chain *chain)
{
	struct virtio_state *s = device->state;
	enum err err;

	if (!virtio_mmio_is_ready(&s->mmio, number))
		return ERR_NOT_FOUND;
	err = virtqueue_peek_ahead(&s->mmio.queues[number], device->info, ahead, chain);
	if (err == ERR_FORMAT)
		virtio_mmio_break(&s->mmio);
	return err;
}

enum err virtio_next(struct device *device, u32 number, struct chain *chain)
{
	return virtio_next_ahead(device, number, 0, chain);
}

void virtio_fill(struct device *device, u32 number, u32 ahead, const struct chain *chain,
		 u32 written)
{
	const struct virtio_state *s = device->state;

	virtqueue_fill(&s->mmio.queues[number], ahead, chain, written);
}

void virtio_give_filled(struct device *device, u32 number, u32 count)
{
	struct virtio_state *s = device->state;

	if (virtqueue_push_filled(&s->mmio.queues[number], count))
		s->mmio.interrupts |= VIRTIO_INT_QUEUE;
}

void virtio_give(struct device *device, u32 number, const struct chain *chain, u32 written)
{
	virtio_fill(device, number, 0, chain, written);
	virtio_give_filled(device, number, 1);
}
