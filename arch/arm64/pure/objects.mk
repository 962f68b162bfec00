# SPDX-License-Identifier: Apache-2.0
# Parts without assembly or system registers: compiled for host builds too.
obj-y += image.o
obj-y += pte.o
