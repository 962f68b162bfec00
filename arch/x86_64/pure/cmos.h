/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's real-time clock (Motorola MC146818A) as its registers show it. Pure. */
#ifndef X86_PURE_CMOS_H
#define X86_PURE_CMOS_H

#include <mullion/types.h>

#define CMOS_INDEX     0x70u /* port: the register */
#define CMOS_DATA      0x71u /* port: its value */
#define CMOS_A         10u
#define CMOS_UPDATE    0x80u /* of register A: the time is about to change */
#define CMOS_REGISTERS 12u   /* time, date, and registers A and B */

/** cmos_seconds() - Returns the seconds since 1970 that the registers show, with years from 2000 to
 * 2099; 0 if they hold no time. Any context. */
u64 cmos_seconds(const u8 registers[CMOS_REGISTERS]);

#endif
