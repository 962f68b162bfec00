/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device model emulates one kind of device for the served guest. Each model is one file, which
 * exports a struct device_model; device_models lists the models of an architecture's vmm.
 *
 * The vmm may end between any two instructions. Its restart preserves each model's state, and the
 * exit that was being served comes again with the same number. A preserved state may hold any
 * values: a model bounds each index where it uses it.
 */
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include "components/lib/link.h"
#include "components/lib/runtime.h"
#include "components/lib/serial.h"

#define DEVICE_STATE 248u /* bytes of a model's state, at most */

struct device;
struct virtio_type;

struct device_model {
	const char *name; /* value of the property `device` in the description */
	u32 size;         /* bytes of the state; zero when the device is new */
	bool joined;      /* all regions of the model are one device; offsets are port numbers */
	/* Find the grants that the model needs beside the interrupt line. NULL: none. */
	void (*init)(struct device *device, const struct grant_info *region);
	/* Set the values of power-on; the interrupt line goes low. */
	void (*reset)(struct device *device);
	/* Continue with a preserved state, and set the interrupt line again. The guest may have
	 * been reset or destroyed: guest memory stays untouched until timer(). */
	void (*resume)(struct device *device);
	/* Serve an access at @offset bytes into the region. @number, @where: of struct
	 * component_exit. A write returns true if timer() is due. */
	u64 (*read)(struct device *device, u64 offset, u64 number, u64 where);
	bool (*write)(struct device *device, u64 offset, u64 value, u64 number, u64 where);
	/* Do what is due, bounded. Returns the core's time of the next call; NS(0): as soon as the
	 * other devices have been served; NS(UINT64_MAX): not before an event. */
	ns_t (*timer)(struct device *device);
	/* Serve a notification of device->bits. Returns true if timer() is due. */
	bool (*notify)(struct device *device);
};

struct device {
	const struct device_model *model;
	void *state; /* model->size bytes */
	u64 base;    /* of a joined device's region: added to offsets */
	const struct component_info *info;
	u64 bits;                         /* notification bits that notify() serves */
	struct serial_end serial;         /* for a model that has a serial line */
	const struct virtio_type *virtio; /* of a virtio device */
	const struct grant_info *disk;    /* of a model that has a disk: its memory; or NULL */
	struct net_port *net;             /* of a port of a network; or NULL */
	struct link link;                 /* of a disk that lies at its other end */
	u64 abandoned;    /* its slots whose chains were of the time before a reset */
	u64 capacity;     /* sectors, as the driver last found it */
	const char *name; /* of the region */
	u32 interrupt;    /* index of a GRANT_LINE; UINT32_MAX: none */
	bool level;       /* of the interrupt line, as last set */
};

/** device_models - the models of this architecture's vmm, up to NULL. A preserved state names its
 * model by the position here. */
extern const struct device_model *const device_models[];

/** device_execute - executes the instruction of an exit with EXIT_IS_INSN, for the architecture of
 * this vmm. @info: the vmm's own. NULL: there are no such exits. */
extern struct answer (*const device_execute)(const struct component_info *info, u64 where,
					     u64 number);
/** device_read_at(), device_write_at() - an access of that instruction at guest address @gpa, of
 * @bytes. Returns false if there is no device. Numbers of its read and its write differ. */
bool device_read_at(u64 gpa, u32 bytes, u64 number, u64 *value);
bool device_write_at(u64 gpa, u32 bytes, u64 number, u64 value);

/** device_attach_line() - connect the device to its serial line: the channel "GUEST-REGION", else
 * "REGION", else the guest's, unless another device has it. Without one, device_has_line() stays
 * false: nothing is received, and sent bytes are dropped. */
void device_attach_line(struct device *device, const struct grant_info *region);

/** device_find_channel() - Returns the channel "GUEST-REGION"; NULL without one. */
const struct grant_info *device_find_channel(const struct component_info *info, const char *region);

/** device_has_line() - Returns true if the device has a serial line. */
static inline bool device_has_line(const struct device *device)
{
	return device->serial.bit != 0;
}

/** device_set_level() - set the device's interrupt line. */
static inline void device_set_level(struct device *device, bool level)
{
	if (level == device->level || device->interrupt == UINT32_MAX)
		return;
	device->level = level;
	(void)sys_virq_set(device->interrupt, level);
}

/** device_power() - reset the guest (RESUME_RESET) or switch it off (RESUME_OFF), as the answer of
 * the write that is being served. The write returns true. */
void device_power(u32 flags);

/** device_pulse() - raise the interrupt line for a moment, for an edge. Returns true if the edge is
 * lost, because the guest has not taken the one before. */
static inline bool device_pulse(const struct device *device)
{
	bool lost;

	if (device->interrupt == UINT32_MAX)
		return false;
	lost = sys_virq_set(device->interrupt, true);
	(void)sys_virq_set(device->interrupt, false);
	return lost;
}

/** device_force_level() - the same when the level of the line is unknown. */
static inline void device_force_level(struct device *device, bool level)
{
	device->level = !level;
	device_set_level(device, level);
}

#endif
