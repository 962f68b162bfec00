/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exception that comes while another event is being delivered: both become one. SDM vol. 3,
 * table 6-5; APM vol. 2, table 8-2.
 */
#ifndef X86_64_PURE_EXCEPTION_H
#define X86_64_PURE_EXCEPTION_H

#include <mullion/types.h>

/* An event for the CPU to deliver, in the form of both vendors (SDM vol. 3, 25.8.3; APM vol. 2,
 * 15.20); here with its error code in bits 63:32. Bits 7:0 are its vector. */
#define EVENT_INTERRUPT  UINT64_C(0)
#define EVENT_NMI        UINT64_C(2)
#define EVENT_EXCEPTION  UINT64_C(3)
#define EVENT_SOFT_INT   UINT64_C(4)
#define EVENT_PRIVILEGED UINT64_C(5)
#define EVENT_SOFT_TRAP  UINT64_C(6)
#define EVENT_OTHER      UINT64_C(7)
#define EVENT_TYPE(info) FIELD(info, 10, 8)
#define EVENT_HAS_ERROR  BIT(11)
#define EVENT_VALID      BIT(31)

#define EXCEPTION_DB       1u
#define EXCEPTION_DF       8u
#define EXCEPTION_PF       14u
#define EXCEPTION_AC       17u
#define EXCEPTION_MC       18u
#define EXCEPTION_SHUTDOWN 32u /* no vector: the CPU shuts down (a triple fault) */

/* Those of a guest that exit. #DB and #AC can come by their own delivery without end, and do not
 * become a double fault (CVE-2015-8104, CVE-2015-5307). #MC is the core's. */
#define EXCEPTION_EXITS ((u32)(BIT(EXCEPTION_DB) | BIT(EXCEPTION_AC) | BIT(EXCEPTION_MC)))

/** exception_combine() - the vector to deliver if the delivery of exception @first causes @second:
 * @second, EXCEPTION_DF or EXCEPTION_SHUTDOWN. Any context. */
u32 exception_combine(u32 first, u32 second);

#define EXCEPTION_NO_ERROR UINT64_MAX

struct exception_raised {
	u64 event; /* to deliver */
	u64 later; /* an NMI or interrupt that waits until that is delivered; 0: none */
	bool shutdown;
};

/** exception_raise() - exception @vector, with @error unless that is EXCEPTION_NO_ERROR, comes
 * while event @before is being delivered; 0: none is. A software interrupt is executed again, and
 * an exception that is no part of a double fault is raised again, by the same instruction. Any
 * context. */
struct exception_raised exception_raise(u64 before, u32 vector, u64 error);

#endif
