# SPDX-License-Identifier: Apache-2.0
# Freestanding library: no dependency on any other room.
obj-y += date.o string.o format.o similar.o file_kind.o err.o log.o random.o spinlock.o symbol.o cpio.o elf.o elf_file.o fdt/read.o \
	fdt/value.o fdt/write.o

# Nothing here but copies is hot, and the core's text has a budget; the tree readers run at boot only,
# where their time counts.
$(foreach o,file_kind.o format.o similar.o log.o random.o symbol.o cpio.o elf.o elf_file.o fdt/write.o,\
	$(eval cflags-lib/$(o) += -Os))
cflags-lib/fdt/read.o += -O2
cflags-lib/fdt/value.o += -O2
