/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of a vCPU as data, in xAPIC and x2APIC mode. The code does not access hardware, so
 * unit tests and fuzzers run all of it.
 *
 * Another CPU delivers an interrupt by atomic operations on `posted` and `events` alone. The CPU
 * that runs the vCPU folds them into IRR and TMR before an entry. So a delivery takes no lock.
 * Fields marked "own" belong to the CPU that runs the vCPU. Fields of type _Atomic may be read by
 * any CPU; their comments have the writers.
 *
 * The timer counts at LAPIC_TIMER_KHZ, one tick a nanosecond.
 *
 * Sources: SDM vol. 3, chapter 10 (chapter 11 in newer editions); APM vol. 2, chapter 16.
 */
#ifndef X86_64_PURE_LAPIC_H
#define X86_64_PURE_LAPIC_H

#include <stdatomic.h>

#include "arch/x86_64/pure/regs.h"
#include <mullion/types.h>

#define LAPIC_MAX_VCPUS     64u /* masks of vCPUs are 64 bits wide */
#define LAPIC_TIMER_KHZ     1000000u
#define LAPIC_MIN_PERIOD_NS 10000u /* of the periodic timer, whatever the guest writes */
#define LAPIC_NEVER         UINT64_MAX
#define LAPIC_NONE          (-1)
#define LAPIC_BASE          UINT64_C(0xfee00000)

/* Registers: the MSR's number less 0x800, or the MMIO offset divided by 16. */
#define LAPIC_ID       0x02u
#define LAPIC_VERSION  0x03u
#define LAPIC_TPR      0x08u
#define LAPIC_APR      0x09u
#define LAPIC_PPR      0x0au
#define LAPIC_EOI      0x0bu
#define LAPIC_RRD      0x0cu
#define LAPIC_LDR      0x0du
#define LAPIC_DFR      0x0eu
#define LAPIC_SVR      0x0fu
#define LAPIC_ISR      0x10u /* 8 registers, as TMR and IRR */
#define LAPIC_TMR      0x18u
#define LAPIC_IRR      0x20u
#define LAPIC_ESR      0x28u
#define LAPIC_ICR      0x30u
#define LAPIC_ICR_HIGH 0x31u /* xAPIC alone */
#define LAPIC_LVT      0x32u /* timer, thermal, performance, LINT0, LINT1, error */
#define LAPIC_INITIAL  0x38u
#define LAPIC_CURRENT  0x39u
#define LAPIC_DIVIDE   0x3eu
#define LAPIC_SELF_IPI 0x3fu /* x2APIC alone */
#define LAPIC_LVTS     6u

#define LVT_TIMER  0u
#define LVT_LINT0  3u
#define LVT_LINT1  4u
#define LVT_ERROR  5u
#define LVT_MASKED 0x10000u

#define SVR_ENABLED 0x100u
#define SVR_NO_EOI_CAST                                                           \
	0x1000u /* EOI is not broadcast: the guest uses the IOAPIC's EOI register \
		 */

/* IA32_APIC_BASE. */

/* Delivery modes of messages. */
enum lapic_delivery {
	LAPIC_FIXED,
	LAPIC_LOWEST,
	LAPIC_SMI,
	LAPIC_RESERVED,
	LAPIC_NMI,
	LAPIC_INIT,
	LAPIC_SIPI,
	LAPIC_EXTINT
};

/* struct lapic.events. */
#define LAPIC_EVENT_IRQ    0x01u /* `posted` has bits */
#define LAPIC_EVENT_NMI    0x02u
#define LAPIC_EVENT_INIT   0x04u /* INIT has arrived and is not served */
#define LAPIC_EVENT_SIPI   0x08u /* its vector: bits 15:8 */
#define LAPIC_EVENT_EXTINT 0x10u
#define LAPIC_EVENT_ERROR  0x20u    /* `errors` has bits */
#define LAPIC_EVENT_LINT0  0x80u    /* the 8259, which is at LINT0, has a new request */
#define LAPIC_WAITING      0x40u    /* wait-for-SIPI: the vCPU does not run */
#define LAPIC_EVENT_TIMER  0x10000u /* for lapic_timer_expire() */
/* struct lapic.external alone: the 8259 has given a vector that the processor has not taken. */
#define LAPIC_ACKNOWLEDGED 0x01u

struct lapic {
	_Atomic u32 events;    /* any CPU */
	_Atomic u32 posted[8]; /* vectors that have arrived; any CPU sets, own clears */
	_Atomic u32 levels[8]; /* how each came last; any CPU, before posted */
	_Atomic u32 errors;    /* bits of ESR from arriving messages; any CPU sets, own clears */
	_Atomic u64 base;      /* IA32_APIC_BASE; own */
	_Atomic u32 svr, ldr, dfr, tpr; /* own */
	u32 index;                      /* of the vCPU; the APIC id */
	u32 irr[8], isr[8], tmr[8];     /* own, as all that follow */
	u32 irr_used, isr_used;         /* a bit for each word that is not zero */
	u32 lvt[LAPIC_LVTS];
	u8 external;       /* LAPIC_EVENT_LINT0 and _EXTINT that are folded; LAPIC_ACKNOWLEDGED */
	u32 esr, esr_next; /* as read; the errors that the next write of ESR shows */
	u64 icr;
	u32 initial, divide; /* as written */
	bool counting;
	u64 started_ns; /* of the count or the period */
	u64 deadline;   /* TSC value; 0: not armed */
};

/* The local APICs of a guest, by index. */
struct lapic_bus {
	u32 count;
	struct lapic *cpus[LAPIC_MAX_VCPUS];
	_Atomic u32 turn; /* rotates lowest-priority delivery among equals */
};

struct lapic_message {
	u32 destination;
	u8 vector;
	u8 delivery; /* enum lapic_delivery */
	bool logical;
	bool level;
	bool wide; /* a 32-bit destination, from an x2APIC */
};

/* The present, in units of the host and of the guest. */
struct lapic_clock {
	u64 ns;
	u64 tsc; /* the guest's */
	u32 tsc_khz;
};

/* The consequences of a register write for others. */
struct lapic_effect {
	u64 kicks;   /* vCPUs with a new event */
	u64 starts;  /* vCPUs in wait-for-SIPI that have received a SIPI */
	u32 lines;   /* IOAPIC inputs of ioapic_hold() whose interrupt has ended */
	int eoi;     /* vector that the IOAPIC must see, or LAPIC_NONE */
	bool timer;  /* lapic_timer_due() has changed */
	bool merged; /* a message's vector was pending already: the processor takes it once */
};

/** lapic_reset() - the state after power-up, of vCPU @index; number 0 is the boot processor, the
 * others wait for a SIPI. No other access meanwhile. SDM vol. 3, 10.4.7.1. */
void lapic_reset(struct lapic *lapic, u32 index);
/** lapic_init() - the state after INIT: IA32_APIC_BASE and the id stay. Own. 10.4.7.3. */
void lapic_init(struct lapic *lapic);

/** lapic_base_write() - a write of IA32_APIC_BASE. Returns false for #GP: a reserved bit, a
 * forbidden change of mode, or another address than LAPIC_BASE. Own. 10.4.4, 10.12.5. */
bool __must_check lapic_base_write(struct lapic *lapic, u64 value);
/** lapic_is_x2(), lapic_is_on() - the mode that IA32_APIC_BASE selects. */
static inline bool lapic_is_x2(const struct lapic *lapic)
{
	return (atomic_load_explicit(&lapic->base, memory_order_relaxed) & APIC_BASE_X2APIC) != 0;
}
static inline bool lapic_is_on(const struct lapic *lapic)
{
	return (atomic_load_explicit(&lapic->base, memory_order_relaxed) & APIC_BASE_ENABLE) != 0;
}

/** lapic_read() - read register @reg in the present mode. Returns false for #GP, in x2APIC mode
 * alone. Own. */
bool __must_check lapic_read(struct lapic *lapic, const struct lapic_clock *clock, u32 reg,
			     u64 *value);
/** lapic_write() - write register @reg in the present mode. Returns false for #GP, in x2APIC mode
 * alone. Own; no lock: messages to others are atomic. */
bool __must_check lapic_write(struct lapic_bus *bus, struct lapic *lapic,
			      const struct lapic_clock *clock, u32 reg, u64 value,
			      struct lapic_effect *effect);

/** lapic_send() - deliver a message to the vCPUs that it names; adds to @effect->kicks and
 * @effect->starts. Returns true if one has accepted it. Any CPU, no lock. 10.6.2. */
bool lapic_send(struct lapic_bus *bus, const struct lapic_message *message,
		struct lapic_effect *effect);

/** lapic_fold() - take arrived vectors and errors into IRR, TMR and ESR. Own. */
void lapic_fold(struct lapic *lapic);
/** lapic_external() - Returns true if the processor takes the vector of the 8259's request next, if
 * it takes interrupts: by LINT0 or a message of the IOAPIC. lapic_fold() comes first. Own. 10.5.1
 */
bool lapic_external(const struct lapic *lapic);
/** lapic_next() - the vector that the processor would take next, if it takes interrupts; LAPIC_NONE
 * if there is none above PPR. lapic_fold() comes first. Own. 10.8.3. */
int lapic_next(const struct lapic *lapic);
/** lapic_is_quiet() - Returns true if nothing is pending: no vector, no event. A delivery that
 * follows kicks the CPU. Own, interrupts masked. */
static inline bool lapic_is_quiet(const struct lapic *lapic)
{
	return (atomic_load_explicit(&lapic->events, memory_order_relaxed) | lapic->irr_used |
		lapic->external) == 0;
}
/** lapic_accept() - the processor takes @vector of lapic_next(): IRR to ISR. Own. */
void lapic_accept(struct lapic *lapic, u32 vector);
/** lapic_return() - the processor has not delivered @vector of lapic_accept(): ISR to IRR. Own. */
void lapic_return(struct lapic *lapic, u32 vector);
/** lapic_ppr() - the processor priority. Own. 10.8.3.1. */
u32 lapic_ppr(const struct lapic *lapic);

/** lapic_wire_8259() - LINT0 is an input of the 8259, as firmware leaves it ("virtual wire"). Own.
 */
void lapic_wire_8259(struct lapic *lapic);

/** lapic_take_nmi() - returns true if an NMI was pending; it no longer is. Own. */
bool lapic_take_nmi(struct lapic *lapic);
/** lapic_take_init() - returns true if INIT was pending. The registers are in the state of
 * lapic_init() then; another than the boot processor waits for a SIPI. Own. */
bool lapic_take_init(struct lapic *lapic);
/** lapic_take_sipi() - returns true if a waiting vCPU has received a SIPI: it begins at @vector * 4
 * KiB, and does not wait any more. The caller serialises. 8.4.3. */
bool lapic_take_sipi(struct lapic *lapic, u32 *vector);

/** lapic_wait_again() - the vCPU that lapic_take_sipi() returned true for could not be started: it
 * waits again. @keep: the SIPI with @vector stays pending. The caller serialises. */
void lapic_wait_again(struct lapic *lapic, u32 vector, bool keep);

/** lapic_timer_due() - host time in nanoseconds at which the timer expires, or LAPIC_NEVER. Own. */
u64 lapic_timer_due(const struct lapic *lapic, const struct lapic_clock *clock);
/** lapic_timer_expire() - serve an expiry, if the timer is due. Periods that were missed are one
 * interrupt. Own. 10.5.4. */
void lapic_timer_expire(struct lapic *lapic, const struct lapic_clock *clock);
/** lapic_deadline_read(), lapic_deadline_write() - IA32_TSC_DEADLINE, in the guest's time. A write
 * in another timer mode has no effect. Own. 10.5.4.1. */
u64 lapic_deadline_read(const struct lapic *lapic);
void lapic_deadline_write(struct lapic *lapic, u64 value);

#endif
