/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the contract guest, one for each chapter of what a guest must see. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "test.h"

#define RUN_TESTS(name, tests)                      \
	void name(void)                             \
	{                                           \
		test_run(tests, ARRAY_SIZE(tests)); \
	}

void calls_run(void);   /* points 1 to 3 */
void suspend_run(void); /* 4 */
void power_run(void);   /* 5, 6 */
void trng_run(void);    /* 8 */
void irq_run(void);
void priority_run(void);   /* 9, 11 */
void fiq_run(void);        /* 9, 22 */
void device_irq_run(void); /* 10, 12 */
void level_run(void);      /* 12 */
void uart_run(void);       /* 12 */
void lowered_run(void);    /* 4, 12, 17 */
void sgi_run(void);        /* 13 */
void gic_run(void);        /* 14, 15 */
void time_run(void);       /* 16 */
void wait_run(void);       /* 17 */
void memory_run(void);     /* 18, 19 */
void fault_run(void);      /* 20 to 22 */
void id_run(void);         /* 23 */
void state_run(void);      /* 24, 25 */
void debug_run(void);      /* 24 */
void boot_run(void);       /* 26 */
void tree_run(void);       /* 27 */
void reset_run(void);      /* 7; resets the guest, and returns in the next run */

/* In a page of RAM that no image covers: data from one boot for the next. */
struct persist {
	u64 magic;
	u32 boot; /* 0, 1, 2 */
	struct test_totals totals;
	u64 tree_size;
};
struct persist *persist(void);

/* insns.S: single instructions for execute(). x0, x1 are data, x2 is the address. */
#define INSN(name) extern const u32 insn_##name;
INSN(ldp_w)
INSN(ldp_x)
INSN(stp_x)
INSN(ldr_post)
INSN(ldr_pre)
INSN(ldrb_post)
INSN(str_post)
INSN(ldr_x)
INSN(str_x)
INSN(ldr_q)
INSN(ldxr)
INSN(ldrb)
INSN(ldrsb_w)
INSN(ldrsb_x)
INSN(ldrh)
INSN(ldrsh_w)
INSN(ldrsh_x)
INSN(ldr_w)
INSN(ldrsw)
INSN(ldr_wzr)
INSN(str_wzr)
INSN(ldar)
INSN(ldadd)
INSN(swp)
INSN(dc_zva)
INSN(rdvl)
INSN(pacia)
INSN(autia)
INSN(crc32w)
INSN(ldapr)
INSN(dc_cvap)
INSN(udf)
INSN(brk)
INSN(svc)
INSN(hvc_imm)
INSN(hvc)
INSN(smc)
INSN(at_s12e1r)
INSN(msr_vttbr)
#undef INSN

/* Every general register around one instruction: regs[0..30] in and out. */
void all_regs_hvc(u64 regs[31]);
void all_regs_smc(u64 regs[31]);
void all_regs_load(u64 regs[31]); /* ldr w0, [x1] */

/* The way back from CPU_SUSPEND's power-down state. regs.S. */
struct resume {
	struct boot_record record;
	struct jump jump;
};
void resume_entry(void);

#endif
