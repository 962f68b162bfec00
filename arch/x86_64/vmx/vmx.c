/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMX: its requirements of the machine, its enabling on a CPU, and the entry to a guest. The
 * registers that the control structure does not switch are here as well. A vCPU is loaded after a
 * flush of the CPU's guest translations, so none of an earlier run is used.
 */
#include "arch/x86_64/vmx/vmx.h"

#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/offers.h"
#include "arch/x86_64/tables.h"
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/mem.h>

#define LEAF_FEATURES 1u

#define INTEL_EBX 0x756e6547u /* "GenuineIntel" */

#define MSR_VMX_BASIC  0x480
#define BASIC_REVISION MASK(30, 0)
#define INVEPT_ALL     UINT64_C(2)

/* Types of a segment: code, or data that expands down (SDM vol. 3, table 3-1). */
#define TYPE_CODE_DOWN  0xcu
#define TYPE_DOWN       4u
#define TYPE_CODE_WRITE 0xau
#define TYPE_WRITE      2u

struct vmx_cpu {
	u32 *region; /* VMXON's page, of unknown form */
	u64 flushes; /* mmu_guest_flushes at the last flush */
	bool on;
};

static struct vmx_cpu vmx_cpus[CONFIG_MAX_CPUS];

static const u32 msrs[VMX_MSRS] = {
	[VMX_STAR] = MSR_STAR,     [VMX_LSTAR] = MSR_STAR + 1,           [VMX_CSTAR] = MSR_STAR + 2,
	[VMX_SFMASK] = MSR_SFMASK, [VMX_KERNEL_GS] = MSR_KERNEL_GS_BASE,
};

/* --- The machine --- */

static bool vmx_suits(void)
{
	return (cpuid(LEAF_FEATURES, 0).c & F1_VMX) != 0 || cpuid(0, 0).b == INTEL_EBX;
}

static const char *vmx_probe(void)
{
	struct offers_vmx cpu = { .features = cpuid(LEAF_FEATURES, 0).c };
	const char *why;

	if ((cpu.features & F1_VMX) != 0) {
		cpu.control = read_msr(MSR_FEATURE_CTL);
		cpu.basic = read_msr(MSR_VMX_BASIC);
	}
	why = offers_vmx_missing(&cpu);
	if (why != NULL)
		return why;
	for (u32 id = 0; id < cpu_count; id++) {
		vmx_cpus[id].region = page_alloc(1);
		if (vmx_cpus[id].region == NULL)
			return VIRT_NO_MEMORY;
	}
	return vmx_controls_probe();
}

static u32 vmx_revision(void)
{
	return (u32)(read_msr(MSR_VMX_BASIC) & BASIC_REVISION);
}

/* SDM vol. 3, 24.7 and 24.8. */
void vmx_turn_on(void)
{
	struct vmx_cpu *cpu = &vmx_cpus[this_cpu()->id];
	u64 control = read_msr(MSR_FEATURE_CTL), pa = page_to_hpa(cpu->region).v;
	bool failed;

	if (cpu->on)
		return;
	if ((control & CONTROL_LOCKED) == 0)
		write_msr(MSR_FEATURE_CTL, control | CONTROL_LOCKED | CONTROL_VMX);
	write_cr0(read_cr0() | vmx_caps.cr0_fixed0);
	write_cr4(read_cr4() | vmx_caps.cr4_fixed0 | CR4_VMXE | CR4_OSFXSR);
	cpu->region[0] = vmx_revision();
	__asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(pa) : "memory");
	if (failed)
		panic("CPU %u: VMXON fails", this_cpu()->id);
	cpu->on = true;
}

/* Translations of all guests: SDM vol. 3, 29.4.3. */
static void vmx_flush(struct vmx_cpu *cpu)
{
	const struct {
		u64 eptp, zero;
	} descriptor = { 0, 0 };

	cpu->flushes = atomic_load(&mmu_guest_flushes);
	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(INVEPT_ALL) : "cc", "memory");
}

/* --- Loading --- */

static void vmx_load(struct vcpu *vcpu)
{
	const struct vmx_vcpu *vmx = vmx_of(vcpu);
	const u64 *dr = vcpu->arch.dr;

	vmx_turn_on();
	vmx_make_current(vcpu);
	vmx_set_host();
	vmx_flush(&vmx_cpus[this_cpu()->id]);
	__asm__ volatile("mov %0, %%dr0\n\t"
			 "mov %1, %%dr1\n\t"
			 "mov %2, %%dr2\n\t"
			 "mov %3, %%dr3\n\t"
			 "mov %4, %%dr6"
			 :
			 : "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]), "r"(vmx->dr6));
	for (u32 i = 0; i < VMX_MSRS; i++)
		write_msr(msrs[i], vmx->msrs[i]);
	fpu_load(vcpu->arch.fpu, vcpu->guest->arch.xcr0_offer, vcpu->arch.xcr0);
}

static void vmx_save(struct vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);
	u64 *dr = vcpu->arch.dr;

	__asm__ volatile("mov %%dr0, %0\n\t"
			 "mov %%dr1, %1\n\t"
			 "mov %%dr2, %2\n\t"
			 "mov %%dr3, %3\n\t"
			 "mov %%dr6, %4"
			 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]), "=r"(vmx->dr6));
	for (u32 i = 0; i < VMX_MSRS; i++)
		vmx->msrs[i] = read_msr(msrs[i]);
	fpu_save(vcpu->arch.fpu, vcpu->guest->arch.xcr0_offer);
	vmx_keep(vcpu);
	vmx_write_back(vcpu);
	vmx_clear(vcpu);
}

static enum err vmx_create(struct vcpu *vcpu)
{
	vcpu->arch.vmcs = page_alloc(1);
	vcpu->arch.vmx = page_alloc(1);
	if (vcpu->arch.vmcs == NULL || vcpu->arch.vmx == NULL)
		return ERR_NO_MEMORY;
	*(u32 *)vcpu->arch.vmcs = vmx_revision();
	vmx_of(vcpu)->enter = vmx_enter;
	return OK;
}

static void vmx_destroy(struct vcpu *vcpu)
{
	page_free(vcpu->arch.vmcs, 1);
	page_free(vcpu->arch.vmx, 1);
	vcpu->arch.vmcs = NULL;
	vcpu->arch.vmx = NULL;
}

/* --- Into the guest --- */

/* A CPU that changes a guest's tables kicks this one, and waits until it has left the guest. So the
 * count of changes is read after the guest is announced. */
bool vmx_cross(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	struct vmx_vcpu *vmx = arch->vmx;
	struct arch_cpu *cpu = &this_cpu()->arch;
	struct vmx_cpu *own = &vmx_cpus[this_cpu()->id];
	bool entered;

	vmx_write_back(vcpu);
	if (arch->moved) {
		arch->moved = false;
		vmcs_write(VMCS_GUEST_RIP, arch->rip);
	}
	if (vmx->rsp != arch->r[VCPU_RSP])
		vmcs_write(VMCS_GUEST_RSP, arch->r[VCPU_RSP]);
	atomic_store(&cpu->user_entered,
		     vcpu->guest->space.root_pa.v | (++cpu->user_entries % PAGE_SIZE));
	if (own->flushes != atomic_load(&mmu_guest_flushes))
		vmx_flush(own);
	__asm__ volatile("mov %0, %%cr2" : : "r"(vmx->cr2));
	entered = vmx->enter(arch->r, vmx->launched);
	vmx->cr2 = read_cr2();
	atomic_store(&cpu->user_entered, 0);
	if (!entered)
		return false;
	cpu->tables->stale = true; /* SDM vol. 3, 28.5.2 and 28.5.3 */
	vmx->launched = true;
	vmx->copy[VMX_BLOCKING] = vmcs_read(VMCS_BLOCKING);
	vmx->known = (u32)BIT(VMX_BLOCKING);
	vmx->rsp = vmcs_read(VMCS_GUEST_RSP);
	arch->r[VCPU_RSP] = vmx->rsp;
	arch->rip = vmcs_read(VMCS_GUEST_RIP);
	arch->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	return true;
}

/* --- Fields --- */

static bool vmx_is_loaded(const struct vcpu *vcpu)
{
	return this_cpu()->current == vcpu;
}

static u64 read_dr6(const struct vcpu *vcpu)
{
	u64 value;

	if (!vmx_is_loaded(vcpu))
		return vmx_of(vcpu)->dr6;
	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	return value;
}

static void write_dr6(struct vcpu *vcpu, u64 value)
{
	vmx_of(vcpu)->dr6 = value;
	if (vmx_is_loaded(vcpu))
		__asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static u64 vmx_read_field(const struct vcpu *vcpu, enum virt_field field)
{
	const struct vmx_vcpu *vmx = vmx_of(vcpu);

	switch (field) {
	case VIRT_CR0:
		return (vmx_get(vcpu, VMX_CR0) & ~VMX_CR0_MASK) | (vmx->cr0_shadow & VMX_CR0_MASK);
	case VIRT_CR2: return vmx->cr2;
	case VIRT_CR3: return vmx_get(vcpu, VMX_CR3);
	case VIRT_CR4: return vmx_get(vcpu, VMX_CR4) & ~vmx->cr4_mask;
	case VIRT_DR6: return read_dr6(vcpu);
	case VIRT_PAT: return vmx_get(vcpu, VMX_PAT);
	case VIRT_EFER: return vmx_get(vcpu, VMX_EFER);
	case VIRT_TSC_OFFSET: return vcpu->arch.tsc_offset;
	case VIRT_CODE64:
		return (vmx_get(vcpu, VMX_EFER) & EFER_LMA) != 0 &&
		       (vmx_get(vcpu, VMX_CS_RIGHTS) & RIGHTS_LONG) != 0;
	case VIRT_CPL: return RIGHTS_DPL(vmx_get(vcpu, VMX_SS_RIGHTS));
	default: return 0;
	}
}

/* EFER.LMA, and the entry control, follow CR0.PG. */
static void write_cr0_of(struct vcpu *vcpu, u64 value)
{
	u64 efer = cr0_efer(vmx_get(vcpu, VMX_EFER), value);
	u64 entry = vmx_get(vcpu, VMX_ENTRY) & ~ENTER_IA32E;

	vmx_of(vcpu)->cr0_shadow = value;
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmx_set(vcpu, VMX_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE | CR0_ET);
	vmx_set(vcpu, VMX_EFER, efer);
	vmx_set(vcpu, VMX_ENTRY, entry | ((efer & EFER_LMA) != 0 ? ENTER_IA32E : 0));
}

static void vmx_write_field(struct vcpu *vcpu, enum virt_field field, u64 value)
{
	switch (field) {
	case VIRT_RFLAGS: vmx_set(vcpu, VMX_RFLAGS, value); break;
	case VIRT_CR0: write_cr0_of(vcpu, value); break;
	case VIRT_CR2: vmx_of(vcpu)->cr2 = value; break;
	case VIRT_CR3: vmx_set(vcpu, VMX_CR3, value); break;
	case VIRT_CR4: vmx_set(vcpu, VMX_CR4, value | CR4_VMXE); break;
	case VIRT_DR6: write_dr6(vcpu, value); break;
	case VIRT_PAT: vmx_set(vcpu, VMX_PAT, value); break;
	case VIRT_EFER: vmx_set(vcpu, VMX_EFER, value); break;
	case VIRT_TSC_OFFSET: vmcs_write(VMCS_TSC_OFFSET, value); break;
	default: break;
	}
}

static u64 vmx_code(const struct vcpu *vcpu, struct guest_walk *walk, u8 *code_bytes)
{

	walk->cr0 = vmx_read_field(vcpu, VIRT_CR0);
	walk->cr3 = vmx_get(vcpu, VMX_CR3);
	walk->cr4 = vmx_read_field(vcpu, VIRT_CR4);
	walk->efer = vmx_get(vcpu, VMX_EFER);
	if (vmx_read_field(vcpu, VIRT_CODE64) != 0) {
		*code_bytes = 8;
		return vcpu->arch.rip;
	}
	*code_bytes = (vmx_get(vcpu, VMX_CS_RIGHTS) & RIGHTS_DEFAULT) != 0 ? 4 : 2;
	return (u32)(vcpu->arch.rip + vmx_get(vcpu, VMX_CS_BASE));
}

/* While the vCPU is loaded. */
static struct virt_segment vmx_segment(const struct vcpu *vcpu, u32 number)
{
	u64 rights = vmcs_read(entry_encoding(ENTRY_RIGHTS + number));

	(void)vcpu;
	return (struct virt_segment){
		.base = vmcs_read(entry_encoding(ENTRY_BASE + number)),
		.limit = (u32)vmcs_read(entry_encoding(ENTRY_LIMIT + number)),
		.writable = (RIGHTS_TYPE(rights) & TYPE_CODE_WRITE) == TYPE_WRITE,
		.expands_down = (RIGHTS_TYPE(rights) & TYPE_CODE_DOWN) == TYPE_DOWN,
		.large = (rights & RIGHTS_DEFAULT) != 0,
	};
}

bool vmx_load_pdptes(struct vcpu *vcpu, u64 cr3)
{
	u64 entries[4];

	if (guest_copy_in(vcpu->guest, entries, GPA(cr3 & MASK(31, 5)), sizeof(entries)) != OK)
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(entries); i++)
		vmcs_set(ENTRY_PDPTE + i, entries[i]);
	return true;
}

/* A shutdown is a double fault that finds no table. An NMI that waits is masked, as if it had been
 * delivered. Real mode has no error codes (SDM vol. 3, 27.2.1.3). */
static void vmx_raise(struct vcpu *vcpu, u32 vector, u64 error)
{
	if (EVENT_TYPE(vcpu->arch.event) == EVENT_NMI)
		vmx_set(vcpu, VMX_BLOCKING, vmx_get(vcpu, VMX_BLOCKING) | BLOCKED_NMI);
	if (vcpu_raise(vcpu, vector, error))
		vmcs_set(ENTRY_IDT_LIMIT, 0);
	if ((vmx_read_field(vcpu, VIRT_CR0) & CR0_PE) == 0)
		vcpu->arch.event &= (u32)~EVENT_HAS_ERROR;
}

static void vmx_dump(const struct vcpu *vcpu)
{
	const struct vmx_vcpu *vmx = vmx_of(vcpu);

	log_error("  exit %lu%s, qualification %lx, blocking %lx, event %lx", vmx->reason & 0xffff,
		  (vmx->reason & BIT(31)) != 0 ? " of the entry" : "", vmx->qualification,
		  vmx_get(vcpu, VMX_BLOCKING), vcpu->arch.event);
	log_error("  cs base %lx rights %05lx, ss rights %05lx", vmx_get(vcpu, VMX_CS_BASE),
		  vmx_get(vcpu, VMX_CS_RIGHTS), vmx_get(vcpu, VMX_SS_RIGHTS));
}

const struct virt virt_vmx = {
	.name = "VMX",
	.space_kind = SPACE_EPT,
	.suits = vmx_suits,
	.probe = vmx_probe,
	.create = vmx_create,
	.destroy = vmx_destroy,
	.reset = vmx_reset,
	.load = vmx_load,
	.save = vmx_save,
	.run = vmx_run,
	.read = vmx_read_field,
	.write = vmx_write_field,
	.code = vmx_code,
	.segment = vmx_segment,
	.raise = vmx_raise,
	.profile = vmx_profile,
	.dump = vmx_dump,
};
