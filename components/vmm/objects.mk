# SPDX-License-Identifier: Apache-2.0
# The vmm without the program's frame (main.c), and the device models of its architecture.
obj-y += virtio_console.o vmm.o
obj-y += $(if $(filter arm64 host,$(ARCH)),arm64/models.o arm64/pl011.o arm64/pl031.o)
