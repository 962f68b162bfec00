# SPDX-License-Identifier: Apache-2.0
# The vmm without the program's frame (main.c), and the device models of its architecture.
obj-y += net_offload.o net_port.o virtio.o virtio_blk.o virtio_blk_link.o virtio_console.o
obj-y += virtio_net.o virtio_rng.o vmm.o
vmm-arm64 := arm64/pl011.o arm64/pl031.o arm64/sp804.o
vmm-x86_64 := $(addprefix x86/,compute.o debug_port.o execute.o fw_cfg.o i8042.o i8254.o i8259.o instruction.o \
	mc146818.o ns16550.o pci_host.o pm.o)
obj-y += $(if $(filter host,$(ARCH)),models_host.o $(vmm-arm64) $(vmm-x86_64))
obj-y += $(if $(filter arm64,$(ARCH)),arm64/models.o $(vmm-arm64))
obj-y += $(if $(filter x86_64,$(ARCH)),x86/models.o $(vmm-x86_64))
