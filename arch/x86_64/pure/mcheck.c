/* SPDX-License-Identifier: Apache-2.0 */
/* Machine checks; see mcheck.h. */
#include "arch/x86_64/pure/mcheck.h"

#include "arch/x86_64/pure/regs.h"

#define MISC_MODE(misc) FIELD(misc, 8, 6)
#define MODE_PHYSICAL   2u

#define PAGE_MASK (~MASK(11, 0))
#define SECOND_NS UINT64_C(1000000000)

static u32 bank_msr(u32 bank, u32 reg)
{
	return MSR_MC_BANKS + 4 * bank + reg;
}

static u32 bank_count(const struct mcheck_cpu *cpu)
{
	return (u32)MIN(cpu->cap & MCG_CAP_BANKS, (u64)MCHECK_BANKS);
}

void mcheck_start(const struct mcheck_cpu *cpu)
{
	if (cpu->cap == 0)
		return;
	if ((cpu->cap & MCG_CAP_CTL) != 0)
		cpu->write(MSR_MCG_CTL, UINT64_MAX);
	for (u32 bank = 0; bank < bank_count(cpu); bank++)
		cpu->write(bank_msr(bank, MC_CTL), UINT64_MAX);
}

static bool has_address(const struct mcheck_cpu *cpu, u64 status, u64 misc)
{
	if ((status & MC_ADDRESS_VALID) == 0)
		return false;
	return cpu->amd || ((status & MC_MISC_VALID) != 0 && MISC_MODE(misc) == MODE_PHYSICAL);
}

/* SDM vol. 3, 15.6.3 and 15.9.2. An error that was overwritten may have been at another address. */
static enum mcheck_class classify_error(const struct mcheck_cpu *cpu, u64 status, u64 misc)
{
	if ((status & MC_VALID) == 0)
		return MCHECK_NONE;
	if ((status & MC_CORRUPT) != 0)
		return MCHECK_FATAL;
	if ((status & MC_UNCORRECTED) == 0)
		return MCHECK_CORRECTED;
	if (!cpu->amd) {
		if ((cpu->cap & MCG_CAP_SER) == 0)
			return MCHECK_FATAL;
		if ((status & MC_ENABLED) == 0 || (status & MC_SIGNALED) == 0 ||
		    (status & MC_ACTION) == 0)
			return MCHECK_OPTIONAL;
	}
	if ((status & MC_OVERWRITTEN) != 0 || !has_address(cpu, status, misc))
		return MCHECK_FATAL;
	return MCHECK_MEMORY;
}

/* Errors at two addresses need not belong to one guest. */
static void note(struct mcheck_found *found, enum mcheck_class class, u32 bank, u64 status,
		 u64 address, u64 misc)
{
	found->errors++;
	if (class == MCHECK_MEMORY && found->class == MCHECK_MEMORY &&
	    ((address ^ found->address) & PAGE_MASK) != 0)
		class = MCHECK_FATAL;
	if (class <= found->class)
		return;
	found->class = class;
	found->bank = bank;
	found->status = status;
	found->address = address;
	found->misc = misc;
}

struct mcheck_found mcheck_scan(const struct mcheck_cpu *cpu)
{
	struct mcheck_found found = { 0 };

	if (cpu->cap == 0)
		return found;
	found.global = cpu->read(MSR_MCG_STATUS);
	for (u32 bank = 0; bank < bank_count(cpu); bank++) {
		u64 status = cpu->read(bank_msr(bank, MC_STATUS)), address = 0, misc = 0;

		if ((status & MC_VALID) == 0)
			continue;
		if ((status & MC_ADDRESS_VALID) != 0)
			address = cpu->read(bank_msr(bank, MC_ADDRESS));
		if ((status & MC_MISC_VALID) != 0)
			misc = cpu->read(bank_msr(bank, MC_MISC));
		note(&found, classify_error(cpu, status, misc), bank, status, address, misc);
		cpu->write(bank_msr(bank, MC_STATUS), 0);
	}
	cpu->write(MSR_MCG_STATUS, 0);
	return found;
}

/* A machine check that another CPU's error has caused finds no error here. */
enum mcheck_action mcheck_judge(const struct mcheck_found *found, bool owned)
{
	switch (found->class) {
	case MCHECK_FATAL: return MCHECK_STOP;
	case MCHECK_MEMORY: return owned ? MCHECK_RESET_GUEST : MCHECK_STOP;
	default: return (found->global & MCG_STATUS_RIPV) != 0 ? MCHECK_GO_ON : MCHECK_STOP;
	}
}

bool mcheck_may_log(struct mcheck_rate *rate, u64 now_ns, u32 *skipped)
{
	*skipped = rate->skipped;
	if (now_ns < rate->next_ns) {
		rate->skipped++;
		return false;
	}
	rate->next_ns = now_ns + SECOND_NS;
	rate->skipped = 0;
	return true;
}
