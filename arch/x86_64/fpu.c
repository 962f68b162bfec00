/* SPDX-License-Identifier: Apache-2.0 */
/* The extended state of a vCPU: saved and loaded as a whole, because the core does not use it. */
#include "arch/x86_64/virt.h"

#include <asm/sysreg.h>
#include <mullion/string.h>

#define XSAVE_LEAF   0xdu
#define HEADER_AT    512u
#define FCW_RESET    0x40u
#define MXCSR_AT     24u
#define MXCSR_RESET  0x1f80u
#define FTW_AT       4u
#define X87_STATE    1u
#define LEGACY_BYTES UINT64_C(576)

u64 fpu_bytes(u64 mask)
{
	u64 bytes = LEGACY_BYTES;

	for (u32 part = 2; part < 63; part++) {
		struct cpuid facts;

		if ((mask & BIT(part)) == 0)
			continue;
		facts = cpuid(XSAVE_LEAF, part);
		bytes = MAX(bytes, (u64)facts.a + facts.b);
	}
	return bytes;
}

void fpu_reset(void *area)
{
	u8 *bytes = area;
	u32 mxcsr = MXCSR_RESET;

	memset(bytes, 0, LEGACY_BYTES);
	bytes[0] = FCW_RESET;
	bytes[FTW_AT] = 0xff; /* all registers hold zero, none is empty */
	memcpy(bytes + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	bytes[HEADER_AT] = X87_STATE; /* the rest is in its initial state */
}

void fpu_xcr0(u64 value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* Neither instruction works while CR0.TS is set, as it is for components. */
void fpu_load(const void *area, u64 mask, u64 xcr0)
{
	u64 cr0 = read_cr0();

	write_cr0(cr0 & ~(CR0_TS | CR0_EM));
	fpu_xcr0(mask);
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
	fpu_xcr0(xcr0);
	write_cr0(cr0);
}

void fpu_save(void *area, u64 mask)
{
	u64 cr0 = read_cr0();

	write_cr0(cr0 & ~(CR0_TS | CR0_EM));
	fpu_xcr0(mask);
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
	write_cr0(cr0);
}
