# SPDX-License-Identifier: Apache-2.0
# The device models and what ties them to a guest, without the program's frame (main.c).
obj-y += pl011.o pl031.o virtio_console.o vmm.o
