/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the flat guests of x86-64: registers, text for the core's log, and exceptions.
 * They run in 32-bit protected mode. */
#ifndef TESTS_GUESTS_FLAT_H
#define TESTS_GUESTS_FLAT_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define CALL_LOG      0x4d554c01u /* exit.c: 16 bytes of text from 32-bit code */
#define SECOND_PAGE   0x8000u
#define VECTORS       256
#define MSR_APIC_BASE 0x1bu
#define MSR_DEADLINE  0x6e0u
#define MSR_EFER      0xc0000080u
#define MSR_TSC_AUX   0xc0000103u
#define X2(reg)       (0x800u + (reg))

struct frame {
	u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
	u32 vector, error, eip, cs, eflags;
};

extern const u32 boot_magic; /* EAX at the start */
extern const u8 stubs[], stubs_iret[], second[], second_end[];
extern volatile u32 hits[VECTORS];
extern volatile bool expects_fault; /* an exception skips to `resume` */
extern volatile u32 resume;

/** guest_main(), second_main() - each program's, on the first and the second vCPU. */
void guest_main(void);
void second_main(void);
/** interrupted() - each program's part of an exception or interrupt, once it was counted. */
void interrupted(struct frame *frame);

static inline u64 rdmsr(u32 msr)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "A"(value) : "memory");
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(subleaf));
}

static inline u64 rdtsc(void)
{
	u64 value;

	__asm__ volatile("rdtsc" : "=A"(value));
	return value;
}

/** is_intel() - the vendor: each one's call is #UD on a CPU of the other. */
bool is_intel(void);
/** is_bare() - without Mullion below it; text goes to the first serial port then. */
bool is_bare(void);
/** log_text(), log_number() - into the core's log. */
void log_text(const char *text);
void log_number(u32 value);
/** check() - a line of TAP for the check @name; check_end() - the plan, behind the last check. */
void check(bool good, const char *name);
void check_end(void);
/** check_state() - state.c: the checks of registers. */
void check_state(void);
/** load_idt() - this vCPU's exceptions and interrupts, and its local APIC on. */
void load_idt(void);
/** set_up() - the table of exceptions and interrupts; first vCPU. */
void set_up(void);
void interrupt(struct frame *frame);

/* Returns true if @code raises @vector. */
#define FAULTS(expected, code, ...)                                                            \
	({                                                                                     \
		u32 before_ = hits[expected];                                                  \
		expects_fault = true;                                                          \
		__asm__ volatile("movl $1f, %0\n\t" code "\n1:" : "+m"(resume) : __VA_ARGS__); \
		expects_fault = false;                                                         \
		hits[expected] == before_ + 1;                                                 \
	})
#define WRMSR_FAULTS(msr, value) FAULTS(13, "wrmsr", "c"(msr), "a"(value), "d"(0))
#define RDMSR_FAULTS(msr)        FAULTS(13, "rdmsr", "c"(msr) : "eax", "edx")

#endif
