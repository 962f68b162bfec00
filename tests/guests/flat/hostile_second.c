/* SPDX-License-Identifier: Apache-2.0 */
/* The second vCPU of the hostile guest: work without end, which only INIT ends. */
#include "tests/guests/flat/hostile.h"

#define CODE3 (3 * 8 | 3)
#define DATA3 (4 * 8 | 3)
#define TASK  (5 * 8)
#define GATE3 0xee00u

#define CODE_AT    0x00a00000u /* changed while it runs */
#define CODE_PAGE  0x00800000u
#define DIRECTORY  ((volatile u32 *)0x00c00000u)
#define SCRATCH    ((volatile u32 *)0x00d00000u)
#define LARGE_PAGE 0x83u
#define CR4_PSE    (1u << 4)
#define RET        0xc3
#define SPLIT_AT   0x80400000u
#define VECTOR_NMI 2
#define VECTOR_GP  13
#define CR0_AM     (1u << 18)
#define FLAG_AC    (1u << 18)

struct gate {
	u16 low, selector, flags, high;
};

static u64 descriptors[6] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff,
			      0x00cff3000000ffff };
static u32 task[26];
static u8 stack3[4096], stack0[4096];
static u8 line[128] __attribute__((aligned(64)));
static volatile u32 wrong;
static volatile bool splits; /* the table of interrupts is one that faults */

static struct gate *interrupt_table(void)
{
	struct pointer pointer;

	__asm__ volatile("sidt %0" : "=m"(pointer));
	return (struct gate *)pointer.base;
}

static void set_gate(u32 vector, u32 selector, u32 flags, u32 to)
{
	interrupt_table()[vector] =
		(struct gate){ (u16)to, (u16)selector, (u16)flags, (u16)(to >> 16) };
}

static void load_segments(void)
{
	struct pointer pointer = { sizeof(descriptors) - 1, (u32)descriptors };

	__asm__ volatile("lgdt %0" : : "m"(pointer));
}

/* Vector 0x88 has no gate; 0x30 may be called from ring 3. */
void second_tables(void)
{
	u64 base = (u32)task;

	descriptors[TASK / 8] =
		(sizeof(task) - 1) | (base & 0xffffff) << 16 | (u64)0x89 << 40 | (base >> 24) << 56;
	load_segments();
	set_gate(0x88, 0, 0, 0);
	set_gate(0x30, 8, GATE3, (u32)stubs + 16 * 0x30);
}

void second_task_switch(void)
{
	__asm__ volatile("ljmp %0, $0" : : "i"(TASK));
}

/* Entries of 4 MiB, which map all addresses to themselves. */
void second_paging(bool on)
{
	u32 cr0;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	if (!on) {
		__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 & 0x7fffffff));
		return;
	}
	for (u32 i = 0; i < 1024; i++)
		DIRECTORY[i] = i << 22 | LARGE_PAGE;
	for (u32 i = 0; i < 0x4000; i++)
		SCRATCH[i] = CODE_AT + 8;
	for (u32 i = 0; i < 64; i++)
		((volatile u8 *)CODE_AT)[i] = RET;
	__asm__ volatile("mov %0, %%cr4; mov %1, %%cr3; mov %2, %%cr0"
			 :
			 : "r"(CR4_SSE | CR4_PSE), "r"(DIRECTORY), "r"(cr0 | 0x80000000));
}

void second_access(void)
{
	static const u32 to = CODE_AT;
	static u32 stack;
	u32 a = (u32)SCRATCH, b = a, c = a, d = a, source = 0xfec00000, target = 0xfec00010;

	expects_fault = true;
	__asm__ volatile("mov %%esp, %1\n\t"
			 "movl $1f, %0\n\t"
			 "call *%8\n"
			 "1:	mov %1, %%esp"
			 : "=m"(resume), "=m"(stack), "+a"(a), "+b"(b), "+c"(c), "+d"(d),
			   "+S"(source), "+D"(target)
			 : "m"(to)
			 : "memory");
	expects_fault = false;
}

/* The table begins where no memory is, so an NMI finds no gate. Entry 13 is in memory, and the
 * handler of that #GP loads the good table. The NMI must come behind it. */
void second_faulting_nmi(void)
{
	struct gate *table = interrupt_table(), *copy = (struct gate *)CODE_PAGE;
	struct pointer split = { VECTORS * 8 - 1, SPLIT_AT - 3 * sizeof(*table) };
	u32 nmis = hits[VECTOR_NMI], faults = hits[VECTOR_GP];

	second_paging(true);
	DIRECTORY[(SPLIT_AT >> 22) - 1] = NOWHERE | LARGE_PAGE;
	DIRECTORY[SPLIT_AT >> 22] = CODE_PAGE | LARGE_PAGE;
	for (u32 i = 3; i < VECTORS; i++)
		copy[i - 3] = table[i];
	splits = true;
	__asm__ volatile("lidt %0" : : "m"(split));
	wrmsr(ICR, ICR_NMI | SELF);
	__asm__ volatile("nop; nop" : : : "memory");
	splits = false;
	second_paging(false);
	if (hits[VECTOR_GP] != faults + 1)
		say("WRONG: faults of an NMI's delivery");
	if (hits[VECTOR_NMI] != nmis + 1)
		say("WRONG: an NMI is lost");
}

/* --- Jobs --------------------------------------------------------------------------------------
 */

/* A write of the exception's frame is a breakpoint of its own. */
static void debug_without_end(void)
{
	u32 here = (u32)__builtin_frame_address(0);

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr7"
			 :
			 : "r"((here - 64) & ~3u), "r"((here - 96) & ~3u), "r"(0x00dd0005));
	for (;;)
		__asm__ volatile("int1");
}

static void shadows(void)
{
	for (;;)
		__asm__ volatile("sti; cli; mov %%ss, %%eax; sti; mov %%eax, %%ss; cpuid\n\t"
				 "mov %%ss, %%esi; cli; mov %%esi, %%ss; rdtsc"
				 :
				 :
				 : "eax", "ebx", "ecx", "edx", "esi");
}

/* Code that accesses [esi] or [edi], and a page of it that comes and goes. */
static void change_code(void)
{
	static const u8 codes[][4] = {
		{ 0x8b, 0x06, RET, RET },  /* mov (%esi), %eax */
		{ 0x89, 0x07, RET, RET },  /* mov %eax, (%edi) */
		{ 0x66, 0x8b, 0x07, RET }, /* of 16 bits */
		{ 0xff, 0x06, RET, RET },  /* incl (%esi) */
		{ 0x8a, 0x06, RET, RET },  /* mov (%esi), %al */
		{ 0x0f, 0xb6, 0x06, RET }, /* movzbl (%esi), %eax */
	};
	static const u32 entries[] = { CODE_PAGE | LARGE_PAGE, CODE_PAGE | LARGE_PAGE,
				       CODE_PAGE | LARGE_PAGE, NOWHERE | LARGE_PAGE, 0 };
	volatile u8 *to = (volatile u8 *)CODE_AT;

	for (u32 i = 0;; i++) {
		for (u32 n = 0; n < 4; n++)
			to[n] = codes[i % 6][n];
		DIRECTORY[CODE_PAGE >> 22] = entries[i % 5];
	}
}

/* Each faults, and the next one follows. */
static void in_ring3(void)
{
	wrong += !FAULTS(6, "vmmcall", "a"(CALL_LOG), "b"(0));
	wrong += !FAULTS(6, "vmmcall", "a"(random()), "b"(0));
	wrong += !FAULTS(6, "vmcall", "a"(CALL_LOG), "b"(0));
	wrong += !FAULTS(6, "vmcall", "a"(random()), "b"(0));
	wrong += !FAULTS(13, "hlt", "a"(0));
	wrong += !FAULTS(13, "rdmsr", "c"(0x10) : "eax", "edx");
	wrong += !FAULTS(13, "wrmsr", "c"(0x10), "a"(0), "d"(0));
	wrong += !FAULTS(13, "wbinvd", "a"(0));
	wrong += !FAULTS(13, "invd", "a"(0));
	wrong += !FAULTS(13, "mov %%cr0, %%eax", "b"(0) : "eax");
	wrong += !FAULTS(13, "mov %1, %%cr4", "r"(0));
	wrong += !FAULTS(13, "mov %1, %%dr7", "r"(0));
	wrong += !FAULTS(13, "cli", "a"(0));
	wrong += !FAULTS(13, "inb %%dx, %%al", "d"(0x80) : "eax");
	wrong += !FAULTS(13, "int $0x20", "a"(0));
	for (;;)
		__asm__ volatile("int $0x30; pause");
}

static void enter_ring3(void (*code)(void), u32 flags, u32 stack)
{
	__asm__ volatile("mov %0, %%ds; mov %0, %%es\n\t"
			 "pushl %0\n\t"
			 "pushl %1\n\t"
			 "pushl %2\n\t"
			 "pushl %3\n\t"
			 "pushl %4\n\t"
			 "iret"
			 :
			 : "r"(DATA3), "r"(stack), "r"(flags | 2), "i"(CODE3), "r"(code)
			 : "memory");
	__builtin_unreachable();
}

static void unaligned(void)
{
	for (;;)
		__asm__ volatile("mov 1(%%esp), %%eax" : : : "eax");
}

/* In ring 3 with a stack that is not aligned, the handler's frame is not aligned either. */
static void alignment_without_end(void)
{
	u32 cr0;

	set_gate(17, CODE3, GATE3, (u32)stubs + 16 * 17);
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_AM));
	enter_ring3(unaligned, FLAG_AC, (u32)stack3 + 2049);
}

static void output_all(void)
{
	u32 from = 0, count = UINT32_MAX;

	__asm__ volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(0x1234));
}

static void forever(void)
{
	for (;;)
		switch (job) {
		case JOB_INT: __asm__ volatile("int $0x50; int $0xff; int3"); break;
		case JOB_LOCK: __asm__ volatile("lock incl %0" : "+m"(line[62])); break;
		case JOB_CACHES: __asm__ volatile("wbinvd; invd"); break;
		case JOB_NMI: wrmsr(ICR, ICR_NMI | SELF); break;
		case JOB_CALL:
			if (is_intel())
				__asm__ volatile("vmcall" : : "a"(random()), "b"(UINT32_MAX));
			else
				__asm__ volatile("vmmcall" : : "a"(random()), "b"(UINT32_MAX));
			break;
		case JOB_STRING: output_all(); break;
		default: __asm__ volatile("pause"); break;
		}
}

void second_interrupted(struct frame *frame)
{
	if (frame->vector == VECTOR_GP && splits)
		load_idt();
	if (frame->vector == 0x30 && job == JOB_RING3)
		job_state = JOB_ENDED;
}

u32 second_wrong(void)
{
	return wrong;
}

void second_main(void)
{
	load_idt();
	load_segments();
	job_state = JOB_RUNNING;
	switch (job) {
	case JOB_DEBUG: debug_without_end(); break;
	case JOB_ALIGNMENT: alignment_without_end(); break;
	case JOB_SHADOW: shadows(); break;
	case JOB_CHANGE: change_code(); break;
	case JOB_RING3:
		task[1] = (u32)stack0 + sizeof(stack0);
		task[2] = 2 * 8;
		task[25] = sizeof(task) << 16; /* no map of ports */
		__asm__ volatile("ltr %w0" : : "r"(TASK));
		enter_ring3(in_ring3, 0, (u32)stack3 + sizeof(stack3) - 4);
		break;
	default: forever(); break;
	}
}
