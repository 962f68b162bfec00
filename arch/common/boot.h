/* SPDX-License-Identifier: Apache-2.0 */
/* Common steps between the entry and core_main(). Boot CPU. */
#ifndef ARCH_COMMON_BOOT_H
#define ARCH_COMMON_BOOT_H

#include <mullion/types.h>

/** boot_describe_image() - write place and sizes of the core into boot_info. */
void boot_describe_image(void);
/** boot_find_bundle() - map the bundle; the file of core and bundle was loaded at @file_pa. */
void boot_find_bundle(u64 file_pa);
/** boot_mix() - spread the few bits in which @seed differs from one boot to the next. Pure. */
u64 boot_mix(u64 seed);
/** boot_set_guard() - set the canary of stack frames by @seed. Only from functions that never
 * return. */
void boot_set_guard(u64 seed);

#endif
