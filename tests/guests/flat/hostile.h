/* SPDX-License-Identifier: Apache-2.0 */
/* The two parts of the hostile guest. */
#ifndef TESTS_GUESTS_FLAT_HOSTILE_H
#define TESTS_GUESTS_FLAT_HOSTILE_H

#include "tests/guests/flat/flat.h"

#define NOWHERE   0xd0000000u
#define ICR       X2(0x30)
#define SELF_IPI  X2(0x3f)
#define SELF      (1u << 18)
#define ICR_NMI   0x400u
#define CR4_SSE   (1u << 9)
#define CR4_XSAVE (1u << 18)

/* Any exception skips the rest of @code. */
#define TRY(code, ...)                                                                         \
	do {                                                                                   \
		expects_fault = true;                                                          \
		__asm__ volatile("movl $1f, %0\n\t" code "\n1:" : "+m"(resume) : __VA_ARGS__); \
		expects_fault = false;                                                         \
	} while (0)
#define TRY_INSN(code) TRY(code, "a"(0), "b"(0), "c"(0), "d"(0) : "memory")
/* Exception @vector, and no other answer. */
#define EXPECT(vector, code, ...)                       \
	do {                                            \
		if (!FAULTS(vector, code, __VA_ARGS__)) \
			say("WRONG: " code);            \
	} while (0)

struct pointer {
	u16 limit;
	u32 base;
} __attribute__((packed));

/* Work of the second vCPU. */
enum {
	JOB_NONE,
	JOB_DEBUG,     /* #DB by its own delivery (CVE-2015-8104) */
	JOB_ALIGNMENT, /* #AC by its own delivery (CVE-2015-5307) */
	JOB_INT,
	JOB_PAUSE,
	JOB_LOCK, /* across lines */
	JOB_CACHES,
	JOB_SHADOW,
	JOB_NMI,
	JOB_CALL,
	JOB_STRING, /* I/O of 4 GiB */
	JOB_CHANGE, /* code and page tables under the decoder */
	JOB_RING3,
	JOB_COUNT
};
enum { JOB_STARTING, JOB_RUNNING, JOB_ENDED };
extern volatile u32 job, job_runs, job_state;

u32 random(void);
void say(const char *text);
/** second_tables() - segments of ring 3 and a task, before the second vCPU runs. */
void second_tables(void);
/** second_interrupted() - the second vCPU's part of interrupted(). */
void second_interrupted(struct frame *frame);
/** second_paging() - on or off, for this vCPU. Off leaves what the second vCPU changed. */
void second_paging(bool on);
/** second_wrong() - answers in ring 3 that were wrong. */
u32 second_wrong(void);
/** second_access() - an access to the IOAPIC by code that the second vCPU changes. */
void second_access(void);
/** second_faulting_nmi() - an NMI whose delivery faults. First vCPU. */
void second_faulting_nmi(void);
/** second_task_switch() - to a task; no return. */
void second_task_switch(void);

#endif
