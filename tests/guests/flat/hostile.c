/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of x86-64 that does what no kernel does. It accesses every register and port, and memory
 * that is not there, and it floods the core with interrupts and calls. hostile_second.c is its
 * second vCPU, with work that has no end. The guest ends in another way each time, by which it is
 * reset. A refused value is #GP or #UD. Neither the core nor the witness on the same CPU may
 * notice.
 */
#include "tests/guests/flat/hostile.h"

#define RUNS      ((volatile u32 *)0x00f00000u) /* survives a reset */
#define RUNS_MARK 0x686f7374u

#define ICR_INIT 0x500u
#define ICR_SIPI 0x600u
#define SECOND   ((u64)1 << 32)
#define STEPS    200u
#define JOB_TIME 30000000u /* of the counter */

static u32 seed;
volatile u32 job, job_runs, job_state;

u32 random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

void say(const char *text)
{
	log_text("hostile: ");
	log_text(text);
	log_text("\n");
}

void interrupted(struct frame *frame)
{
	second_interrupted(frame);
}

/* Values that another guest on this CPU must not see. */
static void mark_registers(void)
{
	static const u32 pattern[4] = { 0xbadbad01, 0xbadbad02, 0xbadbad03, 0xbadbad04 };

	__asm__ volatile("mov %0, %%cr4" : : "r"(CR4_SSE));
	__asm__ volatile(
		"movups %0, %%xmm0; movups %0, %%xmm1; movups %0, %%xmm2; movups %0, %%xmm3\n\t"
		"movups %0, %%xmm4; movups %0, %%xmm5; movups %0, %%xmm6; movups %0, %%xmm7"
		:
		: "m"(pattern));
	__asm__ volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3; mov %0, %%cr2"
			 :
			 : "r"(0xbadbad00u));
	wrmsr(MSR_TSC_AUX, 0xbadbad05);
	for (u32 msr = 0x174; msr <= 0x176; msr++)
		wrmsr(msr, 0xbadbad06);
	wrmsr(0xc0000081, 0xbadbad07); /* STAR, LSTAR, CSTAR, SFMASK */
	wrmsr(0xc0000082, 0xbadbad07);
	wrmsr(0xc0000083, 0xbadbad07);
	wrmsr(0xc0000084, 0xbadbad07);
	wrmsr(0xc0000102, 0xbadbad08); /* KERNEL_GS_BASE */
	wrmsr(0x277, 0);               /* PAT */
	wrmsr(0x2ff, 0);               /* MTRR */
}

/* --- Registers and ports -----------------------------------------------------------------------
 */

static void try_msr(u32 msr)
{
	u32 faults = hits[13];

	TRY("rdmsr", "c"(msr) : "eax", "edx");
	TRY("wrmsr", "c"(msr), "a"(random()), "d"(random() & -(random() & 1)));
	if (msr >> 16 == 0xc001 && (msr & 0xffff) > 0x1fff && hits[13] != faults + 2)
		say("WRONG: an MSR that no CPU has");
}

/* The local APIC is off after its base was zero; it is on again before its own registers. */
static void all_msrs(void)
{
	static const u32 starts[] = { 0, 0xc0000000, 0xc0010000 };

	for (u32 i = 0; i < 3; i++)
		for (u32 n = 0; n < 0x2000; n++) {
			u32 msr = starts[i] + n;

			if (msr == ICR) /* has its own flood: INIT would be a reset */
				continue;
			try_msr(msr);
			if (msr == MSR_APIC_BASE) {
				wrmsr(MSR_APIC_BASE, 0xfee00100);
				wrmsr(MSR_APIC_BASE, 0xfee00900);
				wrmsr(MSR_APIC_BASE, 0xfee00d00);
			}
		}
	for (u32 i = 0; i < 1000; i++)
		try_msr(random() | 0x2000);
	load_idt();
}

/* Ports that reset or switch off have their own ends. */
static bool is_end(u32 port)
{
	return port == 0x64 || port == 0x92 || port - 0xcf6 < 4 || port - 0x600 < 8;
}

static void all_ports(void)
{
	for (u32 port = 0; port < 0x10000; port++) {
		TRY("inb %%dx, %%al", "d"(port) : "eax");
		if (is_end(port))
			continue;
		TRY("outb %%al, %%dx", "d"(port), "a"(port ^ 0x06));
		if (port % 64 != 9 && port < 0xfff0)
			continue;
		TRY("inw %%dx, %%ax", "d"(port) : "eax");
		TRY("inl %%dx, %%eax", "d"(port) : "eax");
		TRY("outw %%ax, %%dx", "d"(port), "a"(0x0606));
		TRY("outl %%eax, %%dx", "d"(port), "a"(0x06060606));
	}
}

static void control_registers(void)
{
	for (u32 i = 0; i < STEPS; i++) {
		TRY("mov %1, %%cr4", "r"(random() & random()));
		TRY("mov %1, %%cr3", "r"(random()));
		TRY("mov %1, %%cr2", "r"(random()));
		TRY("mov %1, %%dr6", "r"(random()));
		TRY("mov %1, %%dr4", "r"(random()));
		TRY("lmsw %w1", "r"(random() | 1));
		TRY("mov %1, %%dr7", "r"(random() | 0x2000)); /* general detect */
		TRY("mov %%dr7, %%eax", "r"(0) : "eax");
		TRY("mov %1, %%dr7", "r"(0));
		__asm__ volatile("mov %0, %%cr4; clts" : : "r"(CR4_XSAVE | CR4_SSE));
		TRY("xsetbv", "c"(random() & 1), "a"(random()), "d"(random() & random()));
		TRY("xsetbv", "c"(0), "a"(random() & 0x3ff), "d"(0));
	}
	EXPECT(13, "xsetbv", "c"(0), "a"(0), "d"(0)); /* x87 is always on */
	EXPECT(13, "xsetbv", "c"(1), "a"(1), "d"(0));
	EXPECT(13, "xsetbv", "c"(0), "a"(5), "d"(0)); /* AVX without SSE */
	TRY("xsetbv", "c"(0), "a"(1), "d"(0));
	EXPECT(13, "mov %1, %%cr4", "r"(1u << 13)); /* VMXE */
	EXPECT(13, "mov %1, %%cr4", "r"(1u << 31));
	EXPECT(13, "wrmsr", "c"(MSR_EFER), "a"(1u << 12), "d"(0)); /* SVME */
	EXPECT(13, "wrmsr", "c"(MSR_EFER), "a"(0), "d"(1));
	__asm__ volatile("mov %0, %%dr7; mov %0, %%cr3; lmsw %w1" : : "r"(0), "r"(1));
}

/* --- Instructions ------------------------------------------------------------------------------
 */

static void instructions(void)
{
	EXPECT(6, "vmrun", "a"(0));
	EXPECT(6, "vmload", "a"(0));
	EXPECT(6, "vmsave", "a"(0));
	EXPECT(6, "stgi", "a"(0));
	EXPECT(6, "clgi", "a"(0));
	EXPECT(6, "skinit", "a"(0));
	EXPECT(6, "invlpga", "a"(0), "c"(UINT32_MAX));
	EXPECT(6, "monitor", "a"(0), "c"(0), "d"(0));
	EXPECT(6, "mwait", "a"(0), "c"(0));
	EXPECT(13, "rdpmc", "c"(0) : "eax", "edx");
	EXPECT(6, "rsm", "a"(0));
	EXPECT(6, "vmlaunch", "a"(0));
	EXPECT(6, "vmxoff", "a"(0));
	EXPECT(6, "ud2", "a"(0));
	EXPECT(1, "int1", "a"(0));
	EXPECT(3, "int3", "a"(0));
	TRY("vmrun", "a"(UINT32_MAX));
	TRY("vmload", "a"(1));
	TRY_INSN("getsec");
	TRY_INSN(".byte 0x0f, 0x01, 0xfa");          /* MONITORX */
	TRY_INSN(".byte 0x0f, 0x01, 0xfb");          /* MWAITX */
	TRY_INSN(".byte 0x0f, 0x01, 0xfd");          /* RDPRU */
	TRY_INSN(".byte 0x0f, 0x01, 0xfe");          /* INVLPGB */
	TRY_INSN(".byte 0x0f, 0x01, 0xff");          /* TLBSYNC */
	EXPECT(6, ".byte 0x0f, 0x01, 0xcf", "a"(0)); /* ENCLS */
	EXPECT(6, ".byte 0x0f, 0x01, 0xd7", "a"(0)); /* ENCLU */
	EXPECT(6, ".byte 0x0f, 0x01, 0xc0", "a"(0)); /* ENCLV */
	EXPECT(6, ".byte 0x0f, 0x01, 0xc5", "a"(0)); /* PCONFIG */
	TRY_INSN(".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, "
		 "0x66, 0x66, 0x0f, 0xa2"); /* CPUID of 16 bytes */
	for (u32 i = 0; i < 0x100; i++) {
		u32 r[4];

		cpuid(random(), random(), r);
		cpuid((i & 0x3f) | (i & 0x40) << 24 | (i & 0x80) << 24, random() % 70, r);
	}
}

/* An instruction that the core emulates still ends in the trap of its single step. It ends the
 * shadow of STI and MOV SS as well. */
static void steps(void)
{
	u32 before = hits[1];

	__asm__ volatile("pushf; orl $0x100, (%%esp); popf\n\t"
			 "cpuid\n\t"
			 "pushf; andl $~0x100, (%%esp); popf"
			 :
			 : "a"(0), "c"(0)
			 : "ebx", "edx");
	/* CPUID, PUSHF, AND and POPF. */
	if (hits[1] != before + 4)
		say("WRONG: number of single steps");
	for (u32 i = 0; i < STEPS; i++) {
		__asm__ volatile("cli; sti; cpuid; cli" : : "a"(0), "c"(0) : "ebx", "edx");
		__asm__ volatile("mov %%ss, %%esi; mov %%esi, %%ss; cpuid"
				 :
				 : "a"(0), "c"(0)
				 : "ebx", "edx", "esi");
		__asm__ volatile("mov %%ss, %%esi; mov %%esi, %%ss; int3" : : : "esi");
	}
}

/* Selectors and descriptors that fault. */
static void descriptors(void)
{
	EXPECT(13, "ljmp $0x40, $0", "a"(0));
	EXPECT(13, "ljmp $0x10, $0", "a"(0)); /* a data segment */
	EXPECT(13, "lcall $0, $0", "a"(0));
	EXPECT(13, "lldt %w1", "a"(8));
	EXPECT(13, "mov %1, %%ds", "a"(0x48));
	EXPECT(13, "mov %1, %%ss", "a"(0));
	EXPECT(13, "int $0x88", "a"(0)); /* second_tables() has cleared its gate */
}

static void far_memory(void)
{
	static const u32 places[] = { NOWHERE,    0xfee00000, 0xfee00300, 0xfec00000, 0xfec00010,
				      0xfed00000, 0xfffffff0, 0x01000000, 0xbfffffff, 0xfffffffd };

	for (u32 i = 0; i < STEPS; i++) {
		u32 at = i < 10 ? places[i] : random() | 0x80000000;

		TRY("mov (%1), %%eax", "r"(at) : "eax");
		TRY("movb (%1), %%al", "r"(at) : "eax");
		TRY("movzwl (%1), %%eax", "r"(at) : "eax");
		TRY("mov %1, (%1)", "r"(at) : "memory");
		TRY("movl $6, (%1)", "r"(at) : "memory");
		TRY("lock incl (%1)", "r"(at) : "memory");
		TRY("xchg %%eax, (%1)", "r"(at) : "eax", "memory");
		TRY("fxsave (%1)", "r"(at & ~15u) : "memory");
		TRY("movups (%1), %%xmm0", "r"(at) : "memory");
		TRY("rep movsb", "S"(at), "D"(0x700000), "c"(3) : "memory");
		TRY("rep stosl", "D"(at), "c"(2), "a"(1) : "memory");
		TRY("jmp *%1", "r"(at) : "memory");
	}
}

static void calls(void)
{
	for (u32 i = 0; i < STEPS; i++) {
		u32 number = random();

		if (i % 4 == 0)
			number = CALL_LOG + i % 7 - 3;
		/* A text that is too long has no effect. */
		if (is_intel())
			TRY("vmcall", "a"(number), "b"(random() | 0x100), "c"(random()));
		else
			TRY("vmmcall", "a"(number), "b"(random() | 0x100), "c"(random()));
	}
}

/* --- The second vCPU ---------------------------------------------------------------------------
 */

static void start_second(void)
{
	wrmsr(ICR, SECOND | ICR_INIT);
	wrmsr(ICR, SECOND | ICR_SIPI | SECOND_PAGE >> 12);
}

/* An exception's handler expects its error code. Vector 0x88 has no gate, and QEMU repeats a
 * virtual interrupt whose delivery faults without end. INIT would end this vCPU's run as well. */
static u32 random_command(void)
{
	u32 command = random() & 0xffaff;

	return (command & 0xf0) == 0x10 || (command & 0xff) == 0x88 ? command ^ 0x20 : command;
}

static void floods(void)
{
	job = JOB_NONE;
	for (u32 i = 0; i < STEPS; i++) {
		wrmsr(ICR, ICR_NMI | SELF);
		TRY("wrmsr", "c"(SELF_IPI), "a"(random()), "d"(0));
		start_second();
		wrmsr(ICR, SECOND | ICR_SIPI | (random() & 0xff));
		wrmsr(ICR, SECOND | ICR_NMI);
		TRY("wrmsr", "c"(ICR), "a"(random_command()), "d"(random() & 3));
		TRY("wrmsr", "c"(ICR), "a"(random_command() | random() << 20), "d"(random()));
		if (i % 16 == 0)
			__asm__ volatile("sti; nop; cli");
	}
	wrmsr(ICR, SECOND | ICR_INIT);
}

/* Each job runs until its time is over; INIT ends it. Meanwhile this vCPU accesses the IOAPIC by
 * instructions and tables that the other changes. */
static void second_jobs(void)
{
	u8 *page = (u8 *)SECOND_PAGE;

	for (u32 number = 1; number < JOB_COUNT; number++) {
		u64 end;

		for (u32 i = 0; second + i < second_end; i++)
			page[i] = second[i];
		job = number;
		job_runs = 0;
		job_state = JOB_STARTING;
		if (number == JOB_CHANGE)
			second_paging(true);
		start_second();
		end = rdtsc() + JOB_TIME;
		for (u64 again = end; job_state != JOB_ENDED && rdtsc() < end;) {
			if (job_state == JOB_STARTING && again - rdtsc() > JOB_TIME / 4 * 3) {
				wrmsr(ICR, SECOND | ICR_SIPI | SECOND_PAGE >> 12);
				again += JOB_TIME / 4;
			}
			if (number == JOB_CHANGE)
				second_access();
			else
				__asm__ volatile("pause");
		}
		if (number == JOB_CHANGE)
			second_paging(false);
		log_text("hostile: job ");
		log_number(number);
		log_text(job_state == JOB_STARTING ? " has not run\n"
			 : job_state == JOB_ENDED  ? " ended\n"
						   : " stopped\n");
		wrmsr(ICR, SECOND | ICR_INIT);
	}
	if (job_state != JOB_ENDED || second_wrong() != 0)
		say("WRONG: answers in ring 3");
}

/* --- Ends --------------------------------------------------------------------------------------
 */

static const struct pointer nothing = { 0, 0 }, nowhere = { 0x7ff, NOWHERE },
			    controller = { 0x7ff, 0xfec00000 };

/* Event delivery that reads its table from MMIO, while RIP is at an instruction that accesses
 * another address: none of it is emulated. */
static void deliver(const struct pointer *table)
{
	__asm__ volatile("lidt %0" : : "m"(*table));
	__asm__ volatile("int $0x41; movl $6, %0" : "=m"(job_runs));
}

static void bad_tables(void)
{
	__asm__ volatile("mov %0, %%cr3\n\t"
			 "mov %%cr0, %%eax\n\t"
			 "or $0x80000000, %%eax\n\t"
			 "mov %%eax, %%cr0"
			 :
			 : "r"(NOWHERE)
			 : "eax");
}

static void end(u32 run)
{
	switch (run) {
	case 0:
		say("ends by a triple fault");
		__asm__ volatile("lidt %0; ud2" : : "m"(nothing));
		break;
	case 1:
		say("ends by INIT");
		wrmsr(ICR, ICR_INIT | SELF);
		break;
	case 2:
		say("ends by a stack that is not there");
		__asm__ volatile("mov %0, %%esp; push %%eax; ud2" : : "r"(NOWHERE + 0x100));
		break;
	case 3:
		say("ends by a table of interrupts that is not there");
		deliver(&nowhere);
		break;
	case 4:
		say("ends by a table of interrupts in the IOAPIC");
		deliver(&controller);
		break;
	case 5:
		say("ends by page tables that are not there");
		bad_tables();
		break;
	default:
		say("ends by a task switch");
		second_task_switch();
		say("WRONG: it goes on");
		break;
	}
	for (;;)
		__asm__ volatile("pause");
}

void guest_main(void)
{
	u32 run = RUNS[1] == RUNS_MARK ? ++RUNS[0] : 0;

	RUNS[0] = run;
	RUNS[1] = RUNS_MARK;
	seed = (u32)rdtsc() | 1;
	set_up();
	second_tables();
	mark_registers();
	if (run == 0) {
		instructions();
		steps();
		descriptors();
		second_faulting_nmi();
		say("instructions");
		far_memory();
		say("memory");
		control_registers();
		say("control registers");
		calls();
		say("calls");
		mark_registers();
		all_msrs();
		say("MSRs");
		all_ports();
		say("ports");
		mark_registers();
		floods();
		say("floods");
		second_jobs();
		say("jobs");
	}
	mark_registers();
	end(run);
}
