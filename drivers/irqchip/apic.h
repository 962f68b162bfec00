/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controllers of a PC: a local APIC in each CPU (Intel SDM vol. 3 §10, xAPIC and
 * x2APIC), and IOAPICs (82093AA). A line is a global system interrupt.
 */
#ifndef DRIVERS_IRQCHIP_APIC_H
#define DRIVERS_IRQCHIP_APIC_H

#include <mullion/err.h>
#include <mullion/irq.h>
#include <mullion/types.h>

#define APIC_MAX_LINES 160u /* that have a vector (asm/trap.h) */

struct host;

/* Registers of the local APIC that others use: offsets of xAPIC. */
#define APIC_LVT_TIMER     0x320u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE  0x3e0u

#define APIC_LVT_MASKED   BIT(16)
#define APIC_LVT_DEADLINE BIT(18)
#define APIC_DIVIDE_BY_1  0xbu

/* Delivery modes of an interprocessor interrupt, with the bits that go with each. */
#define APIC_IPI_FIXED 0x4000u
#define APIC_IPI_NMI   0x4400u
#define APIC_IPI_INIT  0x4500u
#define APIC_IPI_SIPI  0x4600u /* with the number of the page */

extern struct irqchip apic;

/** apic_probe() - every IOAPIC of @host, all lines masked, and this CPU's local APIC. Boot CPU,
 * once. ERR_UNSUPPORTED without an IOAPIC, after logging it; ERR_NO_MEMORY. */
enum err __must_check apic_probe(const struct host *host);
/** apic_init_cpu() - this CPU's local APIC. */
void apic_init_cpu(void);
/** apic_accept() - an interrupt of @line has come to this CPU. Returns false if the line is masked:
 * then it is kept until the line is enabled, and there is nothing to serve. */
bool apic_accept(u32 line);
/** apic_read(), apic_write() - a register of this CPU's local APIC. */
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
/** apic_end() - the interrupt that was taken last is served. */
void apic_end(void);
/** apic_send() - an interprocessor interrupt: @command is a delivery mode and a vector. Any CPU. */
void apic_send(u32 apic_id, u32 command);
/** apic_send_self() - an IPI of @vector to this CPU. Also between the two writes of apic_send(),
 * which continues unchanged: any context. Intel SDM vol. 3, 10.6.1. */
void apic_send_self(u32 vector);

#endif
