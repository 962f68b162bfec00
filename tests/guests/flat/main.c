/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of x86-64 without an operating system. It checks its processor, its local APIC and its
 * IOAPIC on two vCPUs. Each check is a line in the core's log.
 */
#include "tests/guests/flat/flat.h"

#define MAGIC_MULTIBOOT  0x2badb002u
#define MAGIC_MULTIBOOT2 0x36d76289u

#define MSR_PRED_CMD     0x49u
#define MSR_MISC_ENABLE  0x1a0u
#define IOAPIC           ((volatile u32 *)0xfec00000u)
#define NOTHING          ((volatile u32 *)0xd0000000u) /* neither memory nor a device */
#define VECTOR_NMI       2
#define VECTOR_IPI       0x41u
#define VECTOR_TIMER     0x42u
#define VECTOR_LINE      0x43u
#define VECTOR_ANSWER    0x44u
#define VECTOR_SLOW      0x45u
#define ICR_NMI          (4u << 8)  /* to APIC 0, the sender */
#define FEATURE_DEADLINE (1u << 24) /* CPUID 1, ECX */
#define FLAGS_TF         0x100u
#define DR6_BS           0x4000u

static volatile u32 second_runs;
static volatile u64 second_misc;  /* its MISC_ENABLE */
static volatile u32 second_debug; /* times that it had other breakpoints than after INIT */
static volatile u32 nmis_to_send, nmis_nested, nmi_depth;
static volatile u32 slow_running, slow_nested;
static volatile u32 came_at;   /* EIP at the last IPI or single step */
static volatile u32 expect_at; /* the label behind an instruction */
static volatile u32 step_dr6;

/* A handler without an exit: an emulator that repeats an injected interrupt does so here. */
static void run_slowly(void)
{
	slow_nested += slow_running++;
	for (u32 i = 0; i < 50000; i++)
		__asm__ volatile("" : : : "memory");
	slow_running--;
}

/* An NMI that comes during another's handler waits until its IRET has run. */
void interrupted(struct frame *frame)
{
	if (frame->vector == VECTOR_SLOW)
		run_slowly();
	if (frame->vector == VECTOR_IPI || frame->vector == 1)
		came_at = frame->eip;
	if (frame->vector == 1) {
		u32 dr6;

		__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
		__asm__ volatile("mov %0, %%dr6" : : "r"(0));
		step_dr6 = dr6;
		frame->eflags &= ~FLAGS_TF;
	}
	if (frame->vector != VECTOR_NMI)
		return;
	nmis_nested += nmi_depth++ != 0 || frame->eip == (u32)stubs_iret ||
		       (frame->eflags & FLAGS_TF) != 0;
	if (nmis_to_send != 0) {
		nmis_to_send--;
		wrmsr(X2(0x30), ICR_NMI);
	}
	nmi_depth--;
}

static void check_cpuid(void)
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	check(r[1] == 0x4b4d564b && r[0] == 0x40000010, "signature");
	cpuid(1, 0, r);
	check((r[2] & (1u << 5 | 1u << 6)) == 0 && (r[2] >> 31) == 1, "no VMX or SMX");
	check((r[2] >> 21 & 1) == 1, "x2APIC");
	cpuid(0x80000001, 0, r);
	check((r[2] & 1u << 2) == 0, "no SVM");
	cpuid(0x8000000a, 0, r);
	check((r[0] | r[1] | r[2] | r[3]) == 0, "leaf of SVM");
	cpuid(0xb, 1, r);
	check(r[1] == 2 && r[3] == 0, "topology");
}

static void check_faults(void)
{
	u32 r[4];

	check(RDMSR_FAULTS(0xc0010117), "VM_HSAVE_PA");
	check(RDMSR_FAULTS(0x480), "VMX_BASIC");
	check(WRMSR_FAULTS(MSR_EFER, 1u << 12), "EFER.SVME");
	check(WRMSR_FAULTS(X2(0x0b), 1), "EOI of 1");
	check(FAULTS(6, "vmrun %%eax", "a"(0)), "VMRUN");
	check(FAULTS(6, "monitor %%eax, %%ecx, %%edx", "a"(0), "c"(0), "d"(0)), "MONITOR");
	/* QEMU's own CPU repeats a write of a reserved bit without end. */
	check((!is_bare() || is_intel()) && FAULTS(13, "mov %1, %%cr4", "r"(1u << 13)), "CR4.VMXE");
	check(FAULTS(6, "ud2", "a"(0)), "UD2");
	check(FAULTS(1, "int1", "a"(0)), "#DB is delivered");
	cpuid(0x80000008, 0, r);
	check(WRMSR_FAULTS(MSR_PRED_CMD, 1) != (r[1] >> 12 & 1), "a barrier if it is offered");
	check(WRMSR_FAULTS(MSR_PRED_CMD, 2), "PRED_CMD of 2");
	wrmsr(MSR_TSC_AUX, 0x12345);
	check(rdmsr(MSR_TSC_AUX) == 0x12345, "TSC_AUX");
}

/* In Bochs's SVM an interrupt comes when the guest sets IF, and not when VMRUN does: hence the
 * second STI. */
static void wait_for(volatile u32 *counter, u32 value)
{
	for (u32 i = 0; i < 1000 && *counter < value; i++)
		__asm__ volatile("sti; hlt; cli; sti; nop; cli" : : : "memory");
}

static void check_nmi(void)
{
	u32 traps = hits[1];

	wrmsr(X2(0x30), ICR_NMI);
	__asm__ volatile("nop; nop" : : : "memory");
	check(hits[VECTOR_NMI] == 1, "NMI to itself");
	nmis_to_send = 5;
	wrmsr(X2(0x30), ICR_NMI);
	__asm__ volatile("nop; nop" : : : "memory");
	check(hits[VECTOR_NMI] == 7 && nmis_nested == 0, "an NMI comes after the IRET of another");
	check(hits[1] == traps, "no step is seen");
}

/* One instruction as a single step: its trap comes behind it, once, and says so. */
#define STEPS(code, ...)                                                                         \
	({                                                                                       \
		u32 traps_ = hits[1];                                                            \
		__asm__ volatile("movl $1f, %0\n\tpushf\n\torl $0x100, (%%esp)\n\tpopf\n\t" code \
				 "\n1:\tnop"                                                     \
				 : "+m"(expect_at)                                               \
				 : __VA_ARGS__);                                                 \
		hits[1] == traps_ + 1 && came_at == expect_at && (step_dr6 & DR6_BS) != 0;       \
	})

/* An IPI that waits or is sent comes behind @code, whose blocking ends with it. */
#define COMES_BEHIND(code, ...)                                                    \
	({                                                                         \
		u32 ipis_ = hits[VECTOR_IPI];                                      \
		__asm__ volatile("movl $1f, %0\n\t" code "\n1:\tnop\n\tnop\n\tcli" \
				 : "+m"(expect_at)                                 \
				 : __VA_ARGS__);                                   \
		hits[VECTOR_IPI] == ipis_ + 1 && came_at == expect_at;             \
	})

/* Instructions that the core answers without leaving its way from an exit to the next entry. */
static void check_exits(void)
{
	bool calls;
	u32 nmis;

	check(STEPS("cpuid", "a"(0), "c"(0) : "ebx", "edx", "memory"), "a step over CPUID");
	check(STEPS("rdmsr", "c"(MSR_APIC_BASE) : "eax", "edx", "memory"), "a step over RDMSR");
	check(STEPS("wrmsr", "c"(X2(8)), "a"(0), "d"(0) : "memory"), "a step over WRMSR");
	check(STEPS("inb %%dx, %%al", "d"(0x1234) : "eax", "memory"), "a step over IN");
	calls = is_bare();
	if (!calls && is_intel())
		calls = STEPS("vmcall", "a"(0) : "memory");
	else if (!calls)
		calls = STEPS("vmmcall", "a"(0) : "memory");
	check(calls, "a step over a call");

	wrmsr(X2(0x3f), VECTOR_IPI);
	check(COMES_BEHIND("sti\n\tcpuid", "a"(0), "c"(0)
			   : "ebx", "edx", "memory"),
	      "an interrupt behind STI and CPUID");
	check(COMES_BEHIND("sti\n\tnop\n\tmov %4, %%ss\n\twrmsr", "c"(X2(0x3f)), "a"(VECTOR_IPI),
			   "d"(0), "S"(16)
			   : "memory"),
	      "an interrupt behind MOV SS and WRMSR");
	check(COMES_BEHIND("sti\n\tnop\n\twrmsr", "c"(X2(0x3f)), "a"(VECTOR_IPI), "d"(0)
			   : "memory"),
	      "an interrupt behind the WRMSR that sends it");
	check(COMES_BEHIND("sti\n\tnop\n\twrmsr", "c"(X2(0x30)), "a"(VECTOR_IPI | 1u << 18), "d"(0)
			   : "memory"),
	      "and behind that of the ICR");
	nmis = hits[VECTOR_NMI];
	__asm__ volatile("mov %0, %%ss\n\twrmsr\n\tnop\n\tnop"
			 :
			 : "S"(16), "c"(X2(0x30)), "a"(ICR_NMI), "d"(0)
			 : "memory");
	check(hits[VECTOR_NMI] == nmis + 1, "an NMI behind MOV SS and WRMSR");
}

static void delay(u32 ticks)
{
	for (u64 end = rdtsc() + ticks; rdtsc() < end;)
		__asm__ volatile("pause");
}

static void check_deadline(void)
{
	u64 start;
	u32 r[4];

	cpuid(1, 0, r);
	if ((r[2] & FEATURE_DEADLINE) == 0) {
		check(false, "deadline reads back");
		check(false, "deadline");
		check(false, "a deadline of 0 disarms");
		return;
	}
	hits[VECTOR_TIMER] = 0;
	wrmsr(X2(0x32), VECTOR_TIMER | 2u << 17);
	start = rdtsc() + (1ull << 40); /* minutes: a slow emulator reads it before it passes */
	wrmsr(MSR_DEADLINE, start);
	check(rdmsr(MSR_DEADLINE) == start, "deadline reads back");
	start = rdtsc();
	wrmsr(MSR_DEADLINE, start + 2000000);
	wait_for(&hits[VECTOR_TIMER], 1);
	check(rdtsc() - start >= 2000000 && rdmsr(MSR_DEADLINE) == 0, "deadline");
	wrmsr(MSR_DEADLINE, rdtsc() + 20000000); /* a busy machine must not exceed it */
	wrmsr(MSR_DEADLINE, 0);
	delay(40000000);
	__asm__ volatile("sti; nop; cli" : : : "memory");
	check(hits[VECTOR_TIMER] == 1, "a deadline of 0 disarms");
}

static void check_apic(void)
{
	check((rdmsr(MSR_APIC_BASE) & 0xd00) == 0xd00 && rdmsr(X2(2)) == 0, "APIC base");
	wrmsr(X2(0x3f), VECTOR_IPI);
	check(hits[VECTOR_IPI] == 0, "masked by IF");
	__asm__ volatile("sti; nop; cli" : : : "memory");
	check(hits[VECTOR_IPI] == 1, "IPI to itself");
	wrmsr(X2(8), 0x40);
	wrmsr(X2(0x3f), VECTOR_IPI);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	check(hits[VECTOR_IPI] == 1, "masked by TPR");
	__asm__ volatile("sti" : : : "memory");
	wrmsr(X2(8), 0);
	__asm__ volatile("nop; cli" : : : "memory");
	check(hits[VECTOR_IPI] == 2, "TPR falls");
	for (u32 i = 0; i < 10; i++) {
		wrmsr(X2(0x3f), VECTOR_SLOW);
		__asm__ volatile("sti; nop; cli" : : : "memory");
	}
	check(hits[VECTOR_SLOW] == 10 && slow_nested == 0, "an interrupt comes once");
	check_nmi();
	check_exits();

	wrmsr(X2(0x3e), 0xb);
	wrmsr(X2(0x32), VECTOR_TIMER);
	wrmsr(X2(0x38), 1000000);
	wait_for(&hits[VECTOR_TIMER], 1);
	check(hits[VECTOR_TIMER] == 1 && rdmsr(X2(0x39)) == 0, "one-shot ends HLT");
	wrmsr(X2(0x32), VECTOR_TIMER | 1u << 17);
	wrmsr(X2(0x38), 1000000);
	wait_for(&hits[VECTOR_TIMER], 6);
	wrmsr(X2(0x38), 0);
	check(hits[VECTOR_TIMER] >= 6, "periodic");
	check_deadline();
}

static u32 ioapic_read(u32 reg)
{
	IOAPIC[0] = reg;
	return IOAPIC[4];
}

static void ioapic_write(u32 reg, u32 value)
{
	IOAPIC[0] = reg;
	IOAPIC[4] = value;
}

/* The step ends behind the first of two elements, at the same instruction. */
static void check_step_of_string(void)
{
	u32 traps = hits[1], count = 2;
	u8 *to = (u8 *)0x00800000;

	__asm__ volatile("movl $1f, %0\n\tpushf\n\torl $0x100, (%%esp)\n\tpopf\n"
			 "1:\trep insb"
			 : "+m"(expect_at), "+D"(to), "+c"(count)
			 : "d"(0x1234)
			 : "memory");
	check(hits[1] == traps + 1 && came_at == expect_at && count == 0,
	      "a step over an element of a string");
}

/* Ports without a device read as ones; elements are 4 bytes, and the last crosses a page. */
static void check_strings(void)
{
	u32 *to = (u32 *)0x00800ff2, *from = to, count = 4;
	u8 *bytes = (u8 *)to;

	for (u32 i = 0; i < 20; i++)
		bytes[i] = (u8)i;
	__asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(0x1234) : "memory");
	check(count == 0 && to == from + 4 && bytes[0] == 0xff && bytes[15] == 0xff &&
		      bytes[16] == 16,
	      "string input");
	count = 3;
	__asm__ volatile("std; rep insb; cld" : "+D"(to), "+c"(count) : "d"(0x1234) : "memory");
	check(count == 0 && (u8 *)to == bytes + 13 && bytes[16] == 0xff && bytes[17] == 17,
	      "string input, downwards");
	count = 1000;
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x1234) : "memory");
	check(count == 0 && (u8 *)from == bytes + 1000, "string output");
	count = 0;
	__asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(0x1234) : "memory");
	check((u8 *)to == bytes + 13, "string input of nothing");
	check_step_of_string();
}

static void check_devices(void)
{
	u32 value;
	u8 byte;

	__asm__ volatile("inb %%dx, %%al" : "=a"(byte) : "d"(0x1234));
	check(byte == 0xff, "absent port");
	__asm__ volatile("outl %%eax, %%dx" : : "a"(1), "d"(0x1234));
	check(*NOTHING == UINT32_MAX, "absent memory");
	/* Register D of the machine's clock: valid RAM and time. */
	__asm__ volatile("outb %%al, %%dx" : : "a"((u8)0x0d), "d"(0x70));
	__asm__ volatile("inb %%dx, %%al" : "=a"(byte) : "d"(0x71));
	check(byte == 0x80, "the machine's port");
	check_strings();
	check(ioapic_read(1) == 0x170020, "IOAPIC version");
	ioapic_write(0x12, 1u << 16 | VECTOR_LINE);
	value = ioapic_read(0x12);
	ioapic_write(0x13, 0);
	check(value == (1u << 16 | VECTOR_LINE), "IOAPIC entry");
}

/* Registers that INIT sets to zero, and DR7. */
static bool has_breakpoints(void)
{
	u32 dr[4], dr7;

	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
			 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
	__asm__ volatile("mov %%dr7, %0" : "=r"(dr7));
	return (dr[0] | dr[1] | dr[2] | dr[3]) != 0 || dr7 != 0x400;
}

/* On the second vCPU. */
void second_main(void)
{
	load_idt();
	second_misc = rdmsr(MSR_MISC_ENABLE);
	second_debug += has_breakpoints();
	__asm__ volatile("mov %0, %%dr0; mov %0, %%dr3; mov %1, %%dr7" : : "r"(0x5000), "r"(0x402));
	second_runs++;
	/* Answer each IPI by one to the first vCPU. */
	for (u32 seen = hits[VECTOR_LINE];;) {
		__asm__ volatile("sti; hlt; cli; sti; nop; cli" : : : "memory");
		if (hits[VECTOR_LINE] != seen) {
			seen = hits[VECTOR_LINE];
			wrmsr(X2(0x30), VECTOR_ANSWER);
		}
	}
}

static bool has_second(void)
{
	u32 r[4];

	cpuid(1, 0, r);
	return (r[1] >> 16 & 0xff) > 1;
}

static void start_second(void)
{
	wrmsr(X2(0x30), (u64)1 << 32 | 0x4500);
	wrmsr(X2(0x30), (u64)1 << 32 | 0x4600 | SECOND_PAGE >> 12);
}

static void check_second(void)
{
	u8 *page = (u8 *)SECOND_PAGE;

	for (u32 i = 0; second + i < second_end; i++)
		page[i] = second[i];
	for (u32 run = 1; has_second() && run <= 3; run++) {
		start_second();
		for (u32 i = 0; i < 1000 && second_runs < run; i++) {
			delay(1000000);
			/* A SIPI that met a vCPU on its way down is lost, as on a PC. */
			if (i % 50 == 49)
				wrmsr(X2(0x30), (u64)1 << 32 | 0x4600 | SECOND_PAGE >> 12);
		}
	}
	check(second_runs == 3, "INIT and SIPI");
	check(second_misc == rdmsr(MSR_MISC_ENABLE), "MISC_ENABLE of both");
	check(second_runs == 3 && second_debug == 0, "INIT removes breakpoints");
	delay(20000000);
	for (u32 i = 0; i < 100 && second_runs == 3; i++) {
		wrmsr(X2(0x30), (u64)1 << 32 | VECTOR_LINE);
		wait_for(&hits[VECTOR_ANSWER], i + 1);
	}
	check(hits[VECTOR_ANSWER] == 100, "IPIs between vCPUs");
}

void guest_main(void)
{
	set_up();
	check_cpuid();
	check_faults();
	check_state();
	check_apic();
	check_devices();
	check_second();
	if (boot_magic == MAGIC_MULTIBOOT || boot_magic == MAGIC_MULTIBOOT2)
		log_text(boot_magic == MAGIC_MULTIBOOT ? "by Multiboot: " : "by Multiboot2: ");
	check_end();
}
