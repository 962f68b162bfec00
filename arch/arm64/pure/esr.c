/* SPDX-License-Identifier: Apache-2.0 */
/* Syndromes decoded, injected exceptions encoded: see esr.h. */
#include "arch/arm64/pure/esr.h"

#include "arch/arm64/include/asm/sysreg.h"

#define EC(esr)       FIELD(esr, 31, 26)
#define EC_SHIFT      26
#define EC_IABT       0x20u
#define EC_DABT       0x24u
#define EC_PC_ALIGN   0x22u
#define EC_WATCHPOINT 0x34u
#define EC_SAME_EL    1u /* IABT and DABT: the code for "no change of EL" is one higher */

/* Fault status codes; the low two bits of the first two are the level. */
#define FSC_ACCESS        0x08u
#define FSC_PERMISSION    0x0cu
#define FSC_EXTERNAL      0x10u
#define FSC_EXTERNAL_WALK 0x14u

void abort_decode(u64 esr, struct abort_info *info)
{
	u32 fsc = (u32)FIELD(esr, 5, 0);
	u32 type = fsc & ~3u;

	*info = (struct abort_info){
		.exec = EC(esr) == EC_IABT,
		.translation = type == FSC_TRANSLATION,
		.permission = type == FSC_PERMISSION,
		.walk = (esr & ISS_S1PTW) != 0,
		.external = fsc == FSC_EXTERNAL || type == FSC_EXTERNAL_WALK,
		.far_valid = syndrome_has_address(esr),
		.level = (u8)(fsc & 3u),
	};
	/* HPFAR_EL2: for every fault of a walk; else for translation and access flag faults. */
	info->hpfar_valid = info->walk || info->translation || type == FSC_ACCESS;
	if (info->exec)
		return;
	info->write = (esr & ISS_WNR) != 0;
	info->cache_op = (esr & ISS_CM) != 0;
	if ((esr & ISS_ISV) == 0)
		return;
	info->decoded = true;
	info->width = (u8)(1u << FIELD(esr, 23, 22));
	info->sign_extend = (esr & ISS_SSE) != 0;
	info->reg = (u8)FIELD(esr, 20, 16);
	info->reg64 = (esr & ISS_SF) != 0;
}

bool syndrome_has_address(u64 esr)
{
	switch (EC(esr)) {
	case EC_IABT:
	case EC_IABT | EC_SAME_EL:
	case EC_DABT:
	case EC_DABT | EC_SAME_EL: return FIELD(esr, 5, 0) != FSC_EXTERNAL || (esr & ISS_FNV) == 0;
	case EC_PC_ALIGN:
	case EC_WATCHPOINT:
	case EC_WATCHPOINT | EC_SAME_EL: return true;
	default: return false;
	}
}

/* PSTATE in SPSR form. */
#define PS_MODE_MASK 0xfu
#define PS_MODE_EL1H 0x5u
#define PS_MODE_EL0T 0x0u
#define PS_AARCH32   BIT(4)
#define PS_DAIF      MASK(9, 6)
#define PS_SSBS      BIT(12)
#define PS_PAN       BIT(22)
#define PS_DIT       BIT(24)
#define PS_FLAGS     MASK(31, 28)

#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

void inject_encode(struct inject *in)
{
	u64 offset;
	u64 ec = EC(in->esr);
	bool same = false;

	if (in->pstate & PS_AARCH32) {
		offset = 0x600;
	} else if ((in->pstate & PS_MODE_MASK) == PS_MODE_EL0T) {
		offset = 0x400;
	} else {
		same = true;
		offset = (in->pstate & PS_MODE_MASK) == PS_MODE_EL1H ? 0x200 : 0;
	}
	if (same && (ec == EC_IABT || ec == EC_DABT))
		ec |= EC_SAME_EL;
	in->elr = in->pc;
	in->spsr = in->pstate;
	in->new_esr = (in->esr & MASK(25, 0)) | ec << EC_SHIFT;
	in->new_pc = in->vbar + offset;
	/* Kept: flags and DIT. Cleared: SS, IL, UAO, BTYPE, TCO. PAN is set where SCTLR_EL1.SPAN is
	 * clear. */
	in->new_pstate = (in->pstate & (PS_FLAGS | PS_DIT)) | PS_DAIF | PS_MODE_EL1H;
	if (in->pstate & PS_AARCH32)
		in->new_pstate &= ~PS_DIT; /* bit 21 there; EL1 starts without it */
	if (in->pan)
		in->new_pstate |= (in->sctlr & SCTLR_SPAN) == 0 ? PS_PAN : in->pstate & PS_PAN;
	if (in->ssbs && (in->sctlr & SCTLR_DSSBS) != 0)
		in->new_pstate |= PS_SSBS;
}

/* ITSTATE in SPSR: [7:2] in bits 15:10, [1:0] in bits 26:25. */
u64 a32_skip_it(u64 spsr)
{
	u32 it = (u32)(FIELD(spsr, 15, 10) << 2 | FIELD(spsr, 26, 25));

	if ((it & 7u) == 0)
		it = 0;
	else
		it = (it & 0xe0u) | ((it << 1) & 0x1fu);
	spsr &= ~(MASK(15, 10) | MASK(26, 25));
	return spsr | (u64)(it >> 2) << 10 | (u64)(it & 3u) << 25;
}

u64 extend_value(u64 value, u8 width, bool sign_extend, bool reg64)
{
	u32 bits = width * 8u;

	if (bits < 64) {
		value &= MASK(bits - 1, 0);
		if (sign_extend && (value & BIT(bits - 1)) != 0)
			value |= ~MASK(bits - 1, 0);
	}
	return reg64 ? value : value & UINT32_MAX;
}
