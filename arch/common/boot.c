/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the image, and the secret of stack frames. */
#include "arch/common/boot.h"

#include <abi/image.h>
#include <arch/boot.h>
#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/space.h>

extern u8 _start[], _boot_begin[], _boot_text_used[], _boot_end[], _text_used[];
extern u8 _boot_bss[], _bss_end[], _end[];
extern const struct image_bundle image_bundle_record;

struct boot_info boot_info;

/* Named by the compiler (-fstack-protector). */
extern u64 __stack_chk_guard;
u64 __stack_chk_guard = 0x6e6f696c6c756d00;
void __stack_chk_fail(void) __noreturn;

void __stack_chk_fail(void)
{
	panic("a function's stack frame was overwritten");
}

__boot void boot_describe_image(void)
{
	boot_info.image_pa = HPA(core_image_pa);
	boot_info.image_bytes = (u64)(_end - _start);
	boot_info.boot_bytes = (u64)(_boot_end - _boot_begin) + (u64)(_bss_end - _boot_bss);
	boot_info.boot_text_bytes = (u64)(_boot_text_used - _boot_begin);
	boot_info.text_bytes = (u64)(_text_used - _boot_end);
}

__boot void boot_find_bundle(u64 file_pa)
{
	const struct image_bundle *record = &image_bundle_record;

	if (record->size == 0)
		return;
	boot_info.bundle_pa = HPA(file_pa + record->offset);
	boot_info.bundle_bytes = record->size;
	boot_info.bundle = arch_map(boot_info.bundle_pa, record->size, SPACE_READ);
	if (boot_info.bundle == NULL)
		log_error("the bundle behind the image is too large to map (%lu bytes)",
			  record->size);
}

/* One step of SplitMix64. */
__boot u64 boot_mix(u64 seed)
{
	u64 x = seed + UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* A NUL first stops strings. */
__boot void boot_set_guard(u64 seed)
{
	__stack_chk_guard = boot_mix(seed) & ~UINT64_C(0xff);
}
