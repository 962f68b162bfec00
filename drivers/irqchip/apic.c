/* SPDX-License-Identifier: Apache-2.0 */
/* APICs: see apic.h. */
#include "drivers/irqchip/apic.h"

#include <arch/boot.h>
#include <arch/cpu.h>
#include <asm/port.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/cpu.h>
#include <mullion/host.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/spinlock.h>

#define APIC_TPR       0x080u
#define APIC_EOI       0x0b0u
#define APIC_SVR       0x0f0u
#define APIC_ESR       0x280u
#define APIC_ICR       0x300u
#define APIC_ICR_HIGH  0x310u
#define APIC_LVT_LINT0 0x350u
#define APIC_LVT_LINT1 0x360u
#define APIC_LVT_ERROR 0x370u

#define SVR_ENABLE  BIT(8)
#define ICR_PENDING BIT(12)
#define ICR_SELF    BIT(18) /* the destination is this CPU, whatever the other half has */
#define LVT_NMI     0x400u
#define SEND_SPINS  1000000u
#define LAPIC_BYTES PAGE_SIZE

#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 1u
#define IOAPIC_ENTRY   0x10u /* two registers for each input */
#define ENTRY_MASKED   BIT(16)
#define ENTRY_LEVEL    BIT(15)
#define ENTRY_LOW      BIT(13)

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

static bool x2apic;
static volatile u8 *lapic; /* NULL with x2APIC */
static struct ioapic {
	volatile u8 *regs;
	u32 base, count; /* global system interrupts */
} ioapics[X86_MAX_IOAPICS];
static u32 num_ioapics;
static struct spinlock lock = SPINLOCK_INIT(RANK_IRQCHIP); /* the IOAPICs' pairs of registers */
/* An edge that comes while its IOAPIC input is masked is lost. So the first one that comes to a
 * masked line is kept, and the input is masked then. */
static struct line {
	bool edge, off, pending;
} lines[APIC_MAX_LINES] GUARDED_BY(lock);

u32 apic_read(u32 reg)
{
	if (x2apic)
		return (u32)read_msr(MSR_X2APIC + reg / 16);
	return *(volatile u32 *)(lapic + reg);
}

void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		write_msr(MSR_X2APIC + reg / 16, value);
	else
		*(volatile u32 *)(lapic + reg) = value;
}

void apic_end(void)
{
	apic_write(APIC_EOI, 0);
}

/* A write of x2APIC's command register is not ordered behind stores (Intel SDM vol. 3 §10.12.3).
 */
void apic_send(u32 apic_id, u32 command)
{
	if (x2apic) {
		__asm__ volatile("mfence\n\tlfence" : : : "memory");
		write_msr(MSR_X2APIC + APIC_ICR / 16, (u64)apic_id << 32 | command);
		return;
	}
	for (u32 i = 0; i < SEND_SPINS && (apic_read(APIC_ICR) & ICR_PENDING) != 0; i++)
		arch_cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, command);
}

void apic_send_self(u32 vector)
{
	u32 command = (u32)(APIC_IPI_FIXED | ICR_SELF | vector);

	if (x2apic)
		write_msr(MSR_X2APIC + APIC_ICR / 16, command);
	else
		apic_write(APIC_ICR, command);
}

void apic_init_cpu(void)
{
	u64 base = read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	write_msr(MSR_APIC_BASE, base);
	if (x2apic)
		write_msr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_ESR, 0);
	/* A vector that firmware has left in service would hold lower ones back. */
	for (u32 i = 0; i < VECTOR_COUNT / 32; i++)
		apic_end();
}

/* --- IOAPICs ---------------------------------------------------------------------------------- */

static u32 apic_reg_read(const struct ioapic *ioapic, u32 reg)
{
	*(volatile u32 *)(ioapic->regs + IOAPIC_SELECT) = reg;
	return *(volatile u32 *)(ioapic->regs + IOAPIC_WINDOW);
}

static void apic_reg_write(const struct ioapic *ioapic, u32 reg, u32 value)
{
	*(volatile u32 *)(ioapic->regs + IOAPIC_SELECT) = reg;
	*(volatile u32 *)(ioapic->regs + IOAPIC_WINDOW) = value;
}

static const struct ioapic *apic_of_line(u32 line)
{
	for (u32 i = 0; i < num_ioapics; i++)
		if (line - ioapics[i].base < ioapics[i].count)
			return &ioapics[i];
	return NULL;
}

static void apic_line_set(u32 line, u32 low, u32 high) REQUIRES(&lock)
{
	const struct ioapic *ioapic = apic_of_line(line);

	if (ioapic == NULL)
		return;
	apic_reg_write(ioapic, IOAPIC_ENTRY + 2 * (line - ioapic->base) + 1, high);
	apic_reg_write(ioapic, IOAPIC_ENTRY + 2 * (line - ioapic->base), low);
}

static void apic_line_mask(u32 line) REQUIRES(&lock)
{
	const struct ioapic *ioapic = apic_of_line(line);
	u32 reg;

	if (ioapic == NULL)
		return;
	reg = IOAPIC_ENTRY + 2 * (line - ioapic->base);
	apic_reg_write(ioapic, reg, apic_reg_read(ioapic, reg) | (u32)ENTRY_MASKED);
}

/* Lines of PCI are level and low, those of ISA edge and high; the description has no other. */
static void apic_line_enable(u32 line, bool level, u32 cpu)
{
	u32 trigger = level ? (u32)(ENTRY_LEVEL | ENTRY_LOW) : 0;
	u32 vector = VECTOR_GSI + line, apic_id = cpu_get(cpu)->arch.apic_id;

	spin_lock(&lock);
	apic_line_set(line, vector | trigger, apic_id << 24);
	if (lines[line].pending)
		apic_send(apic_id, APIC_IPI_FIXED | vector);
	lines[line] = (struct line){ .edge = !level };
	spin_unlock(&lock);
}

static void apic_line_disable(u32 line)
{
	spin_lock(&lock);
	lines[line].off = true;
	if (!lines[line].edge)
		apic_line_mask(line);
	spin_unlock(&lock);
}

static void apic_line_forget(u32 line)
{
	spin_lock(&lock);
	apic_line_mask(line);
	lines[line] = (struct line){ .off = true };
	spin_unlock(&lock);
}

bool apic_accept(u32 line)
{
	bool accepted;

	if (line >= APIC_MAX_LINES)
		return false;
	spin_lock(&lock);
	accepted = !lines[line].off;
	if (!accepted) {
		lines[line].pending = lines[line].edge;
		apic_line_mask(line);
	}
	spin_unlock(&lock);
	return accepted;
}

struct irqchip apic = {
	.name = "APIC",
	.enable = apic_line_enable,
	.disable = apic_line_disable,
	.forget = apic_line_forget,
};

__boot static enum err probe_ioapics(const struct x86_host *x86)
{
	for (u32 i = 0; i < x86->num_ioapics; i++) {
		struct ioapic *ioapic = &ioapics[num_ioapics];

		ioapic->regs = arch_map(HPA(x86->ioapics[i].regs.base), x86->ioapics[i].regs.size,
					SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
		if (ioapic->regs == NULL)
			return ERR_NO_MEMORY;
		ioapic->base = x86->ioapics[i].gsi_base;
		if (ioapic->base >= APIC_MAX_LINES)
			continue;
		ioapic->count = (u32)FIELD(apic_reg_read(ioapic, IOAPIC_VERSION), 23, 16) + 1;
		ioapic->count = MIN(ioapic->count, APIC_MAX_LINES - ioapic->base);
		apic.num_lines = MAX(apic.num_lines, ioapic->base + ioapic->count);
		num_ioapics++;
		for (u32 n = 0; n < ioapic->count; n++)
			apic_line_forget(ioapic->base + n);
	}
	return OK;
}

__boot enum err apic_probe(const struct host *host)
{
	const struct x86_host *x86 = &host->arch.x86;
	enum err err;

	if (x86->num_ioapics == 0) {
		log_error("no IOAPIC in the ACPI tables: switch the APIC mode on in the firmware's "
			  "set-up");
		return ERR_UNSUPPORTED;
	}
	x2apic = (cpuid(1, 0).c & BIT(21)) != 0;
	if (!x2apic) {
		lapic = arch_map(HPA(x86->lapic.base), LAPIC_BYTES,
				 SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
		if (x86->lapic.base == 0 || lapic == NULL)
			return ERR_NO_MEMORY;
	}
	apic.name = x2apic ? "x2APIC" : "xAPIC";
	port_write8(PIC1_MASK, 0xff);
	port_write8(PIC2_MASK, 0xff);
	err = probe_ioapics(x86);
	if (err == OK)
		apic_init_cpu();
	return err;
}
