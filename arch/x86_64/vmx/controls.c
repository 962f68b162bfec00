/* SPDX-License-Identifier: Apache-2.0 */
/* The controls of VMX: those that the core needs, as the CPU offers them (SDM vol. 3, appendix A),
 * and the host's state that an exit loads. */
#include "arch/x86_64/vmx/vmx.h"

#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/offers.h"
#include "arch/x86_64/tables.h"
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/mem.h>

#define MSR_VMX_MISC       0x485
#define MSR_VMX_CR0_FIXED0 0x486
#define MSR_VMX_CR0_FIXED1 0x487
#define MSR_VMX_CR4_FIXED0 0x488
#define MSR_VMX_CR4_FIXED1 0x489
#define MSR_VMX_SECONDARY  0x48b
#define MSR_VMX_EPT_VPID   0x48c
#define MSR_VMX_PIN        0x48d /* with the default settings that may be 0 */
#define MSR_VMX_PRIMARY    0x48e
#define MSR_VMX_EXIT       0x48f
#define MSR_VMX_ENTRY      0x490

/* Instructions that the guest has if the CPU has them; and those of SGX, which it never has. */
#define WANT_SECONDARY                                                                \
	(SECONDARY_RDTSCP | SECONDARY_INVPCID | SECONDARY_XSAVES | SECONDARY_WBINVD | \
	 SECONDARY_ENCLS | SECONDARY_ENCLV)

/* Of the preemption timer, in counts of the TSC: some 20 to 40 us. */
#define PREEMPTION_TICKS UINT64_C(65536)
#define MISC_RATE        MASK(4, 0)

struct vmx_controls vmx_controls;
struct entry_caps vmx_caps;
static u8 *msr_map; /* by msr.c's table */

/* A pair of capabilities: bits that must be 1, and bits that may be 1. */
static u64 vmx_adjust(u64 capability, u64 controls)
{
	return (controls | (u32)capability) & (capability >> 32);
}

static void read_caps(void)
{
	vmx_caps = (struct entry_caps){
		.pin = read_msr(MSR_VMX_PIN),
		.primary = read_msr(MSR_VMX_PRIMARY),
		.exit = read_msr(MSR_VMX_EXIT),
		.entry = read_msr(MSR_VMX_ENTRY),
		.cr0_fixed0 = read_msr(MSR_VMX_CR0_FIXED0),
		.cr0_fixed1 = read_msr(MSR_VMX_CR0_FIXED1),
		.cr4_fixed0 = read_msr(MSR_VMX_CR4_FIXED0),
		.cr4_fixed1 = read_msr(MSR_VMX_CR4_FIXED1),
		.misc = read_msr(MSR_VMX_MISC),
		.address_bits = cpuid_if(0x80000008, 0).a & 0xff,
	};
	if (offers_controls(vmx_caps.primary, PRIMARY_SECONDARY))
		vmx_caps.secondary = read_msr(MSR_VMX_SECONDARY);
	if (offers_controls(vmx_caps.secondary, SECONDARY_EPT))
		vmx_caps.ept_vpid = read_msr(MSR_VMX_EPT_VPID);
}

const char *vmx_controls_probe(void)
{
	u64 secondary = SECONDARY_EPT | SECONDARY_UNRESTRICTED | SECONDARY_VPID;
	const char *why;

	read_caps();
	why = offers_controls_missing(&vmx_caps);
	if (why != NULL)
		return why;
	secondary |= WANT_SECONDARY & vmx_caps.secondary >> 32;
	vmx_controls = (struct vmx_controls){
		.pin = vmx_adjust(vmx_caps.pin, NEED_PIN),
		.primary = vmx_adjust(vmx_caps.primary, NEED_PRIMARY),
		.secondary = vmx_adjust(vmx_caps.secondary, secondary),
		.exit = vmx_adjust(vmx_caps.exit, NEED_EXIT),
		.entry = vmx_adjust(vmx_caps.entry, NEED_ENTRY),
		.preempts = offers_controls(vmx_caps.pin, PIN_PREEMPTION),
	};
	msr_map = page_alloc(1); /* MSR_VMX_BITMAP_BYTES */
	if (msr_map == NULL)
		return VIRT_NO_MEMORY;
	msr_bitmap_vmx(msr_map);
	return NULL;
}

void vmx_set_controls(struct vcpu *vcpu)
{
	const struct guest *guest = vcpu->guest;
	u64 ports = page_to_hpa(guest->arch.port_map).v;

	vmcs_set(ENTRY_PIN, vmx_controls.pin);
	vmcs_set(ENTRY_PRIMARY, vmx_controls.primary);
	vmcs_set(ENTRY_SECONDARY, vmx_controls.secondary);
	vmcs_set(ENTRY_EXIT_CONTROLS, vmx_controls.exit);
	vmcs_set(ENTRY_IO_A, ports);
	vmcs_set(ENTRY_IO_B, ports + PAGE_SIZE);
	vmcs_set(ENTRY_MSR_BITMAP, page_to_hpa(msr_map).v);
	vmcs_set(ENTRY_VPID, vcpu->index + 1);
	vmcs_set(ENTRY_EPTP, guest->space.root_pa.v | EPTP_WRITE_BACK | EPTP_LEVELS);
	vmcs_set(ENTRY_LINK, UINT64_MAX);
	vmcs_write(VMCS_XSS_EXITS, UINT64_MAX);
	if ((vmx_controls.secondary & SECONDARY_ENCLS) != 0)
		vmcs_write(VMCS_ENCLS_EXITS, UINT64_MAX);
	if ((vmx_controls.secondary & SECONDARY_ENCLV) != 0)
		vmcs_write(VMCS_ENCLV_EXITS, UINT64_MAX);
	vmcs_write(VMCS_EXCEPTIONS, EXCEPTION_EXITS);
	vmcs_write(VMCS_TSC_OFFSET, vcpu->arch.tsc_offset);
	vmcs_write(VMCS_CR0_MASK, VMX_CR0_MASK);
	vmcs_write(VMCS_CR4_MASK, vmx_of(vcpu)->cr4_mask);
	vmcs_write(VMCS_PREEMPTION, PREEMPTION_TICKS >> (vmx_caps.misc & MISC_RATE));
	vmx_of(vcpu)->pin = vmx_controls.pin;
	vmx_of(vcpu)->limited_for = RFLAGS_IF;
	vmx_of(vcpu)->primary = vmx_controls.primary;
}

/* The data segments are empty, as a component has them; the stack's selector is the core's. */
void vmx_set_host(void)
{
	const struct cpu_tables *tables = this_cpu()->arch.tables;
	struct {
		u16 limit;
		u64 base;
	} __packed idtr;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	vmcs_set(ENTRY_HOST_CR0, read_cr0());
	vmcs_set(ENTRY_HOST_CR3, mmu_cr3());
	vmcs_set(ENTRY_HOST_CR4, read_cr4());
	vmcs_set(ENTRY_HOST_PAT, read_msr(MSR_PAT));
	vmcs_set(ENTRY_HOST_EFER, read_msr(MSR_EFER));
	vmcs_set(ENTRY_HOST_CS, SELECTOR_CODE);
	vmcs_set(ENTRY_HOST_SS, SELECTOR_DATA);
	vmcs_set(ENTRY_HOST_TR, SELECTOR_TSS);
	vmcs_set(ENTRY_HOST_TR_BASE, (u64)&tables->tss);
	vmcs_set(ENTRY_HOST_GDT_BASE, (u64)tables->gdt);
	vmcs_set(ENTRY_HOST_IDT_BASE, idtr.base);
	vmcs_set(ENTRY_HOST_RIP, (u64)vmx_exited);
}
