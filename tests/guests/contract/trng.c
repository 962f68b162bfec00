/* SPDX-License-Identifier: Apache-2.0 */
/* Point 8: random numbers by TRNG calls (DEN0098 1.0) and seeds in the tree. */
#include "contract.h"

#define TRNG_VERSION  0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND32    0x84000053u
#define TRNG_RND64    0xc4000053u

static void version(void)
{
	CHECK((s32)psci(TRNG_VERSION, 0, 0, 0) >= 0x10000);
}

static void features(void)
{
	CHECK(psci(TRNG_FEATURES, TRNG_VERSION, 0, 0) >= 0);
	CHECK(psci(TRNG_FEATURES, TRNG_GET_UUID, 0, 0) >= 0);
	CHECK(psci(TRNG_FEATURES, TRNG_RND32, 0, 0) >= 0);
	CHECK(psci(TRNG_FEATURES, TRNG_RND64, 0, 0) >= 0);
	CHECK_EQ(psci(TRNG_FEATURES, 0x84000060, 0, 0), -1);
}

static void uuid(void)
{
	u64 regs[8] = { TRNG_GET_UUID };

	smccc_hvc(regs);
	CHECK_NE((u32)regs[0], 0xffffffff);
	CHECK_NE(regs[0] | regs[1] | regs[2] | regs[3], 0);
}

/* Request @bits with @id, @word bits a register; x3 has the lowest, and no bit above @bits is
 * set. */
static void check_bits(u32 id, u32 word, u32 bits)
{
	u64 first = 0;

	for (u32 round = 0; round < 2; round++) {
		u64 regs[8] = { id, bits };

		smccc_hvc(regs);
		CHECK_EQ((s32)regs[0], 0);
		for (u32 i = 0; i < 3; i++) {
			u32 below = i * word, have = bits > below ? MIN(bits - below, word) : 0;
			u64 allowed = have == 0 ? 0 : ~0ull >> (64 - have);

			CHECK_EQ(regs[3 - i] & ~allowed, 0);
		}
		if (bits >= 32 && round == 1)
			CHECK_NE(regs[3], first);
		first = regs[3];
	}
}

static void rnd64(void)
{
	static const u32 bits[] = { 1, 7, 63, 64, 65, 128, 191, 192 };

	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		check_bits(TRNG_RND64, 64, bits[i]);
}

static void rnd32(void)
{
	static const u32 bits[] = { 1, 31, 32, 33, 64, 95, 96 };

	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		check_bits(TRNG_RND32, 32, bits[i]);
}

static void bad_count(void)
{
	CHECK_EQ(psci(TRNG_RND64, 0, 0, 0), -2);
	CHECK_EQ(psci(TRNG_RND64, 193, 0, 0), -2);
	CHECK_EQ(psci(TRNG_RND64, ~0ull, 0, 0), -2);
	CHECK_EQ(psci(TRNG_RND32, 0, 0, 0), -2);
	CHECK_EQ(psci(TRNG_RND32, 97, 0, 0), -2);
}

static void check_seed(const char *name, u32 least)
{
	fdt_node_t chosen = fdt_find(&machine.fdt, "/chosen");
	struct fdt_prop prop;
	u8 any = 0;

	CHECK(chosen != FDT_NONE && fdt_get(&machine.fdt, chosen, name, &prop));
	CHECK(prop.len >= least);
	for (u32 i = 0; i < prop.len; i++)
		any |= prop.data[i];
	CHECK_NE(any, 0);
}

static void rng_seed(void)
{
	check_seed("rng-seed", 32);
}

static void kaslr_seed(void)
{
	check_seed("kaslr-seed", 8);
}

static const struct test tests[] = {
	{ "8.trng-version", version, NEEDS_MULLION },
	{ "8.trng-features", features, NEEDS_MULLION },
	{ "8.trng-uuid", uuid, NEEDS_MULLION },
	{ "8.trng-rnd64", rnd64, NEEDS_MULLION },
	{ "8.trng-rnd32", rnd32, NEEDS_MULLION },
	{ "8.trng-bad-count", bad_count, NEEDS_MULLION },
	{ "8.rng-seed", rng_seed, 0 },
	{ "8.kaslr-seed", kaslr_seed, 0 },
};

RUN_TESTS(trng_run, tests)
