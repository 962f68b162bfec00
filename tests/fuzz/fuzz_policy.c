/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/pure/cpuid.c, msr.c and cr.c: a machine with any answers, and any accesses. No guest
 * sees a feature that is not virtualised, and no answer needs more than its bound of questions. A
 * register keeps no value that it refuses, and the bitmaps pass exactly what the table passes.
 */
#include "arch/x86_64/pure/cpuid.h"
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/msr.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* --- CPUID -------------------------------------------------------------------------------------
 */

#define QUESTIONS_MAX 40u

static const u8 *input;
static size_t input_size;
static u32 questions;

/* Sixteen bytes of the input for each leaf. */
static void machine(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	u8 bytes[sizeof(*regs)] = { 0 };
	size_t at = (size_t)(leaf ^ leaf >> 24) * 37 + (size_t)subleaf * 5;

	questions++;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = input[(at + i) % input_size];
	memcpy(regs, bytes, sizeof(*regs));
	if ((leaf & 0x7fffffff) == 0 && regs->ebx % 4 != 0)
		regs->eax = leaf + regs->eax % 64;
}

static void check(const struct cpuid_view *view, u32 leaf, u32 subleaf)
{
	struct cpuid_regs regs;

	questions = 0;
	cpuid_answer(view, leaf, subleaf, &regs);
	CHECK(questions <= QUESTIONS_MAX);
	switch (leaf) {
	case 0x1:
		CHECK((regs.ecx & (BIT(3) | BIT(5) | BIT(6) | BIT(15))) == 0);
		CHECK(regs.ecx == 0 || regs.ecx >> 31 == 1);
		break;
	case 0x7:
		CHECK((regs.ebx & (BIT(2) | BIT(4) | BIT(11) | BIT(14) | BIT(25))) == 0);
		CHECK((regs.edx & (BIT(24) | BIT(26) | BIT(29))) == 0);
		break;
	case 0xd: CHECK(subleaf != 0 || (regs.eax & ~(u32)CPUID_XCR0_OFFER) == 0); break;
	case 0x80000001: CHECK((regs.ecx & (BIT(2) | BIT(10) | BIT(12) | BIT(29))) == 0); break;
	case 0x80000007: CHECK((regs.edx & ~(u32)BIT(8)) == 0); break;
	case 0x40000000: CHECK(regs.eax == CPUID_HYPERVISOR_MAX); break;
	default: break;
	}
	if (leaf > CPUID_EXTENDED_MAX || (leaf > CPUID_HYPERVISOR_MAX && leaf < CPUID_EXTENDED) ||
	    (leaf > CPUID_BASIC_MAX && leaf < CPUID_HYPERVISOR))
		CHECK((regs.eax | regs.ebx | regs.ecx | regs.edx) == 0);
}

static void ask_cpuid(const u8 *data, size_t size)
{
	struct cpuid_view view = { .machine = machine };
	u32 leaf, subleaf;

	if (size < 32)
		return;
	input = data;
	input_size = size;
	view.vcpus = 1 + data[0] % 64;
	view.index = data[1] % view.vcpus;
	view.address_bits = 32 + data[2] % 21;
	view.apic_enabled = (data[3] & 1) != 0;
	view.tsc_deadline = (data[3] & 2) != 0;
	memcpy(&view.tsc_khz, data + 4, sizeof(view.tsc_khz));
	memcpy(&view.lapic_khz, data + 8, sizeof(view.lapic_khz));
	memcpy(&view.cr4, data + 12, sizeof(view.cr4));
	memcpy(&view.xcr0, data + 20, sizeof(view.xcr0));
	memcpy(&subleaf, data + 28, sizeof(subleaf));
	cpuid_begin(&view);
	for (leaf = 0; leaf < 0x28; leaf++) {
		check(&view, leaf, subleaf % 32);
		check(&view, 0x40000000 + leaf, subleaf);
		check(&view, 0x80000000 + leaf, subleaf);
	}
	check(&view, subleaf, subleaf);
}

/* --- Registers ---------------------------------------------------------------------------------
 */

struct step {
	u32 msr;
	u8 shift, write;
	u64 value;
} __attribute__((packed));

static u8 svm[MSR_SVM_BITMAP_BYTES], vmx[MSR_VMX_BITMAP_BYTES];

static u32 svm_bits(u32 msr)
{
	static const u32 bases[] = { 0, 0xc0000000, 0xc0010000 };

	for (u32 i = 0; i < 3; i++)
		if (msr - bases[i] < 0x2000) {
			u32 bit = 2 * (msr - bases[i]);

			return svm[i * 2048 + bit / 8] >> bit % 8 & 3;
		}
	return 3;
}

static u32 vmx_bits(u32 msr)
{
	u32 bit = msr & 0x1fff, high = msr >= 0xc0000000 ? 1024 : 0;

	if (msr - 0xc0000000 >= 0x2000 && msr >= 0x2000)
		return 3;
	return (vmx[high + bit / 8] >> bit % 8 & 1) | (vmx[high + 2048 + bit / 8] >> bit % 8 & 1)
							      << 1;
}

static void check_maps(u32 msr)
{
	u32 expected = (msr_action(msr, false) != MSR_PASS ? 1u : 0u) |
		       (msr_action(msr, true) != MSR_PASS ? 2u : 0u);

	CHECK(svm_bits(msr) == expected);
	if (msr - 0xc0010000 >= 0x2000)
		CHECK(vmx_bits(msr) == expected);
}

static void access(struct msr_state *state, const struct step *step)
{
	enum msr_action read = msr_action(step->msr, false), write = msr_action(step->msr, true);
	u64 value = step->value << step->shift % 64, before = 0, after = 0;
	bool had = msr_read(state, step->msr, &before), wrote;

	check_maps(step->msr);
	CHECK(read <= MSR_TO_CPU && write <= MSR_TO_CPU);
	CHECK(had == (read == MSR_CONSTANT || read == MSR_STATE));
	if ((step->write & 1) == 0)
		return;
	wrote = msr_write(state, step->msr, value);
	CHECK(msr_read(state, step->msr, &after) == had);
	CHECK(!wrote || write == MSR_IGNORE || write == MSR_MATCH || write == MSR_STATE);
	if (wrote && write == MSR_STATE)
		CHECK(after == value && msr_write(state, step->msr, after));
	else
		CHECK(after == before);
}

/* An accepted value of a control register has none of the bits that are not offered. */
static void control(const u64 *v)
{
	struct cr_state state = { .cr0 = v[0], .cr3 = v[1], .cr4 = v[2], .efer = v[3] };

	CHECK(!cr4_is_valid(&state, v[4], v[5]) || (v[4] & ~v[5]) == 0);
	CHECK(!efer_is_valid(&state, v[4], v[5]) || (v[4] & ~v[5]) == 0);
	CHECK(!xcr0_is_valid(v[4], v[5]) || ((v[4] & ~v[5]) == 0 && (v[4] & 1) != 0));
	CHECK((cr4_offer((u32)v[0], (u32)v[1], (u32)v[2], (u32)v[3]) & CR4_VMXE) == 0);
	CHECK((efer_offer((u32)v[0]) & EFER_SVME) == 0);
}

static void access_msrs(const u8 *data, size_t size)
{
	struct msr_state state;
	u64 values[6];

	if (svm[0] == 0) {
		msr_bitmap_svm(svm);
		msr_bitmap_vmx(vmx);
	}
	msr_state_reset(&state, 40);
	if (size >= sizeof(values)) {
		memcpy(values, data, sizeof(values));
		control(values);
	}
	for (; size >= sizeof(struct step); size -= sizeof(struct step)) {
		struct step step;

		memcpy(&step, data, sizeof(step));
		access(&state, &step);
		/* Most numbers have no row: nearer to those that do. */
		step.msr = (step.msr & 0xc0011fff) & (step.msr >> 31 != 0 ? UINT32_MAX : 0x1fff);
		access(&state, &step);
		step.msr = MSR_MTRR_PHYS + step.msr % 0x100;
		access(&state, &step);
		data += sizeof(step);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		ask_cpuid(data + 1, size - 1);
	else
		access_msrs(data + 1, size - 1);
	return 0;
}
