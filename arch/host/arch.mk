# SPDX-License-Identifier: Apache-2.0
# The core as a Linux process, with the pure parts of every architecture. The top Makefile says what
# each variable is for.
flavours := plain test fuzz
rooms-arch := arch/host $(patsubst %/objects.mk,%,$(sort $(wildcard arch/*/pure/objects.mk))) \
	components/blk components/console components/lib components/mterm components/net \
	components/virtio_blk components/vmm
override CROSS_COMPILE :=
