# SPDX-License-Identifier: Apache-2.0
# Parts without assembly or system registers: compiled for host builds too.
obj-y += image.o
obj-y += pte.o
obj-y += debug.o
obj-y += esr.o
obj-y += idregs.o
obj-y += insn.o
obj-y += predict.o
obj-y += psci.o
obj-y += walk.o
obj-y += guest_tree.o
obj-y += vgic.o vgic_folds.o vgic_lists.o vgic_lr.o vgic_regs.o
obj-y += boot.o host.o config.o
