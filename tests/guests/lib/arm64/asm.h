/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets into the structures of guest_arch.h, for the assembly. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

#define GUEST_MAX_CPUS 8
#define STACK_SHIFT    14

/* struct frame */
#define FRAME_SIZE 272

/* struct boot_record */
#define BOOT_INDEX  0
#define BOOT_IMAGE  8
#define BOOT_X      16
#define BOOT_EL     48
#define BOOT_DAIF   56
#define BOOT_SPSEL  64
#define BOOT_SCTLR  72
#define BOOT_VBAR   80
#define BOOT_TTBR0  88
#define BOOT_TPIDR  96
#define BOOT_CNTV   104
#define BOOT_CNTP   112
#define BOOT_TIME   120
#define RECORD_SIZE 128

#endif
