/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio console (virtio 1.2 §5.3) behind virtio-mmio (§4.2) at the end of a serial line: one
 * port, with the emergency write. A driver that breaks the rules finds DEVICE_NEEDS_RESET, and the
 * device does nothing until it is reset.
 *
 * virtio_console_state is kept when the component is restarted, as with the other models. It may
 * end anywhere: each byte is still carried once.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "components/lib/serial.h"
#include "components/lib/virtqueue.h"

struct virtio_console_state {
	u32 status, interrupts;
	u32 device_page, driver_page; /* DeviceFeaturesSel, DriverFeaturesSel */
	u32 selected;                 /* QueueSel */
	u32 features[2];              /* what the driver took */
	/* Which chain of a queue these are for (queue.next and CHAIN_KNOWN), so that a step from
	 * one chain to the next is a single store, however far a component comes: */
	u32 send_chain, send_from;       /* index in the line's ring of the first byte sent of it */
	u32 receive_chain, receive_upto; /* index in the ring behind what the one before it took */
	struct virtqueue queues[2];      /* receive, transmit */
};

struct virtio_console {
	struct virtio_console_state *state;
	const struct component_info *info;
	struct serial_end *serial; /* NULL: nothing comes, and what is sent is dropped */
	u32 interrupt;             /* GRANT_LINE index; UINT32_MAX: none */
	u64 doorbell;              /* notification bit of its QueueNotify; 0: none */
	bool level;                /* as last set */
	bool resumed;              /* the guest's memory was not touched since */
};

/** virtio_console_reset() - as at power-on; the line goes low. */
void virtio_console_reset(struct virtio_console *console);
/** virtio_console_resume() - go on with a state that an earlier incarnation left. The guest's
 * memory is left alone until virtio_console_serve(), for the guest may have been reset or destroyed
 * in the meantime, and NOTIFY_RESET comes first then. */
void virtio_console_resume(struct virtio_console *console);
/** virtio_console_read(), virtio_console_write() - an access at @offset into its registers. Return
 * of a write: there may be something to move now, virtio_console_serve(). */
u64 virtio_console_read(struct virtio_console *console, u64 offset);
bool virtio_console_write(struct virtio_console *console, u64 offset, u64 value);
/** virtio_console_serve() - move what can be moved, up to a queue's length of chains and a ring's
 * length of bytes in each direction. A chain is given back as soon as it is copied. Return: there
 * is more to move at once; else call again when something has happened. */
bool virtio_console_serve(struct virtio_console *console);

#endif
