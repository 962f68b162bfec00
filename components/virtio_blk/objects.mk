# SPDX-License-Identifier: Apache-2.0
# The driver of a virtio disk without the program's frame (main.c).
obj-y += driver.o
