/* SPDX-License-Identifier: Apache-2.0 */
/* The codec between the model's list registers (GICv3's form) and GICv2's GICH_LRn (IHI 0048B
 * §5.3.10). */
#include "arch/arm64/pure/vgic.h"

#define V2_PINTID(v) ((u32)(v) << 10)
#define V2_EOI       (1u << 19)
#define V2_PRIO(v)   ((u32)(v) << 23) /* five bits */
#define V2_STATE(v)  ((u32)(v) << 28)
#define V2_GROUP1    (1u << 30)
#define V2_HW        (1u << 31)

u32 vgic_lr_to_v2(u64 lr)
{
	u32 v2 = ((u32)lr & 0x3ff) | V2_PRIO(FIELD(lr, 55, 51)) | V2_STATE(FIELD(lr, 63, 62));

	if (lr & LR_GROUP1)
		v2 |= V2_GROUP1;
	if (lr & LR_HW)
		return v2 | V2_HW | V2_PINTID(FIELD(lr, 41, 32));
	return v2 | V2_PINTID(FIELD(lr, 34, 32)) | (lr & LR_EOI ? V2_EOI : 0);
}

u64 vgic_lr_from_v2(u32 v2)
{
	u64 lr = (v2 & 0x3ff) | (u64)(v2 >> 23 & 0x1f) << 51 | (u64)(v2 >> 28 & 3) << 62;

	if (v2 & V2_GROUP1)
		lr |= LR_GROUP1;
	if (v2 & V2_HW)
		return lr | LR_HW | LR_PINTID(v2 >> 10 & 0x3ff);
	return lr | LR_PINTID(v2 >> 10 & 7) | (v2 & V2_EOI ? LR_EOI : 0);
}
