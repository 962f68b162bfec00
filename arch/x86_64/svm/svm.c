/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SVM: its requirements of the machine, its enabling on a CPU, and the registers that the control
 * block does not switch. A vCPU gets a fresh ASID at each load, so no translation of an earlier run
 * is used.
 */
#include "arch/x86_64/svm/svm.h"

#include "arch/x86_64/pure/asid.h"
#include "arch/x86_64/pure/offers.h"
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/mem.h>

#define LEAF_FEATURES 1u
#define LEAF_EXTENDED 0x80000001u
#define LEAF_SVM      0x8000000au

struct svm_cpu {
	u64 host_pa; /* of a control block with this CPU's TR and bases; VMRUN's page behind it */
	u32 next_asid;
	bool on;
};

static struct svm_cpu svm_cpus[CONFIG_MAX_CPUS];
static u32 num_asids;
static u8 *msr_map; /* by msr.c's table */

u64 svm_msr_map(void)
{
	return page_to_hpa(msr_map).v;
}

static bool svm_suits(void)
{
	return (cpuid_if(LEAF_EXTENDED, 0).c & E1_SVM) != 0;
}

static const char *svm_probe(void)
{
	struct offers_svm cpu = {
		.features = cpuid(LEAF_FEATURES, 0).c,
		.extended_ecx = cpuid_if(LEAF_EXTENDED, 0).c,
		.extended_edx = cpuid_if(LEAF_EXTENDED, 0).d,
		.svm_edx = cpuid_if(LEAF_SVM, 0).d,
	};
	const char *why;

	if ((cpu.extended_ecx & E1_SVM) != 0)
		cpu.vm_cr = read_msr(MSR_VM_CR);
	why = offers_svm_missing(&cpu);
	if (why != NULL)
		return why;
	num_asids = cpuid(LEAF_SVM, 0).b;
	msr_map = page_alloc(MSR_SVM_BITMAP_BYTES / PAGE_SIZE);
	if (msr_map == NULL)
		return VIRT_NO_MEMORY;
	msr_bitmap_svm(msr_map);
	for (u32 id = 0; id < cpu_count; id++) {
		void *pages = page_alloc(2);

		if (pages == NULL)
			return VIRT_NO_MEMORY;
		svm_cpus[id].host_pa = page_to_hpa(pages).v;
	}
	return NULL;
}

/* APM vol. 2, 15.4 and 15.30.4. */
static void turn_on(struct svm_cpu *cpu)
{
	write_cr4(read_cr4() | CR4_OSFXSR);
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SVME);
	write_msr(MSR_VM_HSAVE_PA, cpu->host_pa + PAGE_SIZE);
	__asm__ volatile("vmsave %0" : : "a"(cpu->host_pa) : "memory");
	cpu->next_asid = 1;
	cpu->on = true;
}

static void assign_asid(struct svm_cpu *cpu, struct vmcb *vmcb)
{
	bool flush;

	vmcb->asid = asid_next(&cpu->next_asid, num_asids, &flush);
	vmcb->tlb_control = flush ? TLB_FLUSH_ALL : 0;
}

static void write_debug(const u64 *dr)
{
	__asm__ volatile("mov %0, %%dr0\n\t"
			 "mov %1, %%dr1\n\t"
			 "mov %2, %%dr2\n\t"
			 "mov %3, %%dr3"
			 :
			 : "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]));
}

static void svm_load(struct vcpu *vcpu)
{
	struct svm_cpu *cpu = &svm_cpus[this_cpu()->id];

	if (!cpu->on)
		turn_on(cpu);
	assign_asid(cpu, vcpu->arch.vmcb);
	vcpu->arch.host_pa = cpu->host_pa;
	write_debug(vcpu->arch.dr);
	fpu_load(vcpu->arch.fpu, vcpu->guest->arch.xcr0_offer, vcpu->arch.xcr0);
}

static void svm_save(struct vcpu *vcpu)
{
	u64 *dr = vcpu->arch.dr;

	__asm__ volatile("mov %%dr0, %0\n\t"
			 "mov %%dr1, %1\n\t"
			 "mov %%dr2, %2\n\t"
			 "mov %%dr3, %3"
			 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
	fpu_save(vcpu->arch.fpu, vcpu->guest->arch.xcr0_offer);
}

static enum err svm_create(struct vcpu *vcpu)
{
	vcpu->arch.vmcb = page_alloc(1);
	if (vcpu->arch.vmcb == NULL)
		return ERR_NO_MEMORY;
	vcpu->arch.vmcb_pa = page_to_hpa(vcpu->arch.vmcb).v;
	vcpu->arch.enter = svm_enter;
	return OK;
}

static void svm_destroy(struct vcpu *vcpu)
{
	page_free(vcpu->arch.vmcb, 1);
	vcpu->arch.vmcb = NULL;
}

static u64 svm_read(const struct vcpu *vcpu, enum virt_field field)
{
	const struct vmcb *vmcb = vcpu->arch.vmcb;

	switch (field) {
	case VIRT_CR0: return vmcb->cr0;
	case VIRT_CR2: return vmcb->cr2;
	case VIRT_CR3: return vmcb->cr3;
	case VIRT_CR4: return vmcb->cr4;
	case VIRT_DR6: return vmcb->dr6;
	case VIRT_PAT: return vmcb->pat;
	case VIRT_EFER: return vmcb->efer & ~EFER_SVME;
	case VIRT_TSC_OFFSET: return vmcb->tsc_offset;
	case VIRT_CODE64: return (vmcb->cs.attributes & SEGMENT_LONG) != 0;
	case VIRT_CPL: return vmcb->cpl;
	default: return 0;
	}
}

static void svm_write(struct vcpu *vcpu, enum virt_field field, u64 value)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;

	switch (field) {
	case VIRT_RFLAGS: vmcb->rflags = value; break;
	case VIRT_CR0: vmcb->cr0 = value; break;
	case VIRT_CR2: vmcb->cr2 = value; break;
	case VIRT_CR3: vmcb->cr3 = value; break;
	case VIRT_CR4: vmcb->cr4 = value; break;
	case VIRT_DR6: vmcb->dr6 = value; break;
	case VIRT_PAT: vmcb->pat = value; break;
	case VIRT_EFER: vmcb->efer = value | EFER_SVME; break;
	case VIRT_TSC_OFFSET: vmcb->tsc_offset = value; break;
	default: break;
	}
}

static u64 svm_code(const struct vcpu *vcpu, struct guest_walk *walk, u8 *code_bytes)
{
	const struct vmcb *vmcb = vcpu->arch.vmcb;

	walk->cr0 = vmcb->cr0;
	walk->cr3 = vmcb->cr3;
	walk->cr4 = vmcb->cr4;
	walk->efer = vmcb->efer & ~EFER_SVME;
	if ((vmcb->cs.attributes & SEGMENT_LONG) != 0) {
		*code_bytes = 8;
		return vcpu->arch.rip;
	}
	*code_bytes = (vmcb->cs.attributes & SEGMENT_DEFAULT) != 0 ? 4 : 2;
	return (u32)(vcpu->arch.rip + vmcb->cs.base);
}

static struct virt_segment svm_segment(const struct vcpu *vcpu, u32 number)
{
	const struct vmcb *vmcb = vcpu->arch.vmcb;
	const struct vmcb_segment *s[] = { &vmcb->es, &vmcb->cs, &vmcb->ss,
					   &vmcb->ds, &vmcb->fs, &vmcb->gs };
	u32 attributes = s[number]->attributes;

	return (struct virt_segment){ .base = s[number]->base,
				      .limit = s[number]->limit,
				      .writable = (attributes & SEGMENT_WRITE) == SEGMENT_WRITABLE,
				      .expands_down = (attributes & SEGMENT_TYPE) == SEGMENT_DOWN,
				      .large = (attributes & SEGMENT_DEFAULT) != 0 };
}

/* A shutdown is a double fault that finds no table: the CPU has an exit for it. */
static void raise_exception(struct vcpu *vcpu, u32 vector, u64 error)
{
	if (vcpu_raise(vcpu, vector, error))
		vcpu->arch.vmcb->idtr.limit = 0;
}

static void svm_dump(const struct vcpu *vcpu)
{
	const struct vmcb *vmcb = vcpu->arch.vmcb;

	log_error("  exit %lx, info %lx %lx, interrupted event %lx", vmcb->exit_code,
		  vmcb->exit_info1, vmcb->exit_info2, vmcb->exit_int_info);
	log_error("  cs %04x base %lx attributes %03x, ss %04x, tr %04x, cpl %u", vmcb->cs.selector,
		  vmcb->cs.base, vmcb->cs.attributes, vmcb->ss.selector, vmcb->tr.selector,
		  vmcb->cpl);
	log_error("  gdt %lx+%x idt %lx+%x event %lx vintr %lx", vmcb->gdtr.base, vmcb->gdtr.limit,
		  vmcb->idtr.base, vmcb->idtr.limit, vmcb->event, vmcb->vintr);
}

const struct virt svm = {
	.name = "SVM",
	.space_kind = SPACE_NPT,
	.suits = svm_suits,
	.probe = svm_probe,
	.create = svm_create,
	.destroy = svm_destroy,
	.reset = svm_reset,
	.load = svm_load,
	.save = svm_save,
	.run = svm_run,
	.read = svm_read,
	.write = svm_write,
	.code = svm_code,
	.segment = svm_segment,
	.raise = raise_exception,
	.profile = svm_profile,
	.dump = svm_dump,
};
