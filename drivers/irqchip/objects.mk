# SPDX-License-Identifier: Apache-2.0
# Interrupt controllers.
obj-y += gic.o
obj-y += gicv2.o
obj-y += gicv3.o
