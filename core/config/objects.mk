# SPDX-License-Identifier: Apache-2.0
# The description: device tree -> struct system, every check, the diagnostics.
obj-y += host.o load.o schema.o tables.o diag.o parse.o region.o irq.o vcpu.o image.o place.o budget.o
