/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's real-time clock, which is read once at boot. */
#include "arch/x86_64/pure/cmos.h"
#include <arch/time.h>
#include <asm/port.h>
#include <mullion/host.h>
#include <mullion/string.h>

#define SPINS_MAX 100000u /* an update takes 2 ms (MC146818A, table 1) */
#define READS_MAX 5u

static u8 cmos_read_one(u32 index)
{
	port_write8(CMOS_INDEX, (u8)index);
	return port_read8(CMOS_DATA);
}

static void cmos_read_all(u8 registers[CMOS_REGISTERS])
{
	for (u32 i = 0; i < SPINS_MAX && (cmos_read_one(CMOS_A) & CMOS_UPDATE) != 0; i++)
		;
	for (u32 i = 0; i < CMOS_REGISTERS; i++)
		registers[i] = i == CMOS_A ? 0 : cmos_read_one(i);
}

/* Two equal readings have no update between their registers. */
u64 arch_time_wall(const struct host *host)
{
	u8 first[CMOS_REGISTERS], second[CMOS_REGISTERS];

	if (host->rtc.size == 0)
		return 0;
	cmos_read_all(second);
	for (u32 i = 0; i < READS_MAX; i++) {
		memcpy(first, second, sizeof(first));
		cmos_read_all(second);
		if (memcmp(first, second, sizeof(first)) == 0)
			return cmos_seconds(second);
	}
	return 0;
}
