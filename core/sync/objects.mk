# SPDX-License-Identifier: Apache-2.0
obj-y += spinlock.o waitqueue.o
