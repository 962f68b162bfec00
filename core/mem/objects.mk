# SPDX-License-Identifier: Apache-2.0
obj-y += ram.o page.o pool.o scrub.o space.o
