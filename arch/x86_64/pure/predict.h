/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures of the core against leaks by speculation: chosen once, from CPUID and
 * IA32_ARCH_CAPABILITIES. Pure: no emulator has these features, so the tests run a model of such
 * CPUs.
 *
 * Sources: SDM vol. 2A, CPUID leaf 7; SDM vol. 4, IA32_SPEC_CTRL, IA32_PRED_CMD,
 * IA32_ARCH_CAPABILITIES and IA32_FLUSH_CMD; APM vol. 3, E.4.7 and E.4.17; APM vol. 2, 3.2.9.
 */
#ifndef X86_64_PURE_PREDICT_H
#define X86_64_PURE_PREDICT_H

#include <mullion/types.h>

struct x86_predict_cpu {
	bool amd;
	u32 leaf7_edx, extended8_ebx, extended21_eax, extended21_ecx;
	u64 capabilities; /* IA32_ARCH_CAPABILITIES; 0: the CPU has none */
};

struct x86_predict_plan {
	/* Done once on each CPU. */
	bool ibrs;      /* IBRS stays set (enhanced, or always on) */
	bool automatic; /* EFER.AIBRSE instead */
	/* Before another guest runs. */
	bool barrier; /* IBPB */
	bool flush;   /* of the L1 data cache */
	/* After each exit: the return stack is filled. */
	bool returns;
	/* Before each entry to a guest or component: VERW. */
	bool clear;
	/* Nothing of the above helps. */
	bool open_targets; /* a guest's branches steer another's */
	bool open_tables;  /* ring 3 reads the core's memory (Meltdown): there is no second table */
	bool open_buffers; /* fill buffers or the L1 cache leak, and no instruction clears them */
};

/** x86_predict_plan() - for the CPU @cpu. Any context. */
struct x86_predict_plan x86_predict_plan(const struct x86_predict_cpu *cpu);

/* Of IA32_ARCH_CAPABILITIES. */
#define CAPABILITY_RDCL_NO    BIT(0)
#define CAPABILITY_IBRS_ALL   BIT(1)
#define CAPABILITY_SKIP_L1DFL BIT(3)
#define CAPABILITY_MDS_NO     BIT(5)
#define CAPABILITY_SBDR_NO    BIT(13) /* SBDR_SSDP_NO */
#define CAPABILITY_FBSDP_NO   BIT(14)
#define CAPABILITY_PSDP_NO    BIT(15)
#define CAPABILITY_FB_CLEAR   BIT(17)
#define CAPABILITY_RFDS_NO    BIT(27)
#define CAPABILITY_RFDS_CLEAR BIT(28)

#define L7_EDX_MD_CLEAR     BIT(10)
#define L7_EDX_SPEC_CTRL    BIT(26)
#define L7_EDX_L1D_FLUSH    BIT(28)
#define L7_EDX_CAPABILITIES BIT(29)

#define E8_EBX_IBPB        BIT(12)
#define E8_EBX_IBRS        BIT(14)
#define E8_EBX_IBRS_ALWAYS BIT(16)

#define E21_EAX_VERW_CLEAR BIT(5)
#define E21_EAX_AUTO_IBRS  BIT(8)
#define E21_ECX_TSA_SQ_NO  BIT(1)
#define E21_ECX_TSA_L1_NO  BIT(2)

#endif
