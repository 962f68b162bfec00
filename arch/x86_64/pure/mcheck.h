/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine checks: the report of a CPU's banks, and its consequence. Pure: the caller gives
 * access to the registers. No emulator raises one in a guest, so the tests run a model of a CPU.
 * SDM vol. 3, chapter 15; APM vol. 2, chapter 9.
 */
#ifndef X86_64_PURE_MCHECK_H
#define X86_64_PURE_MCHECK_H

#include <mullion/types.h>

#define MCHECK_BANKS 32u

/* Banks begin at 0x400: control, status, address, miscellaneous. */
#define MSR_MC_BANKS 0x400u
#define MC_CTL       0u
#define MC_STATUS    1u
#define MC_ADDRESS   2u
#define MC_MISC      3u

#define MCG_CAP_BANKS MASK(7, 0)
#define MCG_CAP_CTL   BIT(8)
#define MCG_CAP_SER   BIT(24) /* the status has the consequence of an error (S, AR) */

#define MCG_STATUS_RIPV BIT(0) /* the interrupted program can continue */

#define MC_VALID         BIT(63)
#define MC_OVERWRITTEN   BIT(62)
#define MC_UNCORRECTED   BIT(61)
#define MC_ENABLED       BIT(60)
#define MC_MISC_VALID    BIT(59)
#define MC_ADDRESS_VALID BIT(58)
#define MC_CORRUPT       BIT(57) /* PCC: the processor's context */
#define MC_SIGNALED      BIT(56)
#define MC_ACTION        BIT(55)

struct mcheck_cpu {
	u64 cap;  /* IA32_MCG_CAP; 0: there are no banks */
	bool amd; /* an address is always a physical one */
	u64 (*read)(u32 msr);
	void (*write)(u32 msr, u64 value);
};

/* In the order of their gravity. */
enum mcheck_class {
	MCHECK_NONE,
	MCHECK_CORRECTED,
	MCHECK_OPTIONAL, /* uncorrected, and the data was not used yet */
	MCHECK_MEMORY,   /* uncorrected at an address; the CPU's context is intact */
	MCHECK_FATAL
};

struct mcheck_found {
	u64 global; /* IA32_MCG_STATUS */
	u32 errors; /* banks that held one */
	/* The gravest: */
	enum mcheck_class class;
	u32 bank;
	u64 status, address, misc;
};

enum mcheck_action { MCHECK_GO_ON, MCHECK_RESET_GUEST, MCHECK_STOP };

/** mcheck_start() - enable all errors of all banks. On each CPU, after mcheck_scan(). */
void mcheck_start(const struct mcheck_cpu *cpu);
/** mcheck_scan() - read this CPU's banks and clear them. The next machine check may come then; one
 * that came before would have shut the CPU down. Any context. */
struct mcheck_found mcheck_scan(const struct mcheck_cpu *cpu);
/** mcheck_judge() - what follows from the machine check of @found. @owned: it interrupted a guest
 * whose memory has its address. */
enum mcheck_action mcheck_judge(const struct mcheck_found *found, bool owned);

/* Messages: one in each second. */
struct mcheck_rate {
	u64 next_ns;
	u32 skipped;
};

/** mcheck_may_log() - Returns true if there may be a message at @now_ns; @skipped: those since the
 * last one that were not. */
bool mcheck_may_log(struct mcheck_rate *rate, u64 now_ns, u32 *skipped);

#endif
