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

static void set_xcr0(u64 value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* XSAVE and XGETBV are no instructions of a component, which would see the guest's state. */
void fpu_xcr0(u64 value)
{
	u64 cr4 = read_cr4();

	write_cr4(cr4 | CR4_OSXSAVE);
	set_xcr0(value);
	write_cr4(cr4);
}

struct fpu_access {
	u64 cr0, cr4;
};

/* Nor does any of them work while CR0.TS is set, as it is for components. */
static struct fpu_access fpu_begin(u64 mask)
{
	struct fpu_access before = { read_cr0(), read_cr4() };

	write_cr0(before.cr0 & ~(CR0_TS | CR0_EM));
	write_cr4(before.cr4 | CR4_OSXSAVE);
	set_xcr0(mask);
	return before;
}

static void fpu_end(struct fpu_access before)
{
	write_cr4(before.cr4);
	write_cr0(before.cr0);
}

void fpu_load(const void *area, u64 mask, u64 xcr0)
{
	struct fpu_access before = fpu_begin(mask);

	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
	set_xcr0(xcr0);
	fpu_end(before);
}

void fpu_save(void *area, u64 mask)
{
	struct fpu_access before = fpu_begin(mask);

	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
	fpu_end(before);
}
