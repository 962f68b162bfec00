/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware calls of a guest: SMCCC 1.1+ (DEN0028), PSCI 1.1 (DEN0022), TRNG 1.0 (DEN0098) and
 * Mullion's vendor calls. Pure: registers in, an action out, so tests and the fuzzer cover all of
 * it.
 */
#ifndef ARM64_PURE_PSCI_H
#define ARM64_PURE_PSCI_H

#include <mullion/types.h>

#define SMCCC_VERSION           0x80000000u
#define SMCCC_ARCH_FEATURES     0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

#define PSCI_VERSION           0x84000000u
#define PSCI_CPU_SUSPEND       0x84000001u
#define PSCI_CPU_OFF           0x84000002u
#define PSCI_CPU_ON            0x84000003u
#define PSCI_AFFINITY_INFO     0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF        0x84000008u
#define PSCI_SYSTEM_RESET      0x84000009u
#define PSCI_FEATURES          0x8400000au
#define PSCI_SYSTEM_RESET2     0x84000012u

#define TRNG_VERSION  0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND      0x84000053u

#define SMCCC_64BIT 0x40000000u /* the 64-bit form of a call's id */

#define PSCI_VERSION_1_1  0x10001u
#define SMCCC_VERSION_1_2 0x10002u
#define TRNG_VERSION_1_0  0x10000u

enum psci_result {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INTERNAL_FAILURE = -6,
	PSCI_INVALID_ADDRESS = -9,
};

#define SMCCC_INVALID_PARAMETER (-3)
#define TRNG_INVALID_PARAMETERS (-2)

enum smccc_action {
	SMCCC_RESULT, /* answered: res[0..count-1] */
	SMCCC_CPU_ON, /* args: target, entry, context */
	SMCCC_CPU_OFF,
	SMCCC_CPU_SUSPEND,   /* args: power_down, entry, context */
	SMCCC_AFFINITY_INFO, /* args: target, level */
	SMCCC_SYSTEM_OFF,
	SMCCC_SYSTEM_RESET,
	SMCCC_TRNG_RND, /* args: bits wanted, word size in bits */
	SMCCC_FIRMWARE, /* args: id; to be passed on to the machine's firmware */
	SMCCC_LOG,      /* args: count of bytes; text in x2.. */
};

/* Offers to this guest besides PSCI. */
struct smccc_offer {
	bool trng;
	/* The firmware's result of ARCH_FEATURES for WORKAROUND_1 to 3. Negative: unknown; 0:
	 * needed on this CPU and served; 1: served and not needed. */
	s32 workaround[3];
};

struct smccc_call {
	enum smccc_action action;
	u32 count;  /* result registers written, 1 to 4 */
	u64 res[4]; /* x0.. */
	u64 args[3];
};

/** smccc_decode() - decode the call in @x (x0 to x7). Never fails: an unknown id is a result of -1.
 * 32-bit calls see the low halves of their arguments. Any context; DEN0028 §2, DEN0022 §5. */
void smccc_decode(const u64 x[8], const struct smccc_offer *offer, struct smccc_call *call);

/** smccc_trng_pack() - arrange @bits (1 to 192, or 96 for 32-bit words) of @random as the result of
 * TRNG_RND. res[0] is success; then follow the words, most significant first, with zeros in unused
 * high bits. DEN0098 §2.5.
 * @random: three 64-bit words. */
void smccc_trng_pack(u32 bits, u32 word_bits, const u64 random[3], struct smccc_call *call);

#endif
