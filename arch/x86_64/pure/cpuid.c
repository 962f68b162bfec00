/* SPDX-License-Identifier: Apache-2.0 */
/* The policy table of CPUID; see cpuid.h. */
#include "arch/x86_64/pure/cpuid.h"

#define ANY      UINT32_MAX /* each subleaf */
#define ALL      UINT32_MAX
#define SUBLEAFS 20u /* of leaf 0xd; those above are never offered */

#define CR4_OSXSAVE BIT(18)
#define CR4_PKE     BIT(22)

/* Leaf 1. */
#define L1_ECX_KEEP                                                                             \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | BIT(22) | \
	 BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define L1_X2APIC       BIT(21)
#define L1_TSC_DEADLINE BIT(24)
#define L1_OSXSAVE      BIT(27)
#define L1_HYPERVISOR   BIT(31)
/* Not the serial number, debug store, thermal monitors and pending break. */
#define L1_EDX_KEEP \
	(ALL & ~(BIT(10) | BIT(18) | BIT(20) | BIT(21) | BIT(22) | BIT(28) | MASK(31, 29)))
#define L1_APIC BIT(9)
#define L1_HTT  BIT(28)

/* Leaf 7, subleaf 0. Not SGX, HLE, RTM, RDT, MPX, PT; EDX without the controls of speculation. */
#define L7_EBX_KEEP                                                                            \
	(BIT(0) | BIT(1) | BIT(3) | MASK(10, 5) | BIT(13) | MASK(21, 16) | BIT(23) | BIT(24) | \
	 MASK(31, 28))
#define L7_ECX_KEEP \
	(MASK(3, 1) | BIT(6) | MASK(12, 8) | BIT(14) | BIT(22) | BIT(25) | BIT(27) | BIT(28))
#define L7_TSC_ADJUST BIT(1)
#define L7_OSPKE      BIT(4)
#define L7_EDX_KEEP   (BIT(4) | BIT(8) | BIT(10) | BIT(14) | BIT(23))
#define L7_SPEC_CTRL  BIT(26) /* IBRS and IBPB */
#define L71_EAX_KEEP  (BIT(4) | BIT(5) | MASK(12, 10))

/* Leaf 0x80000001. Not SVM, SKINIT, IBS, watchdog, LWP, performance counters, topology, MONITORX;
 * EDX without FFXSR. */
#define E1_ECX_KEEP (BIT(0) | MASK(8, 4) | BIT(11) | BIT(16) | BIT(21))
#define E1_EDX_KEEP \
	(MASK(8, 0) | MASK(17, 11) | BIT(20) | MASK(24, 22) | MASK(27, 26) | MASK(31, 29))

#define E7_INVARIANT_TSC BIT(8)
#define E8_IBPB          BIT(12)
#define E8_EBX_KEEP      (BIT(0) | BIT(2) | E8_IBPB) /* CLZERO, XSAVEERPTR */
#define LINEAR_BITS      48u

struct row {
	u32 leaf, subleaf;
	struct cpuid_regs keep; /* bits of the machine's answer that pass */
	/* Fills what is computed; NULL: nothing is. */
	void (*compute)(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs);
};

/* Bits that hold the APIC ids of @count vCPUs. */
static u32 id_bits(u32 count)
{
	u32 bits = 0;

	while ((UINT64_C(1) << bits) < count)
		bits++;
	return bits;
}

static void basic_max(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)view;
	(void)subleaf;
	regs->eax = MIN(regs->eax, CPUID_BASIC_MAX);
}

static void features(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	/* Threads of the package, a power of two, and the initial APIC id. */
	regs->ebx |= (u32)MIN(UINT64_C(1) << id_bits(view->vcpus), UINT64_C(128)) << 16 |
		     (view->index & 0xff) << 24;
	regs->ecx |= (u32)(L1_X2APIC | L1_HYPERVISOR);
	if (view->tsc_deadline)
		regs->ecx |= (u32)L1_TSC_DEADLINE;
	if ((view->cr4 & CR4_OSXSAVE) != 0)
		regs->ecx |= (u32)L1_OSXSAVE;
	if (!view->apic_enabled)
		regs->edx &= ~(u32)L1_APIC;
	if (view->vcpus > 1)
		regs->edx |= (u32)L1_HTT;
}

/* A cache is shared by one vCPU at levels 1 and 2, by all at level 3. */
static void caches(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	u32 ids = (u32)(UINT64_C(1) << id_bits(view->vcpus)) - 1;

	(void)subleaf;
	if (FIELD(regs->eax, 4, 0) == 0)
		return;
	if (FIELD(regs->eax, 7, 5) >= 3)
		regs->eax |= MIN(ids, 0xfffu) << 14;
	regs->eax |= MIN(ids, 0x3fu) << 26;
}

static void extended_features(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	regs->eax = MIN(regs->eax, 1u);
	if ((view->cr4 & CR4_PKE) != 0)
		regs->ecx |= (u32)L7_OSPKE;
	regs->ebx |= (u32)L7_TSC_ADJUST; /* exit.c has the register on every machine */
}

/* One thread to a core, all cores in one package. */
static void topology(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	regs->ecx = subleaf & 0xff;
	regs->edx = view->index;
	if (subleaf == 0) {
		regs->ebx = 1;
		regs->ecx |= 1u << 8; /* thread level */
	} else if (subleaf == 1) {
		regs->eax = id_bits(view->vcpus);
		regs->ebx = view->vcpus;
		regs->ecx |= 2u << 8; /* core level */
	}
}

u64 cpuid_xcr0(void (*machine)(u32 leaf, u32 subleaf, struct cpuid_regs *regs))
{
	struct cpuid_regs regs = { 0, 0, 0, 0 };

	machine(0xd, 0, &regs);
	return ((u64)regs.edx << 32 | regs.eax) & CPUID_XCR0_OFFER;
}

/* Bytes of an XSAVE area with the parts of @mask, in the standard or the compacted form (SDM vol.
 * 1, 13.4). */
static u32 xsave_bytes(const struct cpuid_view *view, u64 mask, bool compacted)
{
	u32 bytes = 576; /* legacy region and header */

	for (u32 part = 2; part < SUBLEAFS; part++) {
		struct cpuid_regs regs = { 0, 0, 0, 0 };

		if ((mask & BIT(part)) == 0)
			continue;
		view->machine(0xd, part, &regs);
		if (!compacted) {
			bytes = MAX(bytes, regs.ebx + regs.eax);
			continue;
		}
		if ((regs.ecx & 2) != 0)
			bytes = (u32)ALIGN_UP(bytes, 64);
		bytes += regs.eax;
	}
	return bytes;
}

static void xsave(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	u64 offer = cpuid_xcr0(view->machine);

	if (subleaf == 0) {
		regs->eax = (u32)offer;
		regs->edx = (u32)(offer >> 32);
		regs->ebx = xsave_bytes(view, view->xcr0 & offer, false);
		regs->ecx = xsave_bytes(view, offer, false);
	} else if (subleaf == 1) {
		regs->ebx = xsave_bytes(view, view->xcr0 & offer, true);
	} else if (subleaf < SUBLEAFS && (offer & BIT(subleaf)) != 0) {
		view->machine(0xd, subleaf, regs);
		regs->ecx &= 2; /* aligned in the compacted form; no part of IA32_XSS */
		regs->edx = 0;
	}
}

/* The best ratio @x / @y with a numerator of at most @limit, by continued fractions. */
static void best_ratio(u64 x, u64 y, u64 limit, u32 *numerator, u32 *denominator)
{
	u64 p = 1, q = 0, before_p = 0, before_q = 1;

	while (y != 0) {
		u64 whole = x / y, rest = x % y;
		u64 next_p = whole * p + before_p, next_q = whole * q + before_q;

		if (next_p > limit)
			break;
		before_p = p;
		before_q = q;
		p = next_p;
		q = next_q;
		x = y;
		y = rest;
	}
	*numerator = (u32)p;
	*denominator = (u32)q;
}

/* TSC and crystal. Linux multiplies the crystal's kHz by the numerator in 32 bits. A ratio that is
 * wrong by more than a part in 100,000 is not shown, and the guest measures. */
static void tsc_ratio(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	u64 tsc = view->tsc_khz, crystal = view->lapic_khz, shown;
	u32 numerator, denominator;

	(void)subleaf;
	if (tsc == 0 || crystal == 0 || crystal > UINT32_MAX / 1000)
		return;
	best_ratio(tsc, crystal, UINT32_MAX / crystal, &numerator, &denominator);
	if (denominator == 0)
		return;
	shown = crystal * numerator / denominator;
	if (MAX(shown, tsc) - MIN(shown, tsc) > tsc / 100000)
		return;
	regs->eax = denominator;
	regs->ebx = numerator;
	regs->ecx = (u32)crystal * 1000;
}

static void frequency(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	regs->eax = MIN(view->tsc_khz / 1000, 0xffffu);
	regs->ebx = regs->eax;
}

/* "KVMKVMKVM": under that signature Linux keeps the x2APIC without interrupt remapping. */
static void signature(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)view;
	(void)subleaf;
	regs->eax = CPUID_HYPERVISOR_MAX;
	regs->ebx = 0x4b4d564b;
	regs->ecx = 0x564b4d56;
	regs->edx = 0x4d;
}

static void rates(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	regs->eax = view->tsc_khz;
	regs->ebx = view->lapic_khz;
}

static void extended_max(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)view;
	(void)subleaf;
	regs->eax = MIN(regs->eax, CPUID_EXTENDED_MAX);
}

static void extended_apic(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	if (!view->apic_enabled)
		regs->edx &= ~(u32)L1_APIC;
}

static void invariant(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	(void)subleaf;
	regs->edx = view->tsc_invariant ? (u32)E7_INVARIANT_TSC : 0;
}

static void addresses(const struct cpuid_view *view, u32 subleaf, struct cpuid_regs *regs)
{
	struct cpuid_regs extended;

	(void)subleaf;
	regs->eax = MIN(regs->eax & 0xff, view->address_bits) | LINEAR_BITS << 8;
	regs->ecx = MIN(view->vcpus - 1, 0xffu) | id_bits(view->vcpus) << 12;
	/* Intel's CPUs have the barrier by another leaf, beside controls that are not offered. */
	view->machine(7, 0, &extended);
	if ((extended.edx & L7_SPEC_CTRL) != 0)
		regs->ebx |= (u32)E8_IBPB;
}

/* Sorted by leaf and subleaf. */
static const struct row rows[] = {
	{ 0x0, ANY, { ALL, ALL, ALL, ALL }, basic_max },
	{ 0x1, ANY, { ALL, 0x0000ffff, (u32)L1_ECX_KEEP, (u32)L1_EDX_KEEP }, features },
	{ 0x2, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ 0x4, ANY, { 0x3ff, ALL, ALL, 0x7 }, caches },
	{ 0x6, ANY, { 0x4, 0, 0, 0 }, NULL }, /* the LAPIC timer always runs */
	{ 0x7,
	  0,
	  { ALL, (u32)L7_EBX_KEEP, (u32)L7_ECX_KEEP, (u32)L7_EDX_KEEP },
	  extended_features },
	{ 0x7, 1, { (u32)L71_EAX_KEEP, 0, 0, 0 }, NULL },
	{ 0xb, ANY, { 0, 0, 0, 0 }, topology },
	{ 0xd, 1, { 0xf, 0, 0, 0 }, xsave },
	{ 0xd, ANY, { 0, 0, 0, 0 }, xsave },
	{ 0x15, ANY, { 0, 0, 0, 0 }, tsc_ratio },
	{ 0x16, ANY, { 0, 0, 0, 0 }, frequency },
	{ 0x1f, ANY, { 0, 0, 0, 0 }, topology },
	{ CPUID_HYPERVISOR, ANY, { 0, 0, 0, 0 }, signature },
	{ CPUID_HYPERVISOR + 1, ANY, { 0, 0, 0, 0 }, NULL }, /* KVM's feature words: none */
	{ CPUID_HYPERVISOR_MAX, ANY, { 0, 0, 0, 0 }, rates },
	{ CPUID_EXTENDED, ANY, { ALL, ALL, ALL, ALL }, extended_max },
	{ 0x80000001,
	  ANY,
	  { ALL, ALL, (u32)E1_ECX_KEEP, (u32)(E1_EDX_KEEP | L1_APIC) },
	  extended_apic },
	{ 0x80000002, ANY, { ALL, ALL, ALL, ALL }, NULL }, /* name */
	{ 0x80000003, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ 0x80000004, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ 0x80000005, ANY, { ALL, ALL, ALL, ALL }, NULL }, /* caches */
	{ 0x80000006, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ 0x80000007, ANY, { 0, 0, 0, 0 }, invariant },
	{ CPUID_EXTENDED_MAX, ANY, { 0xff, (u32)E8_EBX_KEEP, 0, 0 }, addresses },
};

void cpuid_begin(struct cpuid_view *view)
{
	for (u32 i = 0; i < ARRAY_SIZE(view->largest); i++) {
		struct cpuid_regs regs = { 0, 0, 0, 0 };

		view->machine(i * CPUID_EXTENDED, 0, &regs);
		view->largest[i] = regs.eax;
	}
}

/* A leaf above the machine's largest has whatever the machine answers to it: no fact of that leaf.
 */
static bool machine_has(const struct cpuid_view *view, u32 leaf)
{
	return leaf <= view->largest[leaf >> 31];
}

void cpuid_answer(const struct cpuid_view *view, u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	*regs = (struct cpuid_regs){ 0, 0, 0, 0 };
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const struct cpuid_regs *keep = &row->keep;

		if (row->leaf != leaf || (row->subleaf != ANY && row->subleaf != subleaf))
			continue;
		if ((leaf & CPUID_HYPERVISOR) == 0) {
			if (!machine_has(view, leaf))
				return;
			if ((keep->eax | keep->ebx | keep->ecx | keep->edx) != 0)
				view->machine(leaf, subleaf, regs);
		}
		regs->eax &= keep->eax;
		regs->ebx &= keep->ebx;
		regs->ecx &= keep->ecx;
		regs->edx &= keep->edx;
		if (row->compute != NULL)
			row->compute(view, subleaf, regs);
		return;
	}
}
