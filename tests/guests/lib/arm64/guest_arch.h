/* SPDX-License-Identifier: Apache-2.0 */
/* The test programs' library on arm64, at EL1. guest.h includes this file. */
#ifndef GUEST_ARCH_H
#define GUEST_ARCH_H

#include "asm.h"
#include <mullion/types.h>

/* --- System registers, barriers, device memory ------------------------------------------------ */

#define sysreg_read(name)                                                    \
	({                                                                   \
		u64 value_;                                                  \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
		value_;                                                      \
	})
#define sysreg_write(name, value) \
	__asm__ volatile("msr " #name ", %x0" ::"rZ"((u64)(value)) : "memory")
#define isb()   __asm__ volatile("isb" ::: "memory")
#define dsb()   __asm__ volatile("dsb sy" ::: "memory")
#define wfi()   __asm__ volatile("dsb sy\n\twfi" ::: "memory")
#define wfe()   __asm__ volatile("wfe" ::: "memory")
#define sev()   __asm__ volatile("dsb sy\n\tsev" ::: "memory")
#define yield() __asm__ volatile("yield" ::: "memory")

/* One load or store each, of the form that a data abort describes whole (ISV=1). */
#define DEFINE_IO(bits, reg, suffix)                                                        \
	static inline u##bits read##bits(u64 address)                                       \
	{                                                                                   \
		u##bits value;                                                              \
		__asm__ volatile("ldr" suffix " %" reg "0, [%1]"                            \
				 : "=r"(value)                                              \
				 : "r"(address)                                             \
				 : "memory");                                               \
		return value;                                                               \
	}                                                                                   \
	static inline void write##bits(u64 address, u##bits value)                          \
	{                                                                                   \
		__asm__ volatile("str" suffix " %" reg "0, [%1]" ::"r"(value), "r"(address) \
				 : "memory");                                               \
	}
DEFINE_IO(8, "w", "b")
DEFINE_IO(16, "w", "h")
DEFINE_IO(32, "w", "")
DEFINE_IO(64, "x", "")

static inline void irq_enable(void)
{
	__asm__ volatile("msr DAIFClr, #2\n\tisb" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr DAIFSet, #2\n\tisb" ::: "memory");
}

/* --- Start ------------------------------------------------------------------------------------ */

struct machine_arch {
	u64 mpidr[GUEST_MAX_CPUS];  /* affinity fields as in /cpus */
	u32 timer_phys, timer_virt; /* INTIDs of the EL1 timers */
	bool uart_level;
};

/* Registers of a CPU at its first instruction. start.S knows the layout (asm.h). */
struct boot_record {
	u64 index;
	u64 image; /* address of the Image header */
	u64 x[4];
	u64 el, daif, spsel, sctlr, vbar, ttbr0, tpidr, cntv_ctl, cntp_ctl;
	u64 time; /* CNTVCT_EL0 */
};

extern struct boot_record boot_record;
extern u64 boot_registers[31]; /* x0 to x30 at the first instruction; x9 is not known */

/** guest_before_gic() - optional, of the program: tree read, MMU on, the GIC as it was found. */
void guest_before_gic(void);

/* --- Firmware calls --------------------------------------------------------------------------- */

#define PSCI_VERSION           0x84000000u
#define PSCI_CPU_SUSPEND       0xc4000001u
#define PSCI_CPU_OFF           0x84000002u
#define PSCI_CPU_ON            0xc4000003u
#define PSCI_AFFINITY_INFO     0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF        0x84000008u
#define PSCI_SYSTEM_RESET      0x84000009u
#define PSCI_FEATURES          0x8400000au
#define PSCI_SYSTEM_SUSPEND    0xc400000eu
#define PSCI_SYSTEM_RESET2     0xc4000012u
#define SMCCC_VERSION          0x80000000u
#define SMCCC_ARCH_FEATURES    0x80000001u

#define PSCI_SUCCESS         0
#define PSCI_NOT_SUPPORTED   (-1)
#define PSCI_INVALID         (-2)
#define PSCI_DENIED          (-3)
#define PSCI_ALREADY_ON      (-4)
#define PSCI_ON_PENDING      (-5)
#define PSCI_INVALID_ADDRESS (-9)

void smccc_hvc(u64 regs[8]);
void smccc_smc(u64 regs[8]);
/** psci() - a call by HVC; the low 32 bits of x0, sign-extended. */
s64 psci(u32 function, u64 a, u64 b, u64 c);

/* --- Exceptions ------------------------------------------------------------------------------- */

struct frame {
	u64 x[31];
	u64 elr, spsr;
};

enum vector { VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ, VECTOR_SERROR };

/* The exceptions that trap_begin() .. trap_end() caught. */
struct trap {
	u32 count;
	u64 vector; /* of the last one, 0 to 15 */
	u64 esr, far, elr, spsr;
};
#define TRAP_EC(t) ((u32)((t).esr >> 26) & 0x3f)

#define EC_UNKNOWN 0x00
#define EC_SVC     0x15
#define EC_SYSREG  0x18
#define EC_IABT    0x21
#define EC_PC      0x22
#define EC_DABT    0x25
#define EC_SP      0x26
#define EC_BRK     0x3c

struct jump {
	u64 regs[13];
};
int jump_set(struct jump *jump) __attribute__((returns_twice));
void __noreturn jump_back(struct jump *jump);

struct cpu {
	u32 index;
	bool trapping; /* synchronous exceptions are caught, not fatal */
	struct trap trap;
	struct jump *escape;      /* target of an unexpected exception */
	void (*irq_hook)(u32 id); /* between acknowledge and end of interrupt */
	bool (*sync_hook)(struct frame *frame, u64 vector); /* true: handled */
	bool (*other_hook)(u64 vector);                     /* FIQ and SError; true: handled */
	bool no_eoi;                                        /* the hook ends the interrupt itself */
	u32 irqs;                                           /* taken since irq_forget() */
	u32 spurious;
	u32 irq_log[64]; /* the first of them, as acknowledged */
};

struct cpu *this_cpu(void);
struct cpu *cpu_get(u32 index);
/** trap_begin() - from now, a synchronous exception is noted and its instruction skipped; after a
 * failed fetch it continues at x30. */
void trap_begin(void);
/** trap_end() - stop that. Returns the caught exception. */
struct trap trap_end(void);
/** call_at() - call @address with no arguments. */
void call_at(u64 address);
void irq_forget(void);

/* A system register as MRS and MSR encode it, x0 as the register. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((u32)(op0) << 19 | (u32)(op1) << 16 | (u32)(crn) << 12 | (u32)(crm) << 8 | (u32)(op2) << 5)

/** execute() - run one instruction with @regs in x0..x2 (and back); it touches no other register.
 * Returns its exception; count is 0 if there was none. */
struct trap execute(u32 instruction, u64 regs[3]);
struct trap execute_mrs(u32 encoding, u64 *value);
struct trap execute_msr(u32 encoding, u64 value);

/* --- Interrupt controller --------------------------------------------------------------------- */

#define GIC_PRIORITY_DEFAULT 0xa0
#define GIC_PRIORITY_ALL     0xf8
#define GIC_SPURIOUS         1023

struct gic {
	u32 version; /* 2 or 3 */
	u64 gicd, gicc, gicr, gicr_size;
	u32 num_irqs; /* first INTID past the last */
};
extern struct gic gic;

/** gic_find() - from the tree. Returns false without a known one. */
bool gic_find(void);
/** gic_init() - distributor on; SPIs disabled, neither pending nor active, default priority, edge,
 * for CPU 0. */
void gic_init(void);
/** gic_init_cpu() - this CPU's interface and private interrupts. */
void gic_init_cpu(void);
u64 gic_sgi_frame(u32 cpu); /* GICv3 */
/* Registers of one bit or byte for each interrupt; private ones (below 32) are this CPU's. */
void gic_enable(u32 id);
void gic_disable(u32 id);
bool gic_enabled(u32 id);
void gic_set_pending(u32 id);
void gic_clear_pending(u32 id);
bool gic_pending(u32 id);
void gic_set_active(u32 id);
void gic_clear_active(u32 id);
bool gic_active(u32 id);
void gic_set_priority(u32 id, u8 priority);
u8 gic_priority(u32 id);
void gic_set_edge(u32 id, bool edge);
void gic_set_target(u32 id, u32 cpu);
void gic_set_group(u32 id, u32 group);
/** gic_use_groups() - enable both; group 0 comes as FIQ. */
void gic_use_groups(void);
/** gic_register() - address of the register at @offset, in this CPU's frame for a private @id. */
u64 gic_register(u32 id, u64 offset);
void gic_send(u32 cpu, u32 sgi);
void gic_send_others(u32 sgi);
/** gic_send_group0() - to this CPU, an SGI of group 0. */
void gic_send_group0(u32 sgi);
u32 gic_ack(void); /* as read: GICv2 has the sender in bits 12:10 */
void gic_eoi(u32 ack);
u32 gic_ack_fiq(void);
void gic_eoi_fiq(u32 ack);
void gic_deactivate(u32 ack);
void gic_set_mask(u8 priority);
void gic_set_binary_point(u8 point);
void gic_set_split(bool split);
u32 gic_running_priority(void);
u32 gic_highest_pending(void);

/* --- MMU -------------------------------------------------------------------------------------- */

#define MMU_NORMAL (0ull << 2)
#define MMU_DEVICE (1ull << 2)
#define MMU_XN     (3ull << 53)
#define MMU_BLOCK  (0x701ull) /* access flag, inner shareable, block */
#define MMU_TABLE  3ull
#define MMU_RO     (2ull << 6)

/** mmu_on() - identity map of 1 GiB blocks, 512 of them: RAM cached, the rest device memory. */
void mmu_on(void);
void mmu_off(void);
/** mmu_set_gib() - change the entry of GiB @gib; TLBs of all CPUs are flushed. */
void mmu_set_gib(u32 gib, u64 entry);
u64 mmu_gib(u32 gib);

/* --- Time ------------------------------------------------------------------------------------- */

#define TIMER_ENABLE  BIT(0)
#define TIMER_IMASK   BIT(1)
#define TIMER_ISTATUS BIT(2)

static inline u64 time_now(void)
{
	isb();
	return sysreg_read(CNTVCT_EL0);
}

/* --- Other CPUs ------------------------------------------------------------------------------- */

struct cpu_start {
	struct boot_record record; /* first: start.S writes it */
	void (*run)(void);
	u32 done;    /* run() has returned; CPU_OFF follows */
	u32 crashed; /* an unexpected exception */
};
extern struct cpu_start cpu_starts[GUEST_MAX_CPUS];
void secondary_entry(void);

/* --- Floating point --------------------------------------------------------------------------- */

struct fp {
	u64 v[64];
	u64 fpcr, fpsr;
};
void fp_load(const struct fp *fp);
void fp_store(struct fp *fp);

#endif
