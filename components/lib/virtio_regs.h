/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of the registers of virtio-mmio, version 2 (virtio 1.2 §4.2.2), on both sides. */
#ifndef COMPONENTS_VIRTIO_REGS_H
#define COMPONENTS_VIRTIO_REGS_H

#define VIRTIO_MMIO_MAGIC           0x000u
#define VIRTIO_MMIO_VERSION         0x004u
#define VIRTIO_MMIO_DEVICE_ID       0x008u
#define VIRTIO_MMIO_VENDOR_ID       0x00cu
#define VIRTIO_MMIO_DEVICE_FEATURES 0x010u
#define VIRTIO_MMIO_DEVICE_PAGE     0x014u
#define VIRTIO_MMIO_DRIVER_FEATURES 0x020u
#define VIRTIO_MMIO_DRIVER_PAGE     0x024u
#define VIRTIO_MMIO_QUEUE_SELECT    0x030u
#define VIRTIO_MMIO_QUEUE_MAX       0x034u
#define VIRTIO_MMIO_QUEUE_SIZE      0x038u
#define VIRTIO_MMIO_QUEUE_READY     0x044u
#define VIRTIO_MMIO_QUEUE_NOTIFY    0x050u
#define VIRTIO_MMIO_INTERRUPTS      0x060u
#define VIRTIO_MMIO_INTERRUPT_ACK   0x064u
#define VIRTIO_MMIO_STATUS          0x070u
#define VIRTIO_MMIO_QUEUE_DESC      0x080u
#define VIRTIO_MMIO_QUEUE_DRIVER    0x090u
#define VIRTIO_MMIO_QUEUE_DEVICE    0x0a0u
#define VIRTIO_MMIO_CONFIG          0x100u /* start of the configuration space */

#define VIRTIO_MAGIC_VALUE 0x74726976u
#define VIRTIO_VERSION_1   1u /* bit 32 of the features */

/* Bits of the status that both sides know. */
#define VIRTIO_DRIVER_OK   0x04u
#define VIRTIO_FEATURES_OK 0x08u
#define VIRTIO_NEEDS_RESET 0x40u

#endif
