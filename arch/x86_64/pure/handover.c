/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-over record: see handover.h. */
#include "arch/x86_64/pure/handover.h"

#define CORE_LIMIT GIB(4) /* other CPUs load its CR3 in 32-bit mode */
#define LOW_END    0xa0000u
#define BIOS_DATA  0x1000u
#define TSC_MIN    UINT64_C(1000000)
#define TSC_MAX    UINT64_C(100000000000)

static bool overlaps(u64 a, u64 a_end, u64 b, u64 b_end)
{
	return a < b_end && b < a_end;
}

static bool has_apic_id(const struct host_facts *facts, u32 apic_id)
{
	for (u32 i = 0; i < facts->num_cpus; i++)
		if (facts->apic_ids[i] == apic_id)
			return true;
	return false;
}

/* A module in RAM that the core does not lie in; none is fine as well. */
static bool is_module(const struct handover *record, const struct host_facts *facts, u64 base,
		      u64 bytes)
{
	return bytes == 0 || (base + bytes > base && facts_has_memory(facts, base, base + bytes) &&
			      !overlaps(base, base + bytes, record->core, record->core_end));
}

u64 handover_top(const struct host_facts *facts)
{
	u64 top = 0;

	for (u32 i = 0; i < facts->num_memory; i++)
		top = MAX(top, facts->memory[i].base + facts->memory[i].size);
	return top;
}

const char *handover_check(const struct handover *record, const struct host_facts *facts)
{
	if (record->num_cpus == 0 || record->num_cpus > HOST_MAX_CPUS ||
	    record->num_cpus != facts->num_cpus)
		return "CPU count";
	if (!has_apic_id(facts, record->boot_apic_id))
		return "boot CPU's APIC id";
	if (!IS_ALIGNED(record->start_page, PAGE_SIZE) || record->start_page < BIOS_DATA ||
	    record->start_page > LOW_END - PAGE_SIZE)
		return "start-up page";
	if (record->memory_top == 0 || record->memory_top != handover_top(facts))
		return "top of memory";
	if (record->tsc_hz < TSC_MIN || record->tsc_hz > TSC_MAX)
		return "rate of the time-stamp counter";
	if (!IS_ALIGNED(record->loaded, PAGE_SIZE) || record->loaded == 0)
		return "place where the core was loaded";
	if (!IS_ALIGNED(record->core, PAGE_SIZE) || record->core >= record->core_end ||
	    record->core_end > CORE_LIMIT ||
	    !facts_has_memory(facts, record->core, record->core_end))
		return "place of the core";
	if (!is_module(record, facts, record->bundle, record->bundle_bytes))
		return "bundle behind the image";
	if (!is_module(record, facts, facts->initrd_start, facts->initrd_end - facts->initrd_start))
		return "initrd";
	return NULL;
}
