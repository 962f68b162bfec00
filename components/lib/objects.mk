# SPDX-License-Identifier: Apache-2.0
# What every component is linked with. In a host build tests take the core's place.
obj-y += link.o pci.o runtime.o serial.o ticks.o virtio_device.o virtio_mmio.o virtio_pci.o virtqueue.o \
	virtqueue_driver.o
obj-y += $(if $(filter host,$(ARCH)),host.o,sys.o $(ARCH)/start.o)
