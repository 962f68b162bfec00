/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of x86-64 whose registers must stay its own, while a hostile guest has the same CPU. Each
 * round is a wait for its local APIC's timer. The log has the time by which it came late at most.
 */
#include "tests/guests/flat/flat.h"

#define VECTOR_TIMER 0x42u
#define CR4_SSE      (1u << 9)
#define CR4_XSAVE    (1u << 18)
#define PERIOD       1000000u /* of the counter: 1 ms, where it counts instructions */
#define ROUNDS       50u      /* in a line of the log */

struct registers {
	u32 dr[4];
	u32 xmm[8][4];
	u64 msr[10];
	u32 cr4, cr3, cr2, xcr0;
};

static const u32 msrs[10] = { MSR_TSC_AUX, 0x174,      0x175,      0x176, 0xc0000081,
			      0xc0000082,  0xc0000083, 0xc0000102, 0x277, 0x2ff };
static struct registers mine, now;

void interrupted(struct frame *frame)
{
	if (frame->vector < 32)
		log_text("witness: an exception that it did not cause\n");
}

static void read_all(struct registers *r)
{
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
			 : "=r"(r->dr[0]), "=r"(r->dr[1]), "=r"(r->dr[2]), "=r"(r->dr[3]));
	__asm__ volatile("movups %%xmm0, 0(%0); movups %%xmm1, 16(%0)\n\t"
			 "movups %%xmm2, 32(%0); movups %%xmm3, 48(%0)\n\t"
			 "movups %%xmm4, 64(%0); movups %%xmm5, 80(%0)\n\t"
			 "movups %%xmm6, 96(%0); movups %%xmm7, 112(%0)"
			 :
			 : "r"(r->xmm)
			 : "memory");
	for (u32 i = 0; i < 10; i++)
		r->msr[i] = rdmsr(msrs[i]);
	__asm__ volatile("mov %%cr4, %0; mov %%cr3, %1; mov %%cr2, %2"
			 : "=r"(r->cr4), "=r"(r->cr3), "=r"(r->cr2));
	__asm__ volatile("xgetbv" : "=a"(r->xcr0) : "c"(0) : "edx");
}

static bool is_same(void)
{
	const u32 *a = (const u32 *)&mine, *b = (const u32 *)&now;

	for (u32 i = 0; i < sizeof(mine) / 4; i++)
		if (a[i] != b[i]) {
			log_text("witness: foreign values: word ");
			log_number(i);
			log_text("\n");
			return false;
		}
	return true;
}

/* The values of reset in part: a guest that ran here before may have left its own. */
static void set_all(void)
{
	static const u32 pattern[4] = { 0x60061, 0x60062, 0x60063, 0x60064 };

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%cr2"
			 :
			 : "r"(0x1000), "r"(0x2000), "r"(0x3000));
	__asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm7" : : "m"(pattern));
	wrmsr(MSR_TSC_AUX, 0x77);
	wrmsr(0x174, 8);
	wrmsr(0xc0000081, 0x55);
	wrmsr(0xc0000102, 0x66);
}

void second_main(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

/* At first, what a reset leaves: nothing of another guest. */
static bool is_reset(void)
{
	for (u32 i = 0; i < 4; i++)
		if (now.dr[i] != 0)
			return false;
	for (u32 i = 0; i < 32; i++)
		if (now.xmm[i / 4][i % 4] != 0)
			return false;
	for (u32 i = 0; i < 8; i++)
		if (now.msr[i] != 0)
			return false;
	return now.cr2 == 0 && now.xcr0 == 1;
}

void guest_main(void)
{
	u64 due;
	u32 late, most = 0;

	set_up();
	__asm__ volatile("mov %0, %%cr4" : : "r"(CR4_SSE | CR4_XSAVE));
	read_all(&now);
	log_text(is_reset() ? "witness: registers as after a reset\n"
			    : "witness: foreign values at the start\n");
	set_all();
	read_all(&mine);
	wrmsr(X2(0x32), VECTOR_TIMER | 2u << 17);
	due = rdtsc();
	for (u32 round = 1;; round++) {
		due += PERIOD;
		wrmsr(MSR_DEADLINE, due);
		__asm__ volatile("sti; hlt; cli" : : : "memory");
		late = (u32)(rdtsc() - due);
		if (late > most)
			most = late;
		read_all(&now);
		if (!is_same())
			read_all(&mine);
		if (round % ROUNDS == 0) {
			log_text("witness: late ");
			log_number(most);
			log_text("\n");
			most = 0;
			due = rdtsc();
		}
	}
}
